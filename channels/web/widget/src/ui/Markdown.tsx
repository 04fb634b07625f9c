import { h, type ComponentChildren, type JSX } from "preact";
import { fill } from "../i18n/language";
import { type Element, isCite, type Node, words } from "../markdown/node";
import { parseMarkdown } from "../markdown/parse";
import type { Source } from "../protocol/frames";
import { suggestions } from "./Suggestions";
import type { Ui } from "./ui";

/** Markdown as elements, built one by one: no string ever becomes HTML. `choices` stand in the place of the list that names them. */
export const markdown = (ui: Ui, text: string, sources: readonly Source[] = [], choices?: string[] | false): JSX.Element => {
  const blocks = parseMarkdown(text);
  const list = choices ? blocks.findIndex(({ tag }) => tag === "ol") : -1;
  const draw = (part: Node[]): ComponentChildren => elements(part, (number) => citation(ui, sources, number));
  return (
    <div class="md">
      {draw(list < 0 ? blocks : blocks.slice(0, list))}
      {choices && <div class="suggestions">{suggestions(ui, choices, "choice", true)}</div>}
      {list >= 0 && draw(blocks.slice(list + 1))}
    </div>
  );
};

export const elements = (nodes: Node[], cite?: (number: number) => ComponentChildren): ComponentChildren =>
  nodes.map((node, i) => {
    const cited = isCite(nodes[i + 1]);
    const follows = isCite(nodes[i - 1]);
    if (typeof node === "string") return cited ? node.trimEnd() : node;
    const { tag, children, href, start, align } = node;
    if (tag === "cite") return !follows && citations(nodes.slice(i), cite);
    if (tag === "br" && cited) return null;
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

/** The numbers that stand together at the beginning of these, bound to the word before: alone on the next line they tell nothing. */
const citations = (nodes: Node[], cite?: (number: number) => ComponentChildren): JSX.Element => {
  const end = nodes.findIndex((node) => !isCite(node));
  return (
    <span class="kept">
      {nodes.slice(0, end < 0 ? undefined : end).map((node) => {
        const number = words((node as Element).children);
        return ["\u00a0", cite?.(+number) ?? `[${number}]`];
      })}
    </span>
  );
};

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
