import { parseInline } from "./inline";
import { element, type Element, type Node } from "./node";

const MAX_DEPTH = 6;
/** For a table, and for all tables of a message: a few thousand bars must not become millions of cells. */
const MAX_COLUMNS = 50;
const MAX_CELLS = 2000;
const FENCE = /^ *(```+|~~~+)/;
const HEADING = /^ *#{1,6} +(.+?) *#*$/;
const RULE = /^ *([-*_])( *\1){2,} *$/;
const QUOTE = /^ *> ?/;
const ITEM = /^( *)(?:[-*+•]|(\d{1,9})[.)])( +|$)/;
const DIVIDER = /^[ |:-]*-[ |:-]*$/;
const BLANK = /^\s*$/;
/** Code is shown as it is: nothing may be added to it. */
const HOLDS_TEXT = /^(p|[uo]l|li|blockquote|table|t[bhrd]\w*)$/;

/** The blocks of a message. Whatever is not understood stays text. */
export const parseMarkdown = (source: string): Element[] =>
  parseBlocks(source.replace(/\r\n?/g, "\n").replace(/\t/g, "    ").split("\n"), 0, { cells: MAX_CELLS });

function parseBlocks(lines: string[], depth: number, room: { cells: number }): Element[] {
  const blocks: Element[] = [];
  let at = 0;
  /** Takes lines from here as long as they pass. */
  const take = (pass: (line: string, i: number) => boolean): string[] => {
    const start = at;
    while (at < lines.length && pass(lines[at]!, at)) at++;
    return lines.slice(start, at);
  };
  const isTable = (i: number): boolean =>
    lines[i]!.includes("|") &&
    DIVIDER.test(lines[i + 1] ?? "") &&
    lines[i + 1]!.includes("|") &&
    cells(lines[i]!).length <= Math.min(MAX_COLUMNS, room.cells);
  const begins = (line: string): boolean =>
    RULE.test(line) || HEADING.test(line) || FENCE.test(line) || (depth < MAX_DEPTH && (QUOTE.test(line) || ITEM.test(line)));

  const parseList = (first: RegExpExecArray): Element => {
    const [, margin, number] = first;
    const items: Element[] = [];
    for (let item: RegExpExecArray | null = first; item && item[1] === margin && !item[2] === !number; item = ITEM.exec(lines[at] ?? "")) {
      const width = item[0].length;
      const own = at++;
      const rest = take((line, i) =>
        BLANK.test(line)
          ? indent(lines[i + 1]) > margin!.length
          : indent(line) > margin!.length || !(begins(line) || BLANK.test(lines[i - 1]!)),
      );
      const inner = [lines[own]!.slice(width), ...rest.map((line) => line.slice(Math.min(width, Math.max(0, indent(line)))))];
      items.push(element("li", tight(parseBlocks(inner, depth + 1, room))));
      if (BLANK.test(lines[at] ?? "") && ITEM.test(lines[at + 1] ?? "")) at++;
    }
    return element(number ? "ol" : "ul", items, number ? { start: +number } : undefined);
  };

  /** Rows for which no cells are left stay where they are, and become text. */
  const parseTable = (): Element => {
    const head = cells(lines[at]!);
    room.cells -= head.length;
    const align = cells(lines[at + 1]!).map((cell) => (cell.endsWith(":") ? (cell[0] === ":" ? "center" : "end") : "start"));
    at += 2;
    const row = (tag: "th" | "td", row: string[]): Element =>
      element(
        "tr",
        head.map((_, i) => element(tag, parseInline(row[i] ?? ""), { align: align[i] ?? "start" })),
      );
    const body = take((line) => line.includes("|") && (room.cells -= head.length) >= 0).map((line) => row("td", cells(line)));
    return element("table", [element("thead", [row("th", head)]), ...(body.length ? [element("tbody", body)] : [])]);
  };

  const parseBlock = (line: string): Element => {
    const fence = FENCE.exec(line)?.[1];
    if (fence) {
      at++;
      const code = take((inner) => !inner.trim().startsWith(fence));
      at++;
      return element("pre", [element("code", [code.join("\n")])]);
    }
    const heading = HEADING.exec(line);
    // One level, below the panel's own heading, whatever the text says.
    if (heading && ++at) return element("h3", parseInline(heading[1]!));
    if (RULE.test(line) && ++at) return element("hr");
    if (depth < MAX_DEPTH && QUOTE.test(line))
      return element(
        "blockquote",
        parseBlocks(
          take((inner) => QUOTE.test(inner)).map((inner) => inner.replace(QUOTE, "")),
          depth + 1,
          room,
        ),
      );
    const item = depth < MAX_DEPTH && ITEM.exec(line);
    if (item) return parseList(item);
    if (isTable(at)) return parseTable();
    const start = at;
    return element(
      "p",
      parseInline(
        take((inner, i) => i === start || !(BLANK.test(inner) || begins(inner) || isTable(i)))
          .map((inner) => inner.trim())
          .join("\n"),
      ),
    );
  };

  while (at < lines.length) {
    if (BLANK.test(lines[at]!)) at++;
    else {
      const block = parseBlock(lines[at]!);
      if (!cites(block, blocks.at(-1))) blocks.push(block);
    }
  }
  return blocks;
}

/** Moves citations that are a paragraph of their own to the end of what they prove. Whether they were. */
function cites({ tag, children }: Element, proven?: Element): boolean {
  if (!proven || !HOLDS_TEXT.test(proven.tag) || tag !== "p") return false;
  if (!children.every((child) => (typeof child === "string" ? BLANK.test(child) : child.tag === "cite"))) return false;
  for (let last: Node | undefined = proven; typeof last === "object" && HOLDS_TEXT.test(last.tag); last = last.children.at(-1)) proven = last;
  proven.children.push(" ", ...children);
  return true;
}

const indent = (line = ""): number => line.search(/\S/);

/** An item shows its first paragraph without paragraph spacing. */
const tight = ([first, ...rest]: Element[]): Node[] => (first?.tag === "p" ? [...first.children, ...rest] : first ? [first, ...rest] : []);

const cells = (line: string): string[] =>
  line
    .replace(/\\\|/g, "\u0000")
    .replace(/^ *\||\| *$/g, "")
    .split("|")
    .map((cell) => cell.trim().replace(/\0/g, "|"));
