import { words } from "../markdown/node";
import { parseMarkdown } from "../markdown/parse";
import { speaker } from "./Message";
import type { Ui } from "./ui";

/** Tells of new messages: a screen reader, by sound, and in the title of the tab. Answers how to stop. */
export function notify(ui: Ui): () => void {
  let mark = "";
  const markTitle = (unread: number): void => {
    const title = document.title.startsWith(mark) ? document.title.slice(mark.length) : document.title;
    mark = unread ? `(${unread}) ` : "";
    document.title = mark + title;
  };
  const stops = [
    ui.chat.events.on("unread", markTitle),
    // A screen reader hears whole messages, once, when they are final; never the stream.
    ui.chat.events.on("message", ({ author, name, content }) => {
      const text = words(parseMarkdown(content));
      ui.set({
        announcement: { key: ui.local.announcement.key + 1, text: author === "system" ? text : `${speaker(ui, author, name)}: ${text}` },
      });
      if (author !== "customer" && !(ui.state.open && document.visibilityState === "visible")) ui.sound.play();
    }),
  ];
  return () => {
    for (const stop of stops) stop();
    markTitle(0);
  };
}
