import { listen } from "../listen";
import type { Ui } from "./ui";

/** Where the panel fills the screen. Kept equal to the media query in panel.css. */
const PHONE = "(max-width: 520px), (max-height: 420px) and (max-width: 960px)";

/** Follows the size of the screen, the part of it that a virtual keyboard leaves, and whether there is a network. */
export function followScreen(ui: Ui, root: HTMLElement): () => void {
  const query = matchMedia(PHONE);
  const page = document.documentElement.style;
  const before = page.overflow;
  const view = window.visualViewport;
  const look = (): void => {
    root.style.setProperty("--view-height", `${view?.height ?? innerHeight}px`);
    root.style.setProperty("--view-top", `${view?.offsetTop ?? 0}px`);
    // The page behind a full-screen panel holds still.
    page.overflow = ui.state.open && query.matches ? "hidden" : before;
    if (ui.local.phone !== query.matches || ui.local.online !== navigator.onLine)
      ui.set({ phone: query.matches, online: navigator.onLine });
  };
  const stops = [
    listen(
      [
        [view, "resize"],
        [view, "scroll"],
        [query, "change"],
        [window, "online"],
        [window, "offline"],
      ],
      look,
    ),
    ui.chat.events.on("open", look),
    ui.chat.events.on("close", look),
  ];
  look();
  return () => {
    for (const stop of stops) stop();
    page.overflow = before;
  };
}
