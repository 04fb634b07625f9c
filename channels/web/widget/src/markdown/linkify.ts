import type { Inline } from "./document";
import { bare } from "./inline";

/** Plain text with its web addresses made links, and nothing else. */
export function linkify(text: string): Inline[] {
  const out: Inline[] = [];
  let from = 0;
  for (let i = text.search(/https?:\/\//i); i >= 0 && i < text.length; i++) {
    const found = bare(text, i);
    if (!found) continue;
    if (i > from) out.push(text.slice(from, i));
    out.push(found.node);
    from = found.end;
    i = from - 1;
  }
  if (from < text.length) out.push(text.slice(from));
  return out;
}
