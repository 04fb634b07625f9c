import { h, type ComponentChildren, type JSX } from "preact";
import { fill } from "../i18n/language";
import { type Node, words } from "../markdown/node";
import { parseMarkdown } from "../markdown/parse";
import type { Source } from "../protocol/frames";
import type { Ui } from "./ui";

/** Markdown as elements, built one by one: no string ever becomes HTML. */
export const markdown = (ui: Ui, text: string, sources: readonly Source[] = []): JSX.Element => (
  <div class="md">{elements(parseMarkdown(text), (number) => citation(ui, sources, number))}</div>
);

export const elements = (nodes: Node[], cite?: (number: number) => ComponentChildren): ComponentChildren =>
  nodes.map((node) => {
    if (typeof node === "string") return node;
    const { tag, children, href, start, align } = node;
    if (tag === "cite") return cite?.(+words(children)) ?? `[${children}]`;
    const inner = elements(children, cite);
    if (tag === "a")
      return (
        <a href={href!} target="_blank" rel="noopener noreferrer nofollow">
          {inner}
        </a>
      );
    // What may be wider than the bubble scrolls by itself, also from the keyboard.
    if (tag === "table")
      return (
        <div class="table" tabIndex={0}>
          <table>{inner}</table>
        </div>
      );
    return h(tag as "p", { start, tabIndex: tag === "pre" ? 0 : undefined, style: align && { textAlign: align } } as object, inner);
  });

function citation(ui: Ui, sources: readonly Source[], number: number): ComponentChildren {
  const source = sources[number - 1];
  return (
    source && (
      <button
        type="button"
        class="cite"
        data-testid="citation"
        aria-label={`${fill(ui.t._source, number)}: ${source.title}`}
        onClick={() => ui.set({ shown: { sources, index: number - 1 } })}
      >
        {number}
      </button>
    )
  );
}
