import type { JSX, Ref } from "preact";
import type { ChatState } from "../chat/state";
import { plainText } from "../markdown/plain";
import { useSurroundings } from "./context";
import { ChatIcon, DownIcon } from "./icons";

interface Props {
  state: ChatState;
  button: Ref<HTMLButtonElement>;
  toggle(): void;
}

export function Launcher({ state, button, toggle }: Props): JSX.Element {
  const { t } = useSurroundings().language;
  const { open, unread } = state;
  const label = t(open ? "close" : "open");
  return (
    <>
      {!open && unread > 0 && <Teaser state={state} open={toggle} />}
      <button
        type="button"
        ref={button}
        class={`launcher${open ? " open" : ""}`}
        data-testid="launcher"
        aria-label={unread && !open ? `${label}. ${t("unread", { n: unread })}` : label}
        aria-expanded={open}
        onClick={toggle}
      >
        <span class="face">{<ChatIcon />}</span>
        <span class="face">{<DownIcon />}</span>
        {!open && unread > 0 && (
          <span class="badge" data-testid="badge" aria-hidden="true">
            {unread > 9 ? "9+" : unread}
          </span>
        )}
      </button>
    </>
  );
}

/** The newest unread message, said beside the closed launcher. */
function Teaser({ state, open }: { state: ChatState; open: () => void }): JSX.Element | null {
  const newest = state.conversation.messages.findLast((m) => m.author !== "customer");
  const text = newest ? plainText(newest.content) : "";
  return text ? (
    <button type="button" class="teaser" data-testid="teaser" dir="auto" tabIndex={-1} aria-hidden="true" onClick={open}>
      {text.slice(0, 160)}
    </button>
  ) : null;
}
