import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { safeHref } from "../markdown/href";
import type { Source } from "../protocol/frames";
import { useSurroundings } from "./context";
import { BackIcon, FileIcon, ForwardIcon, LinkIcon } from "./icons";
import { Markdown } from "./Markdown";

interface Props {
  sources: readonly Source[];
  index: number;
  turn(index: number): void;
  close(): void;
}

/** The passage that an answer stands on: where it is from, its words, and the way to the document. */
export function SourcePanel({ sources, index, turn, close }: Props): JSX.Element | null {
  const { language } = useSurroundings();
  const { t } = language;
  const back = useRef<HTMLButtonElement>(null);
  useEffect(() => back.current?.focus(), []);
  const source = sources[index];
  if (!source) return null;
  const href = safeHref(source.metadata?.url);
  return (
    <section class="source-panel" data-testid="source-panel" aria-label={t("source", { n: index + 1 })}>
      <div class="header">
        <button type="button" class="icon" ref={back} data-testid="source-close" aria-label={t("back")} title={t("back")} onClick={close}>
          <BackIcon />
        </button>
        <h3 class="title">{t("source", { n: index + 1 })}</h3>
        {sources.length > 1 && (
          <span class="pager">
            <button type="button" class="icon" aria-label={t("previous")} disabled={index === 0} onClick={() => turn(index - 1)}>
              <BackIcon />
            </button>
            <span aria-hidden="true">
              {index + 1} / {sources.length}
            </span>
            <button type="button" class="icon" aria-label={t("next")} disabled={index === sources.length - 1} onClick={() => turn(index + 1)}>
              <ForwardIcon />
            </button>
          </span>
        )}
      </div>
      <div class="source-body" key={source.id} tabIndex={0} role="region" aria-label={source.title}>
        <span class="source-mark">
          <FileIcon />
        </span>
        <h4 class="source-name">{source.title}</h4>
        <Where source={source} />
        <blockquote class="passage">
          <Markdown text={source.content} />
        </blockquote>
        {href && (
          <a class="button" href={href} target="_blank" rel="noopener noreferrer">
            {t("openSource")}
            <LinkIcon />
          </a>
        )}
      </div>
    </section>
  );
}

function Where({ source }: { source: Source }): JSX.Element | null {
  const { t } = useSurroundings().language;
  const { section, page, source: file } = source.metadata ?? {};
  const parts = [section, page != null && page !== "" ? t("page", { n: page }) : null, file?.split("/").pop()];
  const shown = parts.filter((part): part is string => !!part && part !== source.title);
  return shown.length ? <p class="where">{shown.join(" · ")}</p> : null;
}
