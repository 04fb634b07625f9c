import { h, type JSX } from "preact";
import { fill } from "../i18n/language";
import { safeHref } from "../markdown/href";
import type { Source } from "../protocol/frames";
import { backIcon, linkIcon } from "./icons";
import { markdown } from "./Markdown";
import type { Ui } from "./ui";

/** The sources under an answer, numbered as in its text. */
export const sourceList = (ui: Ui, sources: readonly Source[]): JSX.Element | false =>
  sources.length > 0 && (
    <ul class="sources" aria-label={ui.t._sources}>
      {sources.map((source, index) => (
        <li key={source.id}>
          <button
            type="button"
            class="source"
            data-testid="source"
            title={source.title}
            onClick={() => ui.set({ shown: { sources, index } })}
          >
            <b>{index + 1}</b>
            <span dir="auto">{[...new Set([source.title, source.metadata?.section ?? source.title])].join(" › ")}</span>
          </button>
        </li>
      ))}
    </ul>
  );

/** The passage that an answer stands on: where it is from, its words, and the way to the document. */
export function sourcePanel(ui: Ui): JSX.Element | false {
  const { t, local } = ui;
  const { sources, index } = local.shown ?? { sources: [], index: 0 };
  const source = sources[index];
  if (!source) return false;
  const href = safeHref(source.metadata?.url);
  return (
    <section class="source-panel" data-testid="source-panel" aria-label={fill(t._source, index + 1)}>
      <div class="header">
        <button
          type="button"
          class="icon"
          data-testid="source-close"
          aria-label={t._back}
          title={t._back}
          onClick={() => ui.set({ shown: null })}
        >
          {backIcon()}
        </button>
        <h2 class="title">{fill(t._source, index + 1)}</h2>
      </div>
      <div class="source-body" dir="auto" tabIndex={0} role="region" aria-label={source.title}>
        <h3 class="source-name">{source.title}</h3>
        <p class="intro">{place(ui, source)}</p>
        <blockquote class="passage">{markdown(ui, source.content)}</blockquote>
        {href && (
          <a class="button" href={href} target="_blank" rel="noopener noreferrer">
            {t._openSource}
            {linkIcon()}
          </a>
        )}
      </div>
    </section>
  );
}

function place(ui: Ui, { title, metadata }: Source): string {
  const { section, page } = metadata ?? {};
  return [section, page && fill(ui.t._page, page)].filter((part) => part && part !== title).join(" · ");
}
