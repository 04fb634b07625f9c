import { h, type JSX } from "preact";
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
          {ui.local.online && ui.state.link === "waiting" && (
            <button type="button" class="text" onClick={() => ui.chat.tryAgain()}>
              {ui.t._retry}
            </button>
          )}
        </p>
      )}
    </div>
  );
}

function lineOf({ state, local, t }: Ui): [kind: string, text?: string] {
  const { obstacle, link, loaded, conversation } = state;
  if (obstacle) return ["problem", obstacle === "identity" ? t._identity : t._forbidden];
  if (!local.online) return ["problem", t._offline];
  if (link === "waiting") return ["connecting", loaded ? t._reconnecting : t._unreachable];
  if (link === "connecting") return ["connecting", loaded ? t._reconnecting : t._connecting];
  if (conversation.status === "queued") return ["queued", state.config?.features.staff ? t._queued : t._queuedAlone];
  return conversation.status === "resolved" ? ["resolved", t._resolved] : ["none"];
}
