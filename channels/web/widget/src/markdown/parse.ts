import type { Align, Block } from "./document";
import { parseInline } from "./inline";

const MAX_DEPTH = 6;
const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w+#.-]*)/;
const HEADING = /^ {0,3}(#{1,6})\s+(.+?)\s*#*\s*$/;
const RULE = /^ {0,3}(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,})$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( *)(?:([-*+•])|(\d{1,9})[.)])(?:\s+|$)/;
const DIVIDER = /^ *\|? *:?-+:? *(?:\| *:?-+:? *)*\|? *$/;

/** The blocks of a message. Whatever is not understood stays text. */
export function parseMarkdown(source: string): Block[] {
  return parseBlocks(source.replace(/\r\n?/g, "\n").replace(/\t/g, "    ").split("\n"), 0);
}

function parseBlocks(lines: string[], depth: number): Block[] {
  const blocks: Block[] = [];
  let i = 0;
  while (i < lines.length) {
    if (!lines[i]!.trim()) {
      i++;
      continue;
    }
    const [block, next] = parseBlock(lines, i, depth);
    blocks.push(block);
    i = next;
  }
  return blocks;
}

function parseBlock(lines: string[], i: number, depth: number): [Block, number] {
  const line = lines[i]!;
  const fence = FENCE.exec(line);
  if (fence) return parseFence(lines, i, fence[1]!, fence[2] ?? "");
  const heading = HEADING.exec(line);
  if (heading) return [{ type: "heading", level: heading[1]!.length, children: parseInline(heading[2]!) }, i + 1];
  if (RULE.test(line)) return [{ type: "rule" }, i + 1];
  if (depth < MAX_DEPTH) {
    if (QUOTE.test(line)) return parseQuote(lines, i, depth);
    if (ITEM.test(line)) return parseList(lines, i, depth);
  }
  if (isTable(lines, i)) return parseTable(lines, i);
  return parseParagraph(lines, i, depth);
}

function parseFence(lines: string[], i: number, mark: string, language: string): [Block, number] {
  let end = i + 1;
  while (end < lines.length && !lines[end]!.trim().startsWith(mark)) end++;
  return [{ type: "code", language, text: lines.slice(i + 1, end).join("\n") }, end + 1];
}

function parseQuote(lines: string[], i: number, depth: number): [Block, number] {
  const inner: string[] = [];
  while (i < lines.length && QUOTE.test(lines[i]!)) inner.push(lines[i++]!.replace(QUOTE, ""));
  return [{ type: "quote", children: parseBlocks(inner, depth + 1) }, i];
}

function parseList(lines: string[], i: number, depth: number): [Block, number] {
  const first = ITEM.exec(lines[i]!)!;
  const ordered = first[3] !== undefined;
  const indent = first[1]!.length;
  const items: Block[][] = [];
  while (i < lines.length) {
    const item = ITEM.exec(lines[i]!);
    if (!item || item[1]!.length > indent + 1 || item[1]!.length < indent || (item[3] !== undefined) !== ordered) break;
    if (RULE.test(lines[i]!)) break;
    const [inner, next] = itemLines(lines, i, item[0].length, indent);
    items.push(parseBlocks(inner, depth + 1));
    i = next;
  }
  return [{ type: "list", ordered, start: ordered ? Number(first[3]) : 1, items }, i];
}

/** The lines of one item: its own, those indented below it, and the lazy rest of its paragraph. */
function itemLines(lines: string[], start: number, width: number, indent: number): [string[], number] {
  const inner = [lines[start]!.slice(width)];
  let i = start + 1;
  for (; i < lines.length; i++) {
    const line = lines[i]!;
    const depth = line.search(/\S/);
    if (depth < 0) {
      if ((lines[i + 1] ?? "").search(/\S/) <= indent) break;
      inner.push("");
    } else if (depth > indent) inner.push(line.slice(Math.min(depth, width)));
    else if (startsBlock(line) || !lines[i - 1]!.trim()) break;
    else inner.push(line);
  }
  // A loose list: a blank line, then the next item.
  const next = lines[i + 1] ?? "";
  const loose = i < lines.length && !lines[i]!.trim() && (ITEM.exec(next)?.[1]?.length ?? -1) === indent;
  return [inner, loose ? i + 1 : i];
}

function isTable(lines: string[], i: number): boolean {
  return lines[i]!.includes("|") && DIVIDER.test(lines[i + 1] ?? "") && (lines[i + 1] ?? "").includes("-") && (lines[i + 1] ?? "").includes("|");
}

function parseTable(lines: string[], i: number): [Block, number] {
  const head = cells(lines[i]!).map((cell) => parseInline(cell));
  const align = cells(lines[i + 1]!).map(alignment);
  const rows = [];
  for (i += 2; i < lines.length && lines[i]!.includes("|") && lines[i]!.trim(); i++) {
    const row = cells(lines[i]!).map((cell) => parseInline(cell));
    rows.push(head.map((_, column) => row[column] ?? []));
  }
  return [{ type: "table", align, head, rows }, i];
}

const cells = (line: string): string[] =>
  line
    .trim()
    .replace(/^\||(?<!\\)\|$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replace(/\\\|/g, "|"));

function alignment(divider: string): Align {
  const right = divider.endsWith(":");
  if (divider.startsWith(":")) return right ? "center" : "left";
  return right ? "right" : null;
}

function parseParagraph(lines: string[], i: number, depth: number): [Block, number] {
  const text = [lines[i++]!.trim()];
  while (i < lines.length && lines[i]!.trim() && !(depth < MAX_DEPTH && startsBlock(lines[i]!)) && !isTable(lines, i)) text.push(lines[i++]!.trim());
  return [{ type: "paragraph", children: parseInline(text.join("\n")) }, i];
}

const startsBlock = (line: string): boolean =>
  FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line) || ITEM.test(line);
