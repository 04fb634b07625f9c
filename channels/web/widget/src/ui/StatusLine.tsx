import { h, type JSX } from "preact";
import { textButton } from "./Feedback";
import type { Ui } from "./ui";

/** One quiet line under the header: what stands between the customer and an answer, if anything does. */
export function statusLine(ui: Ui): JSX.Element {
  const [kind, text] = lineOf(ui);
  return (
    <div class="status" role="status" data-testid="status-line" data-kind={kind}>
      {text && (
        <p>
          <i />
          <span>{text}</span>
          {ui.local.online && ui.state.link === "waiting" && textButton("try-again", ui.t._retry, () => ui.chat.tryAgain())}
          {kind === "queued" && queuedActions(ui)}
        </p>
      )}
    </div>
  );
}

/** What the customer may do while a request for a person waits. */
function queuedActions({ chat, t, state }: Ui): JSX.Element {
  const { pending, unattended } = state.conversation;
  return (
    <div class="buttons">
      {!pending.some((p) => p.action === "withdraw") && textButton("withdraw", t._withdraw, () => chat.withdrawRequest())}
      {unattended && textButton("start-over", t._startOver, () => chat.startOver())}
    </div>
  );
}

function lineOf({ state, local, t }: Ui): [kind: string, text?: string] {
  const { obstacle, link, loaded, conversation } = state;
  if (obstacle) return ["problem", obstacle === "identity" ? t._identity : t._forbidden];
  if (!local.online) return ["problem", t._offline];
  if (link === "waiting") return ["connecting", loaded ? t._reconnecting : t._unreachable];
  if (link === "connecting") return ["connecting", loaded ? t._reconnecting : t._connecting];
  if (conversation.status === "queued") return ["queued", conversation.unattended ? t._queuedAlone : t._queued];
  return conversation.status === "resolved" ? ["resolved", t._resolved] : ["none"];
}
