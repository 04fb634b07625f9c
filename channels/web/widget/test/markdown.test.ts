import { describe, expect, it } from "vitest";
import { safeHref } from "../src/markdown/href";
import { linkify, parseInline } from "../src/markdown/inline";
import { type Node, words } from "../src/markdown/node";
import { parseMarkdown } from "../src/markdown/parse";

/** A compact notation: `p(one strong(two))`. */
const show = (nodes: Node[]): string =>
  nodes
    .map((n) =>
      typeof n === "string"
        ? n
        : `${n.tag}${n.href ? `<${n.href}>` : ""}${n.start !== undefined ? `#${n.start}` : ""}(${show(n.children)})`,
    )
    .join("");
const md = (text: string): string => show(parseMarkdown(text));
const inline = (text: string): string => show(parseInline(text));

describe("citations", () => {
  it.each([
    ["Text.\n\n[1]", "p(Text. cite(1))"],
    ["| A |\n|---|\n| 1 |\n\n[1] [2]", "table(thead(tr(th(A)))tbody(tr(td(1 cite(1)cite(2)))))"],
    ["| A |\n|---|\n\n[1]", "table(thead(tr(th(A cite(1)))))"],
    ["- a\n- b\n\n[1]", "ul(li(a)li(b cite(1)))"],
    ["> a\n\n[1]", "blockquote(p(a cite(1)))"],
    ["```\ncode\n```\n\n[1]", "pre(code(code))p(cite(1))"],
    ["[1]", "p(cite(1))"],
  ])("%j never stand in a paragraph of their own", (text, shown) => expect(md(text)).toBe(shown));
});

describe("blocks", () => {
  it.each([
    ["one\ntwo\n\nthree", "p(onebr()two)p(three)"],
    ["# A\n### B", "h3(A)h3(B)"],
    ["- a\n- b\n  - c\n- d", "ul(li(a)li(bul(li(c)))li(d))"],
    ["3. a\n4. b", "ol#3(li(a)li(b))"],
    ["1. a\n\n2. b", "ol#1(li(a)li(b))"],
    ["1. a\n   ```\n   x\n   ```\n2. b", "ol#1(li(apre(code(x)))li(b))"],
    ["- a\n1. b", "ul(li(a))ol#1(li(b))"],
    ["text\n- a", "p(text)ul(li(a))"],
    ["- a\nlazy\n\nafter", "ul(li(abr()lazy))p(after)"],
    ["> a\n> b", "blockquote(p(abr()b))"],
    ["```js\n<b>*x*</b>\n```\nafter", "pre(code(<b>*x*</b>))p(after)"],
    ["```\nnever closed", "pre(code(never closed))"],
    ["a\n\n---\n\nb", "p(a)hr()p(b)"],
    ["| A | B |\n|:--|--:|\n| 1 | 2 |\n| 3 |", "table(thead(tr(th(A)th(B)))tbody(tr(td(1)td(2))tr(td(3)td())))"],
    ["a \\| b | c\n--|--\n1 | 2", "table(thead(tr(th(a | b)th(c)))tbody(tr(td(1)td(2))))"],
    ["", ""],
    ["   \n\n", ""],
    ["- ", "ul(li())"],
  ])("%j", (text, expected) => expect(md(text)).toBe(expected));

  const count = (nodes: Node[]): number => nodes.reduce((sum, n) => sum + (typeof n === "string" ? 1 : 1 + count(n.children)), 0);

  it.each([
    ["one wide table", `${"|".repeat(2000)}\n|-|\n${"|\n".repeat(2000)}`],
    ["one long table", `${"|a".repeat(50)}\n|-|\n${"|\n".repeat(3000)}`],
    ["many tables", `${"|a".repeat(50)}\n|-|\n${"|\n".repeat(39)}\n`.repeat(40)],
    ["tables in quotes", `> ${"|a".repeat(50)}\n> |-|\n${"> |\n".repeat(39)}\n`.repeat(30)],
  ])("makes no more nodes of %s than a page can hold", (_, text) => {
    expect(text.length).toBeLessThan(9000);
    expect(count(parseMarkdown(text))).toBeLessThan(15_000);
  });

  it("keeps what does not fit into a table as text", () => {
    expect(md(`${"|a".repeat(51)}\n|-|`)).toMatch(/^p\(/);
    const blocks = parseMarkdown(`|a|b|\n|-|-|\n${"|1|2|\n".repeat(999)}|last|row|`);
    expect(blocks.map((block) => block.tag)).toEqual(["table", "p"]);
    expect(words(blocks)).toContain("|last|row|");
  });

  it("keeps a table's alignment", () => {
    const [table] = parseMarkdown("|a|b|c|\n|:-|:-:|-:|\n|1|2|3|");
    const row = (table!.children[1] as { children: Node[] }).children[0] as { children: { align?: string }[] };
    expect(row.children.map((cell) => cell.align)).toEqual(["start", "center", "end"]);
  });
});

describe("inline", () => {
  it.each([
    ["a **b** c", "a strong(b) c"],
    ["*a* _b_ ~~c~~ __d__", "em(a) em(b) del(c) strong(d)"],
    ["**a *b* c**", "strong(a em(b) c)"],
    ["snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"],
    ["`a*b*c` ``x`y``", "code(a*b*c) code(x`y)"],
    ["\\*not\\* it", "*not* it"],
    ["yes [1][2] and [99]", "yes cite(1)cite(2) and cite(99)"],
    ["[0] [100] [x]", "[0] [100] [x]"],
    ['[text](https://a.example/x_(y) "title")', "a<https://a.example/x_(y)>(text)"],
    ["see https://a.example/b_c.", "see a<https://a.example/b_c>(https://a.example/b_c)."],
    ["(https://a.example)", "(a<https://a.example>(https://a.example))"],
    ["<https://a.example>", "a<https://a.example>(https://a.example)"],
    ["[mail](mailto:a@b.example) [call](tel:+123)", "a<mailto:a@b.example>(mail) a<tel:+123>(call)"],
    ["![alt](https://a.example/i.png)", "a<https://a.example/i.png>(alt)"],
    ["[1](https://a.example)", "a<https://a.example>(1)"],
    ["2 ** 3", "2 ** 3"],
    ["**open", "**open"],
    ["قال **نعم** [1]", "قال strong(نعم) cite(1)"],
  ])("%j", (text, expected) => expect(inline(text)).toBe(expected));

  it("loses no text", () => {
    const text = "a ** b __ c ~~ d ` e [ f ]( g ![ h < i > j \\";
    expect(words(parseInline(text)).replace(/ +/g, " ").trim()).toBe(text);
  });

  it("makes only links of what a customer typed", () => {
    expect(show(linkify("**stars** https://a.example/x, ok"))).toBe("**stars** a<https://a.example/x>(https://a.example/x), ok");
  });
});

describe("hostile input", () => {
  it.each([
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\tscript:alert(1)",
    "java\nscript:alert(1)",
    "\u0001javascript:alert(1)",
    "java\u200bscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "blob:https://a.example/1",
    "file:///etc/passwd",
    "//evil.example",
    "/relative",
    "https:evil",
    "&#106;avascript:alert(1)",
    "",
  ])("links nowhere for %j", (href) => expect(safeHref(href)).toBeUndefined());

  it.each([
    "[x](javascript:alert(1))",
    "[x](JAVASCRIPT:alert`1`)",
    "<javascript:alert(1)>",
    "![x](data:text/html;base64,PHNjcmlwdD4=)",
    '[x](  javascript:alert(1) "t")',
    "[x](java&Tab;script:alert(1))",
  ])("makes no link of %j", (text) => expect(md(text)).not.toContain("a<"));

  it.each(["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "&lt;b&gt;", "</p><iframe src=//x>"])(
    "%j stays text",
    (text) => expect(md(text)).toBe(`p(${text})`),
  );

  it.each([
    ["*".repeat(20_000)],
    ["[".repeat(20_000)],
    ["**a ".repeat(4000)],
    ["_a ".repeat(5000)],
    ["> ".repeat(8000)],
    ["- ".repeat(8000)],
    ["`".repeat(9999)],
    ["[a](".repeat(4000)],
    ["|-".repeat(9000)],
    ["https://".repeat(3000)],
  ])("answers in time (%#)", (text) => {
    const before = performance.now();
    parseMarkdown(text);
    expect(performance.now() - before).toBeLessThan(1500);
  });
});

describe("words", () => {
  it("is what is read aloud", () => {
    expect(words(parseMarkdown("**Yes**, see [the page](https://a.example). [1]\n\n- a\n- b")).replace(/\s+/g, " ").trim()).toBe(
      "Yes, see the page. a b",
    );
  });
});
