import type { JSX } from "preact";
import { type Turn as Writing, textOf } from "../protocol/conversation";
import type { Key } from "../i18n/en";
import { useSurroundings } from "./context";
import { CheckIcon, SearchIcon } from "./icons";
import { Markdown } from "./Markdown";
import { Row } from "./Message";
import { Sources } from "./Sources";

/** An answer that is being written: what is being done for it, then its sentences as they come. */
export function Turn({ turn, first }: { turn: Writing; first: boolean }): JSX.Element | null {
  const { language, showSource } = useSurroundings();
  const text = textOf(turn);
  const cite = {
    count: turn.sources.length,
    label: (n: number) => language.t("source", { n }),
    open: (n: number) => showSource(turn.sources, n - 1),
  };
  if (!text && !turn.tool) return null;
  return (
    <Row author="agent" first={first} state="streaming">
      {turn.tool && <Activity name={turn.tool.name} state={turn.tool.state} />}
      {text && (
        <div class="bubble streaming" dir="auto" aria-busy="true">
          <Markdown text={text} cite={cite} />
        </div>
      )}
      {text && turn.sources.length > 0 && <Sources sources={turn.sources} />}
    </Row>
  );
}

function Activity({ name, state }: { name: string; state: string }): JSX.Element {
  const { t } = useSurroundings().language;
  return (
    <p class={`activity ${state}`} data-testid="activity">
      {state === "finished" ? <CheckIcon /> : <SearchIcon />}
      <span>{t(activityKey(name, state))}</span>
    </p>
  );
}

function activityKey(name: string, state: string): Key {
  if (state === "failed") return "rerouting";
  if (name === "search_knowledge") return state === "finished" ? "searched" : "searching";
  return name === "escalate_to_human" ? "escalating" : "working";
}

export function Typing({ author, first }: { author: "agent" | "staff"; first: boolean }): JSX.Element {
  const { t } = useSurroundings().language;
  return (
    <div class={`row ${author}${first ? " first" : ""} typing-row`} data-testid="typing">
      <span class="gutter" />
      <div class="bubble typing" role="img" aria-label={t(author === "staff" ? "typingStaff" : "typingAgent")}>
        <i />
        <i />
        <i />
      </div>
    </div>
  );
}
