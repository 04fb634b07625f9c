import type { JSX } from "preact";
import type { ChatState } from "../chat/state";
import { useSurroundings } from "./context";
import { CloudOffIcon, ForwardIcon } from "./icons";

/** What an empty conversation shows: a greeting and a way to begin; or, when nobody answers, that writing still works. */
export function Welcome({ state }: { state: ChatState }): JSX.Element {
  const { chat, settings, language } = useSurroundings();
  const { t } = language;
  return (
    <div class="welcome">
      <h3 class="greeting">{settings.greeting ?? t("greeting")}</h3>
      <p class="intro">{t("intro")}</p>
      {state.link === "waiting" && !state.loaded && (
        <div class="card unreachable" data-testid="unreachable">
          <CloudOffIcon />
          <p>{t("unreachableHint")}</p>
        </div>
      )}
      {settings.suggestions.length > 0 && (
        <div class="suggestions">
          <p class="label" id="suggestions">
            {t("suggestions")}
          </p>
          <ul aria-labelledby="suggestions">
            {settings.suggestions.map((question) => (
              <li key={question}>
                <button type="button" data-testid="suggestion" onClick={() => chat.send(question)}>
                  <span>{question}</span>
                  <ForwardIcon />
                </button>
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

/** The past is on its way. */
export function Skeleton(): JSX.Element {
  return (
    <div class="skeleton" aria-hidden="true">
      <i />
      <i />
      <i />
    </div>
  );
}
