import type { ComponentChildren, JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { Block, Inline } from "../markdown/document";
import { parseMarkdown } from "../markdown/parse";

interface Cite {
  /** How many sources there are; a number beyond stays text. */
  count: number;
  label(number: number): string;
  open(number: number): void;
}

/** Markdown as elements, built one by one: no string ever becomes HTML. */
export function Markdown({ text, cite }: { text: string; cite?: Cite }): JSX.Element {
  const blocks = useMemo(() => parseMarkdown(text), [text]);
  return <div class="md">{renderBlocks(blocks, cite)}</div>;
}

const renderBlocks = (blocks: Block[], cite?: Cite): ComponentChildren => blocks.map((block, i) => <BlockView key={i} block={block} cite={cite} />);

function BlockView({ block, cite }: { block: Block; cite: Cite | undefined }): JSX.Element {
  switch (block.type) {
    case "paragraph":
      return <p>{renderInline(block.children, cite)}</p>;
    case "heading":
      // Below the panel's own heading, whatever level the text says.
      return block.level > 2 ? <h5>{renderInline(block.children, cite)}</h5> : <h4>{renderInline(block.children, cite)}</h4>;
    case "list": {
      const items = block.items.map((item, i) => <li key={i}>{renderItem(item, cite)}</li>);
      return block.ordered ? <ol start={block.start}>{items}</ol> : <ul>{items}</ul>;
    }
    case "code":
      return (
        <pre tabIndex={0}>
          <code>{block.text}</code>
        </pre>
      );
    case "quote":
      return <blockquote>{renderBlocks(block.children, cite)}</blockquote>;
    case "table":
      return <Table block={block} cite={cite} />;
    case "rule":
      return <hr />;
  }
}

/** A tight item shows its first paragraph without paragraph spacing. */
function renderItem(item: Block[], cite?: Cite): ComponentChildren {
  const [first, ...rest] = item;
  return first?.type === "paragraph" ? [renderInline(first.children, cite), renderBlocks(rest, cite)] : renderBlocks(item, cite);
}

function Table({ block, cite }: { block: Extract<Block, { type: "table" }>; cite: Cite | undefined }): JSX.Element {
  const style = (column: number): { style?: { textAlign: "left" | "center" | "right" } } => {
    const align = block.align[column];
    return align ? { style: { textAlign: align } } : {};
  };
  return (
    <div class="table" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {block.head.map((cell, i) => (
              <th key={i} scope="col" {...style(i)}>
                {renderInline(cell, cite)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {block.rows.map((row, r) => (
            <tr key={r}>
              {row.map((cell, i) => (
                <td key={i} {...style(i)}>
                  {renderInline(cell, cite)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export const renderInline = (nodes: Inline[], cite?: Cite): ComponentChildren => nodes.map((node, i) => <InlineView key={i} node={node} cite={cite} />);

function InlineView({ node, cite }: { node: Inline; cite: Cite | undefined }): JSX.Element {
  if (typeof node === "string") return <>{node}</>;
  switch (node.type) {
    case "strong":
      return <strong>{renderInline(node.children, cite)}</strong>;
    case "em":
      return <em>{renderInline(node.children, cite)}</em>;
    case "del":
      return <del>{renderInline(node.children, cite)}</del>;
    case "code":
      return <code>{node.text}</code>;
    case "link":
      return (
        <a href={node.href} target="_blank" rel="noopener noreferrer nofollow">
          {renderInline(node.children)}
        </a>
      );
    case "break":
      return <br />;
    case "cite":
      return cite && node.number <= cite.count ? (
        <button type="button" class="cite" data-testid="citation" aria-label={cite.label(node.number)} onClick={() => cite.open(node.number)}>
          {node.number}
        </button>
      ) : (
        <>[{node.number}]</>
      );
  }
}
