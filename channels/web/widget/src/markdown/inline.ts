import type { Inline } from "./document";
import { safeHref } from "./href";

/** Deeper nesting than any real message has; bounds the work on hostile input. */
const MAX_DEPTH = 6;
/** A closing mark further away than this is not one. */
const MAX_SPAN = 4000;

const PUNCTUATION = /[!-/:-@[-`{-~]/;
const WORD = /[\p{L}\p{N}]/u;
const MARKS: [string, "strong" | "em" | "del"][] = [
  ["**", "strong"],
  ["__", "strong"],
  ["~~", "del"],
  ["*", "em"],
  ["_", "em"],
];

type Found = { node: Inline; end: number } | null;

export function parseInline(text: string, depth = 0, linked = false): Inline[] {
  const out: Inline[] = [];
  let plain = "";
  const flush = (): void => {
    if (plain) out.push(plain);
    plain = "";
  };
  let i = 0;
  while (i < text.length) {
    const found = depth < MAX_DEPTH ? match(text, i, depth, linked) : null;
    if (found) {
      flush();
      out.push(found.node);
      i = found.end;
    } else if (text[i] === "\\" && PUNCTUATION.test(text[i + 1] ?? "")) {
      plain += text[i + 1];
      i += 2;
    } else plain += text[i++];
  }
  flush();
  return out;
}

function match(text: string, i: number, depth: number, linked: boolean): Found {
  switch (text[i]) {
    case "\n":
      return { node: { type: "break" }, end: i + 1 };
    case "`":
      return code(text, i);
    case "!":
      return text[i + 1] === "[" && !linked ? link(text, i + 1, depth) : null;
    case "[":
      return linked ? null : (citation(text, i) ?? link(text, i, depth));
    case "<":
      return linked ? null : angled(text, i);
    case "h":
    case "H":
      return linked ? null : bare(text, i);
    case "*":
    case "_":
    case "~":
      return emphasis(text, i, depth, linked);
    default:
      return null;
  }
}

function code(text: string, i: number): Found {
  let ticks = 1;
  while (text[i + ticks] === "`") ticks++;
  const mark = "`".repeat(ticks);
  const end = near(text, mark, i + ticks);
  return end < 0 ? null : { node: { type: "code", text: text.slice(i + ticks, end).trim() }, end: end + ticks };
}

function citation(text: string, i: number): Found {
  const close = text.indexOf("]", i);
  const digits = close > i && close - i <= 3 ? text.slice(i + 1, close) : "";
  return /^[1-9]\d?$/.test(digits) && text[close + 1] !== "(" ? { node: { type: "cite", number: Number(digits) }, end: close + 1 } : null;
}

/** `[text](address "title")`; an address that is not allowed leaves its text. */
function link(text: string, i: number, depth: number): Found {
  const middle = near(text, "](", i + 1);
  if (middle < 0 || text.slice(i + 1, middle).includes("\n\n")) return null;
  const end = closing(text, middle + 2);
  if (end < 0) return null;
  const label = text.slice(i + 1, middle);
  const href = safeHref(text.slice(middle + 2, end).replace(/\s+["'(].*$/s, "").replace(/^<|>$/g, ""));
  return { node: href ? { type: "link", href, children: parseInline(label, depth + 1, true) } : label, end: end + 1 };
}

/** The bracket that closes an address, which may itself hold pairs of brackets. */
function closing(text: string, from: number): number {
  let open = 0;
  for (let i = from; i < text.length && i - from < MAX_SPAN; i++) {
    if (text[i] === "(") open++;
    else if (text[i] === ")" && open-- === 0) return i;
    else if (text[i] === "\n") return -1;
  }
  return -1;
}

function angled(text: string, i: number): Found {
  const end = near(text, ">", i + 1);
  const inside = end < 0 ? "" : text.slice(i + 1, end);
  const href = /\s/.test(inside) ? null : safeHref(inside);
  return href ? { node: { type: "link", href, children: [inside] }, end: end + 1 } : null;
}

export function bare(text: string, i: number): Found {
  if (i > 0 && WORD.test(text[i - 1]!)) return null;
  const url = /^https?:\/\/[^\s<>"'`|\\^{}]+/i.exec(text.slice(i, i + 2048))?.[0];
  if (!url) return null;
  const trimmed = trimAddress(url);
  const href = safeHref(trimmed);
  return href && trimmed.length > 8 ? { node: { type: "link", href, children: [trimmed] }, end: i + trimmed.length } : null;
}

/** A full stop or an unmatched bracket after an address belongs to the sentence. */
function trimAddress(url: string): string {
  let end = url.length;
  for (;;) {
    const last = url[end - 1] ?? "";
    const surplus = last === ")" && !url.slice(0, end).includes("(");
    if (!surplus && !".,;:!?*_~]".includes(last)) return url.slice(0, end);
    end--;
  }
}

function emphasis(text: string, i: number, depth: number, linked: boolean): Found {
  for (const [mark, type] of MARKS) {
    if (!text.startsWith(mark, i)) continue;
    const from = i + mark.length;
    const next = text[from];
    if (!next || /\s/.test(next)) continue;
    // Inside a word, an underscore is an underscore.
    if (mark[0] === "_" && i > 0 && WORD.test(text[i - 1]!)) continue;
    const end = closer(text, mark, from);
    if (end > from) return { node: { type, children: parseInline(text.slice(from, end), depth + 1, linked) }, end: end + mark.length };
  }
  return null;
}

function closer(text: string, mark: string, from: number): number {
  for (let end = near(text, mark, from + 1); end > 0; end = near(text, mark, end + 1)) {
    if (end - from > MAX_SPAN) return -1;
    const after = text[end + mark.length];
    if (/\s/.test(text[end - 1]!) || text[end - 1] === "\\") continue;
    if (mark[0] === "_" && after && WORD.test(after)) continue;
    // `*` closes at a single star: the stars of `**bold**` inside it are not it.
    if (mark.length === 1 && (after === mark || text[end - 1] === mark)) {
      end++;
      continue;
    }
    return end;
  }
  return -1;
}

function near(text: string, what: string, from: number): number {
  const at = text.indexOf(what, from);
  return at - from > MAX_SPAN ? -1 : at;
}
