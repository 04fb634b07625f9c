import { safeHref } from "./href";
import { element, isCite, type Node, type Tag } from "./node";

/** Deeper nesting than any real message has; bounds the work on hostile input. */
const MAX_DEPTH = 6;

const ADDRESS = /https?:\/\/[^\s<>"'`]*[^\s<>"'`.,;:!?*_~)\]]/.source;
/** In this order: escaped mark, code, citation, link or picture, bare address, emphasis, line break. */
const INLINE = new RegExp(
  [
    /\\([!-/:-@[-`{-~])/.source,
    /(`{1,3})(.{1,2000}?)\2(?!`)/.source,
    /\[([1-9]\d?)\](?!\()/.source,
    /!?\[((?:[^\][\n]|\[[^\]\n]{0,99}\]){0,500})\]\(([^\s()]{0,2000}(?:\([^\s()]{0,500}\)[^\s()]{0,500}){0,9})[^)\n]{0,500}\)/.source,
    `<?(${ADDRESS})>?`,
    String.raw`(\*\*|__|~~|[*_])(?=\S)([^]{0,2000}?[^\s\\])\8(?!\8)`,
    /( *\n)/.source,
  ].join("|"),
  "iu",
);
const MARKS: Record<string, Tag> = { "**": "strong", __: "strong", "~~": "del", "*": "em", _: "em" };
const WORD = /[\p{L}\p{N}]/u;

export function parseInline(text: string, depth = 0, linked = false): Node[] {
  const out: Node[] = [];
  while (text) {
    const found = depth < MAX_DEPTH ? INLINE.exec(text) : null;
    if (!found) break;
    const end = found.index + found[0].length;
    const node = toNode(found, text[found.index - 1] ?? "", text[end] ?? "", depth, linked);
    // A mark that turns out to be none stays text, and the search goes on behind it.
    const taken = node === null ? found.index + (found[8]?.length ?? found[0].length) : end;
    out.push(text.slice(0, node === null ? taken : found.index), ...(node === null ? [] : [node].flat()));
    text = text.slice(taken);
  }
  return join([...out, text]);
}

function toNode(found: RegExpExecArray, before: string, after: string, depth: number, linked: boolean): Node | Node[] | null {
  const [, escaped, , code, cite, label, target, address, mark, marked] = found;
  if (escaped) return escaped;
  if (code) return element("code", [code.trim()]);
  if (cite) return linked ? null : element("cite", [cite]);
  if (target !== undefined) {
    const href = linked ? undefined : safeHref(target);
    const children = parseInline(label!, depth + 1, !!href);
    return href ? element("a", children, { href }) : children;
  }
  if (address) return linked || WORD.test(before) ? null : element("a", [address], { href: address });
  // Inside a word, an underscore is an underscore.
  if (mark?.includes("_") && (WORD.test(before) || WORD.test(after))) return null;
  return mark ? element(MARKS[mark]!, parseInline(marked!, depth + 1, linked)) : element("br");
}

/** Plain text with its web addresses made links, and nothing else. */
export function linkify(text: string): Node[] {
  return join(text.split(new RegExp(`(${ADDRESS})`, "i")).map((part, i) => (i % 2 ? element("a", [part], { href: part }) : part)));
}

/** Neighbouring texts as one. */
const isBlank = (node: Node | undefined): boolean => typeof node === "string" && !node.trim();

function join(nodes: Node[]): Node[] {
  const out: Node[] = [];
  for (const node of nodes) {
    const last = out.length - 1;
    if (typeof node === "string" && typeof out[last] === "string") out[last] += node;
    else if (node) {
      // Numbers that stand together stay together.
      if (isCite(node) && isBlank(out[last]) && isCite(out[last - 1])) out.pop();
      out.push(node);
    }
  }
  return out;
}
