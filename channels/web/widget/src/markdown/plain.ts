import type { Block, Inline } from "./document";
import { parseMarkdown } from "./parse";

/** A message as it is read aloud or previewed: its words without marks, citations and addresses. */
export function plainText(source: string): string {
  return parseMarkdown(source).map(blockText).join(" ").replace(/\s+/g, " ").trim();
}

function blockText(block: Block): string {
  switch (block.type) {
    case "paragraph":
    case "heading":
      return inlineText(block.children);
    case "list":
      return block.items.map((item) => item.map(blockText).join(" ")).join(", ");
    case "code":
      return block.text;
    case "quote":
      return block.children.map(blockText).join(" ");
    case "table":
      return [block.head, ...block.rows].map((row) => row.map(inlineText).join(", ")).join("; ");
    case "rule":
      return "";
  }
}

const inlineText = (nodes: Inline[]): string =>
  nodes
    .map((node) => {
      if (typeof node === "string") return node;
      if (node.type === "code") return node.text;
      if (node.type === "cite") return "";
      return node.type === "break" ? " " : inlineText(node.children);
    })
    .join("");
