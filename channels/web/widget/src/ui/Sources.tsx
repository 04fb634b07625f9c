import type { JSX } from "preact";
import type { Source } from "../protocol/frames";
import { useSurroundings } from "./context";

/** The sources under an answer, numbered as in its text. */
export function Sources({ sources }: { sources: readonly Source[] }): JSX.Element {
  const { language, showSource } = useSurroundings();
  return (
    <ul class="sources" aria-label={language.t("sources")}>
      {sources.map((source, i) => (
        <li key={source.id}>
          <button type="button" class="source" data-testid="source" title={source.title} onClick={() => showSource(sources, i)}>
            <span class="number" aria-hidden="true">
              {i + 1}
            </span>
            <span class="sr">{language.t("source", { n: i + 1 })}: </span>
            <span class="source-title">{source.title}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
