import { h, type JSX } from "preact";
import { barred } from "../chat/state";
import { forwardIcon } from "./icons";
import type { Ui } from "./ui";

/** What an empty conversation shows: a greeting and a way to begin; or that there is none; or, when nobody answers, that writing still works. */
export const welcome = ({ chat, settings, state, t }: Ui): JSX.Element => (
  <div class="welcome">
    <h3 class="greeting">{barred(state) ? t._forbidden : (settings.greeting ?? t._greeting)}</h3>
    {!barred(state) && <p class="intro">{t._intro}</p>}
    {state.link === "waiting" && (
      <p class="card" data-testid="unreachable">
        {t._unreachableHint}
      </p>
    )}
    {settings.suggestions.length > 0 && !barred(state) && (
      <div class="suggestions">
        <p class="label">{t._suggestions}</p>
        <ul>
          {settings.suggestions.map((question) => (
            <li>
              <button type="button" data-testid="suggestion" onClick={() => chat.send(question)}>
                <span dir="auto">{question}</span>
                {forwardIcon()}
              </button>
            </li>
          ))}
        </ul>
      </div>
    )}
  </div>
);

/** The past is on its way. */
export const skeleton = (): JSX.Element => (
  <div class="skeleton" aria-hidden="true">
    <p class="bubble" />
    <p class="bubble" />
  </div>
);
