"""A text in a platform's dialect, in pieces that the platform takes: where a reader would cut it, and losing nothing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, cast

from channels.markdown.layout import Layout, Placed, cut_leaf, place
from channels.markdown.parse import parse
from channels.markdown.plain import PlainDialect, says_address
from channels.markdown.tree import Break, Code, CodeBlock, Document, Heading, Inline, Link, Node, Rule, Text
from channels.markdown.write import visible, write
from channels.split import split

Size = Callable[[str], int]

_FAR_ENOUGH = 0.5
"""A cut between blocks is taken when it leaves the piece at least this full."""
_CRAMPED = 16
"""With fewer characters than this in a piece, and room for twice as many, the text goes on with fewer marks."""
_LOOK_AHEAD = 64
_HEAD_SHARE = 4
_PLAIN = PlainDialect()


def render(text: str, dialect: PlainDialect, *, limit: int, size: Size = len) -> list[str]:
    """Markdown in pieces with ``size(piece) <= limit`` each; one empty piece for a text in which nothing is to be seen.

    Cut between blocks if possible, else at a sentence, a word, a grapheme cluster (UAX 29). A mark that is cut is closed
    in one piece and open in the next. Where marks alone would fill a piece (deep lists, long addresses), they are left
    out and their text stays, an address among it. Only one single character that the dialect writes longer than the limit
    makes a piece larger than that.
    """
    return render_document(parse(text), dialect, limit=limit, size=size)


def render_document(document: Document, dialect: PlainDialect, *, limit: int, size: Size = len) -> list[str]:
    """Like `render`, of a text that has been parsed already."""
    return [written for written, _ in _cut(document, dialect, limit, size)]


def render_with_plain(document: Document, dialect: PlainDialect, *, limit: int) -> list[tuple[str, str]]:
    """Like `render_document`, each piece beside the same without marks, as notifications and screen readers need it."""
    return [(written, write(part, _PLAIN)) for written, part in _cut(document, dialect, limit, len)]


def unmarked(text: str) -> str:
    """Markdown without its marks, with every link's address."""
    return write(parse(text), _PLAIN)


def _cut(document: Document, dialect: PlainDialect, limit: int, size: Size) -> Sequence[tuple[str, Document]]:
    """Each piece as it is written, and what it holds."""
    if limit < 1:
        raise ValueError("The limit is at least 1.")
    whole = write(document, dialect)
    if size(whole) <= limit:
        return [(whole, document)]
    layout = place(cast("Document", tuple(_Fitting(dialect, limit // 2, size).all(document))))
    return list(_Cutter(layout, dialect, limit, size).pieces()) or [("", ())]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Visible characters up to ``end`` and how they are written."""

    end: int
    written: str


class _Cutter:
    """Takes the longest stretch that fits, found by bisection over the visible text, then a nicer end before it."""

    def __init__(self, layout: Layout, dialect: PlainDialect, limit: int, size: Size) -> None:
        self._layout, self._text = layout, layout.text
        self._dialect, self._limit, self._size = dialect, limit, size
        self._first_guess = max(1, limit * len(self._text) // max(1, size(self._full(0, len(self._text)))))
        self._leaves = layout.leaf_blocks()
        self._links = [link for link in layout.links() if self._fits_whole(link)]
        self._block_starts = _block_starts(layout)

    def pieces(self) -> Iterator[tuple[str, Document]]:
        """All of them, in order."""
        at = self._skip_space(0)
        while at < len(self._text):
            stretch = self._next(at)
            if stretch.written.strip():
                yield stretch.written, self._part(at, stretch.end)
            at = self._skip_space(stretch.end)

    def _next(self, start: int) -> _Stretch:
        found = self._longest(start, len(self._text), self._full)
        if found is not None and (found.end == len(self._text) or found.end - start >= _CRAMPED):
            return self._nicer(start, found, self._full)
        leaf_end = max(self._leaf_at(start).end, start + 1)
        for writer in (self._unnested, self._unmarked):
            simpler = self._longest(start, leaf_end, writer)
            if simpler is not None and (found is None or simpler.end - start >= 2 * (found.end - start)):
                return simpler if simpler.end == leaf_end else self._nicer(start, simpler, writer)
        return self._nicer(start, found, self._full) if found is not None else self._inside_cluster(start)

    def _longest(self, start: int, last: int, write_part: Callable[[int, int], str]) -> _Stretch | None:
        """Widens an average stretch until it no longer fits, then halves the difference."""
        fits, low, step = None, start, self._first_guess
        high = last + 1
        while low < last:
            end = min(low + step, last) if high > last else (low + high) // 2
            if end <= low:
                break
            written = write_part(start, end)
            if self._size(written) <= self._limit:
                fits, low, step = _Stretch(end, written), end, step * 2
            else:
                high = end
        return fits

    def _nicer(self, start: int, found: _Stretch, write_part: Callable[[int, int], str]) -> _Stretch:
        """Ends where a reader would end, unless that is written longer (a table that changes its form)."""
        if found.end >= len(self._text):
            return found
        end = self._nicest_end(start, found.end)
        if end == found.end:
            return found
        written = write_part(start, end)
        return _Stretch(end, written) if self._size(written) <= self._limit else found

    def _nicest_end(self, start: int, furthest: int) -> int:
        earliest = start + (furthest - start) * _FAR_ENOUGH
        block = bisect_right(self._block_starts, furthest + 2)
        if block and self._block_starts[block - 1] > earliest:
            return min(self._block_starts[block - 1], furthest)
        window = self._text[start : furthest + _LOOK_AHEAD]
        end = start + len(split(window, furthest - start)[0])
        link = bisect_right(self._links, end, key=lambda placed: placed.start) - 1
        if link >= 0 and start < self._links[link].start < end < self._links[link].end:
            return self._links[link].start
        return self._before_indentation(start, end)

    def _before_indentation(self, start: int, end: int) -> int:
        """Lines of code keep the white space that they begin with."""
        if not isinstance(self._leaf_at(end - 1).node, CodeBlock):
            return end
        line = self._text.rfind("\n", start, end) + 1
        return line if line > start and self._text[line:end].isspace() else end

    def _inside_cluster(self, start: int) -> _Stretch:
        """A character of many code points that is larger than the limit by itself, or one escape that is."""
        end = start + 1
        written = self._unmarked(start, end)
        while end < len(self._text) and self._size(longer := self._unmarked(start, end + 1)) <= self._limit:
            end, written = end + 1, longer
        return _Stretch(end, written)

    def _full(self, start: int, end: int) -> str:
        return write(self._part(start, end), self._dialect)

    def _part(self, start: int, end: int) -> Document:
        return self._layout.cut(start, self._trimmed(start, end), self._limit // _HEAD_SHARE)

    def _unnested(self, start: int, end: int) -> str:
        """A part of one leaf block: what stands in a list, a quote or a table stands alone."""
        return write([cut_leaf(self._leaf_at(start), start, self._trimmed(start, end))], self._dialect)

    def _unmarked(self, start: int, end: int) -> str:
        """Nothing but the text, without even a paragraph around it."""
        lines = self._text[start : self._trimmed(start, end)].split("\n")
        return self._dialect.line_break().join(map(self._dialect.text, lines))

    def _trimmed(self, start: int, end: int) -> int:
        while end > start and self._text[end - 1].isspace():
            end -= 1
        return end

    def _skip_space(self, at: int) -> int:
        """White space at a cut is not shown, except for the indentation of code."""
        while at < len(self._text) and self._text[at].isspace():
            if self._text[at] != "\n" and isinstance(self._leaf_at(at).node, CodeBlock):
                break
            at += 1
        return at

    def _leaf_at(self, at: int) -> Placed:
        return self._leaves[max(0, bisect_right(self._leaves, at, key=lambda leaf: leaf.start) - 1)]

    def _fits_whole(self, link: Placed) -> bool:
        return self._size(self._unnested(link.start, link.end)) <= self._limit


class _Fitting:
    """Marks that no piece could hold are written out: a link whose address is as long as a piece becomes text.

    Every link and every code block's frame leaves at least half of a piece (``room``) to its text.
    """

    def __init__(self, dialect: PlainDialect, room: int, size: Size) -> None:
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


def _block_starts(layout: Layout) -> list[int]:
    """Where a new piece may well begin: not between a heading and what it is about."""
    return [after.start for before, after in pairwise(layout.blocks) if not isinstance(before.node, Heading)]
