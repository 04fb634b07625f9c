import { h, type JSX } from "preact";
import type { Texts } from "../i18n/en";
import { textOf, type Turn } from "../protocol/conversation";
import type { Author } from "../protocol/frames";
import { checkIcon, searchIcon } from "./icons";
import { markdown } from "./Markdown";
import { row } from "./Message";
import { sourceList } from "./Sources";
import type { Ui } from "./ui";

/** An answer that is being written: what is being done for it, then its sentences as they come. */
export function turn(ui: Ui, { id, deltas, sources, tool }: Turn, first: boolean): JSX.Element | false {
  const text = textOf(deltas);
  if (!text && !tool) return false;
  return row(
    ui,
    { key: id, author: "agent", first, state: "streaming" },
    tool && (
      <p class={`activity ${tool.state}`} data-testid="activity">
        {tool.state === "finished" ? checkIcon() : searchIcon()}
        <span>{activity(ui.t, tool.name, tool.state)}</span>
      </p>
    ),
    text && (
      <div class="bubble streaming" dir="auto" aria-busy="true">
        {markdown(ui, text, sources)}
      </div>
    ),
    text && sourceList(ui, sources),
  );
}

function activity(t: Texts, name: string, state: string): string {
  if (state === "failed") return t._rerouting;
  if (name === "search_knowledge") return state === "finished" ? t._searched : t._searching;
  return name === "escalate_to_human" ? t._escalating : t._working;
}

export const typing = ({ t }: Ui, author: Author): JSX.Element => (
  <div key="typing" class="row" data-testid="typing">
    <span class="gutter" />
    <div class="bubble typing" role="img" aria-label={author === "staff" ? t._typingStaff : t._typingAgent}>
      <i />
      <i />
      <i />
    </div>
  </div>
);
