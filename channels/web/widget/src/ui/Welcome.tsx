import { h, type JSX } from "preact";
import { barred } from "../chat/state";
import { suggestions } from "./Suggestions";
import type { Ui } from "./ui";

/** What an empty conversation shows: a greeting and a way to begin; or that there is none; or, when nobody answers, that writing still works. */
export const welcome = (ui: Ui): JSX.Element => {
  const { settings, state, t } = ui;
  return (
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
          {suggestions(ui, settings.suggestions, "suggestion")}
        </div>
      )}
    </div>
  );
};

/** The past is on its way. */
export const skeleton = (): JSX.Element => (
  <div class="skeleton" aria-hidden="true">
    <p class="bubble" />
    <p class="bubble" />
  </div>
);
