/** The elements that a message may become. There is no way to name any other. */
export type Tag =
  | "p"
  | "h3"
  | "ul"
  | "ol"
  | "li"
  | "pre"
  | "code"
  | "blockquote"
  | "hr"
  | "br"
  | "strong"
  | "em"
  | "del"
  | "a"
  | "table"
  | "thead"
  | "tbody"
  | "tr"
  | "th"
  | "td"
  | "cite";

/** Markdown as data: text, or an element with the few attributes that Markdown can say. Nothing in here is HTML. */
export type Node = string | Element;

export interface Element {
  tag: Tag;
  children: Node[];
  href?: string;
  start?: number;
  align?: string;
}

export const element = (tag: Tag, children: Node[] = [], extra?: Omit<Element, "tag" | "children">): Element => ({
  tag,
  children,
  ...extra,
});

export const isCite = (node: Node | undefined): boolean => typeof node === "object" && node.tag === "cite";

/** The words alone: what is read aloud. */
export const words = (nodes: Node[]): string =>
  nodes
    .map((node) => {
      if (typeof node === "string") return node;
      return node.tag === "cite" ? "" : words(node.children) + (/^(strong|em|del|code|a)$/.test(node.tag) ? "" : " ");
    })
    .join("");
