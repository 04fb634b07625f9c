import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ChatState } from "../chat/state";
import type { Key } from "../i18n/en";
import { useSurroundings } from "./context";

interface Line {
  kind: "problem" | "connecting" | "queued" | "resolved";
  text: Key;
  retry?: boolean;
}

/** One quiet line under the header: what stands between the customer and an answer, if anything does. */
export function StatusLine({ state }: { state: ChatState }): JSX.Element {
  const { chat, language } = useSurroundings();
  const online = useOnline();
  const line = lineOf(state, online);
  return (
    <div class="status" role="status" data-testid="status-line" data-kind={line?.kind ?? "none"}>
      {line && (
        <p>
          <span class="dot" aria-hidden="true" />
          <span>{language.t(line.text)}</span>
          {line.retry && (
            <button type="button" class="text" onClick={() => chat.tryAgain()}>
              {language.t("retry")}
            </button>
          )}
        </p>
      )}
    </div>
  );
}

function lineOf(state: ChatState, online: boolean): Line | null {
  if (state.obstacle) return { kind: "problem", text: state.obstacle };
  if (!online) return { kind: "problem", text: "offline" };
  if (state.link === "waiting") return { kind: "connecting", text: state.loaded ? "reconnecting" : "unreachable", retry: true };
  if (state.link === "connecting") return { kind: "connecting", text: state.loaded ? "reconnecting" : "connecting" };
  switch (state.conversation.status) {
    case "queued":
      return { kind: "queued", text: "queued" };
    case "staff":
      return null;
    case "resolved":
      return { kind: "resolved", text: "resolved" };
    case "bot":
      return null;
  }
}

function useOnline(): boolean {
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const listen = (): void => setOnline(navigator.onLine);
    addEventListener("online", listen);
    addEventListener("offline", listen);
    return () => {
      removeEventListener("online", listen);
      removeEventListener("offline", listen);
    };
  }, []);
  return online;
}
