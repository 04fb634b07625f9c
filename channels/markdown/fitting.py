"""Marks that no piece could hold: a link whose address is as long as a piece becomes text, its address included."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

from channels.markdown.dialect import Dialect
from channels.markdown.plain import says_address
from channels.markdown.tree import Break, Code, CodeBlock, Document, Inline, Link, Node, Rule, Text
from channels.markdown.write import visible

Size = Callable[[str], int]


def fitting(document: Document, dialect: Dialect, limit: int, size: Size) -> Document:
    """A document in which every link and every code block's frame leaves at least half of a piece to its text."""
    return cast("Document", tuple(_Fitting(dialect, limit // 2, size).all(document)))


class _Fitting:
    def __init__(self, dialect: Dialect, room: int, size: Size) -> None:
        self._dialect, self._room, self._size = dialect, room, size

    def all(self, nodes: Sequence[Node]) -> list[Node]:
        """Each node as one or more that fit."""
        return [new for node in nodes for new in self._node(node)]

    def _node(self, node: Node) -> Sequence[Node]:
        if isinstance(node, Link):
            return [node] if self._fits(self._dialect.link("", node.url)) else _spelled_out(node)
        if isinstance(node, CodeBlock):
            fits = not node.language or self._fits(self._dialect.code_block("", node.language))
            return [node if fits else CodeBlock(node.text)]
        if isinstance(node, Text | Code | Break | Rule):
            return [node]
        changes: dict[str, Any] = {"children": tuple(self.all(node.children))}
        return [replace(node, **changes)]

    def _fits(self, written: str) -> bool:
        return self._size(written) <= self._room


def _spelled_out(link: Link) -> Sequence[Inline]:
    if says_address(visible(link.children), link.url):
        return link.children
    return [*link.children, Text(f" ({link.url})")]
