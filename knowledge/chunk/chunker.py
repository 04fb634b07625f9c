"""Cuts documents into chunks: never across a heading, whole sentences, rows with their header, within the model's limit.

Each chunk is embedded with the path of titles above it, because "It takes two weeks." says little by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from urllib.parse import quote, urlsplit

from knowledge.chunk.pieces import Piece, pieces_of
from knowledge.chunk.plain import plain
from knowledge.chunk.tokens import TokenCounter, fits, longest_start
from knowledge.documents import Block, BlockKind, Chunk, Document, FaqEntry, UnreadableDocument

MOST_TEXTS = 20_000
"""Vectors of one document: about 5,000 pages. All of the index has room for little more than ten times as many."""
_LONGEST_HEADING = 300
"""Characters. Each passage below a heading repeats it; what is longer is none, whatever the document calls it, and is text."""
_COUNTED_AT_ONCE = 256
_SEPARATOR = " > "
_IN_FRAGMENT = "/?:@!$&'()*+,;=~-._%"
"""RFC 3986, 3.5."""


@dataclass(frozen=True, slots=True)
class _Section:
    """Blocks under the same headings. ``path`` holds the headings from the outermost in, the document's title left out."""

    path: tuple[str, ...]
    blocks: tuple[Block, ...]
    anchor: str | None = None


class Chunker:
    """``target`` is the length to aim for, in tokens; the counter's limit is never passed."""

    def __init__(self, counter: TokenCounter, target: int) -> None:
        self._counter = counter
        self._limit = max(8, min(target, counter.limit))
        self._most = counter.limit

    def chunks(self, document: Document) -> list[Chunk]:
        """All chunks of a document in reading order. Raises UnreadableDocument for one that cannot be cut, or into too many."""
        found, texts = [], 0
        try:
            for chunk in self._all(document):
                found.append(chunk)
                texts += len(chunk.embedded)
                if texts > MOST_TEXTS:
                    break
        except Exception as error:
            reason = f"it cannot be cut into passages: {type(error).__name__}: {error}"[:300]
            raise UnreadableDocument(reason) from error
        if texts > MOST_TEXTS:
            raise UnreadableDocument(f"it makes more than {MOST_TEXTS:,} passages; divide it")
        return found

    def _all(self, document: Document) -> Iterator[Chunk]:
        for number, entry in enumerate(document.entries):
            yield self._faq_chunk(document, entry, number)
        for number, section in enumerate(_sections(document), start=len(document.entries)):
            yield from self._section_chunks(document, section, number)

    def _section_chunks(self, document: Document, section: _Section, number: int) -> Iterator[Chunk]:
        prefix = self._prefix((document.title, *section.path))
        room = self._limit - self._counter.count([prefix])[0] - 2
        pieces = (piece for block in section.blocks for piece in pieces_of(block, self._counter, room))
        for run in self._packed(pieces, prefix):
            content = _joined(run)
            yield Chunk(
                title=document.title,
                content=content,
                embedded=(_embedded(prefix, content),),
                section=_SEPARATOR.join(section.path) or None,
                page=run[0].page,
                url=_with_place(document.url, section.anchor, run[0].page),
                category=document.category,
                audience=document.audience,
                language=document.language,
                section_number=number,
            )

    def _prefix(self, titles: Sequence[str]) -> str:
        """The path of titles in at most a third of the limit: the innermost says most, so the outer ones go first."""
        room = self._limit // 3
        while len(titles) > 1 and not fits(self._counter, _SEPARATOR.join(titles), room):
            titles = titles[1:]
        path = _SEPARATOR.join(titles)
        return path if fits(self._counter, path, room) else path[: longest_start(self._counter, path, room)]

    def _counted(self, pieces: Iterable[Piece]) -> Iterator[tuple[Piece, int]]:
        """Pieces with their tokens, a few at a time: of a document that makes too many passages the rest is never looked at."""
        waiting = iter(pieces)
        while some := list(islice(waiting, _COUNTED_AT_ONCE)):
            yield from zip(some, self._counter.count([plain(piece.text) for piece in some]), strict=True)

    def _packed(self, pieces: Iterable[Piece], prefix: str) -> Iterator[list[Piece]]:
        """Runs of pieces that fit together, each as long as it can be."""
        run: list[Piece] = []
        used = start = self._counter.count([prefix])[0] + 2
        for piece, size in self._counted(pieces):
            header = piece.header if not run or run[-1].header != piece.header else ""
            cost = size + 1 + (self._counter.count([plain(header)])[0] + 1 if header else 0)
            if run and (used + cost > self._limit or not self._holds(prefix, [*run, piece])):
                yield from self._within(run, prefix)
                run, used = [], start
                cost = size + 1 + (self._counter.count([plain(piece.header)])[0] + 1 if piece.header else 0)
            run.append(piece)
            used += cost
        if run:
            yield from self._within(run, prefix)

    def _holds(self, prefix: str, run: Sequence[Piece]) -> bool:
        return fits(self._counter, _embedded(prefix, _joined(run)), self._limit)

    def _within(self, run: list[Piece], prefix: str) -> Iterator[list[Piece]]:
        """The run itself; a piece whose tokens join up with its neighbours' into more than the limit is cut again."""
        if self._holds(prefix, run) or (len(run) == 1 and len(run[0].text.strip()) <= 1):
            yield run
            return
        if len(run) > 1:
            middle = len(run) // 2
            yield from self._within(run[:middle], prefix)
            yield from self._within(run[middle:], prefix)
            return
        piece, half = run[0], len(run[0].text) // 2
        for text in (piece.text[:half], piece.text[half:]):
            if text.strip():
                yield from self._within([Piece(text, piece.page, piece.header, piece.opens_block)], prefix)

    def _faq_chunk(self, document: Document, entry: FaqEntry, number: int) -> Chunk:
        """One chunk whatever its length. A long answer gets several vectors, so that its end is found too."""
        return Chunk(
            title=entry.question,
            content=f"{entry.question}\n\n{entry.answer}",
            embedded=tuple(self._faq_texts(entry)),
            section=entry.section,
            url=entry.url or document.url,
            category=entry.category or document.category,
            question=entry.question,
            answer=entry.answer,
            section_number=number,
            audience=entry.audience,
            language=document.language,
        )

    def _faq_texts(self, entry: FaqEntry) -> Iterator[str]:
        """The question with its keywords is close to how customers ask; with its answer, to what else they may ask."""
        question = plain(entry.question)
        for other in map(plain, entry.alternatives):
            yield other[: longest_start(self._counter, other, self._most)]
        if entry.keywords:
            words = f"{question} {', '.join(entry.keywords)}"
            yield words[: longest_start(self._counter, words, self._most)]
        whole = f"{question}\n{plain(entry.answer)}"
        if fits(self._counter, whole, self._most):
            yield whole
            return
        question = self._prefix((question,))
        room = self._limit - self._counter.count([question])[0] - 2
        for run in self._packed(pieces_of(Block(BlockKind.TEXT, entry.answer), self._counter, room), question):
            yield _embedded(question, _joined(run))


def _with_place(url: str | None, anchor: str | None, page: int | None) -> str | None:
    """The document's address down to the place in it: a heading, or a page of a PDF (RFC 8118, 3)."""
    if url is None or "#" in url:
        return url
    if anchor:
        return f"{url}#{quote(anchor, safe=_IN_FRAGMENT)}"
    return f"{url}#page={page}" if page and urlsplit(url).path.lower().endswith(".pdf") else url


def _embedded(prefix: str, content: str) -> str:
    return f"{prefix}\n{plain(content)}"


def _joined(run: Sequence[Piece]) -> str:
    """The pieces as Markdown again: blocks set apart by an empty line, a table's header before its first row."""
    text = ""
    header = ""
    for piece in run:
        if text and (piece.opens_block or piece.header != header):
            text = text.rstrip() + "\n\n"
        if piece.header and piece.header != header:
            text += piece.header if piece.header.endswith("\n") else piece.header + "\n"
        header = piece.header
        text += piece.text
    return text.strip()


def _sections(document: Document) -> Iterator[_Section]:
    """Sections in order. A heading with nothing under it is kept as text, so that no word of the document is lost."""
    path: list[Block] = []
    blocks: list[Block] = []
    following = [*document.blocks[1:], None][: len(document.blocks)]
    for block, after in zip(document.blocks, following, strict=True):
        if not _opens(block):
            blocks.append(replace(block, kind=BlockKind.TEXT) if block.kind is BlockKind.HEADING else block)
            continue
        if blocks:
            yield _section(path, blocks, document.title)
            blocks = []
        path = [heading for heading in path if heading.level < block.level]
        if after is None or (_opens(after) and after.level <= block.level):
            blocks.append(Block(BlockKind.TEXT, block.text, page=block.page))
        else:
            path.append(block)
    if blocks:
        yield _section(path, blocks, document.title)


def _opens(block: Block) -> bool:
    return block.kind is BlockKind.HEADING and len(block.text) <= _LONGEST_HEADING


def _section(path: Sequence[Block], blocks: Sequence[Block], title: str) -> _Section:
    """The anchor is the innermost heading's; the first heading of all is the page itself and needs none."""
    anchor = path[-1].anchor if path and not (len(path) == 1 and path[0].text == title) else None
    return _Section(_names(path, title), tuple(blocks), anchor)


def _names(path: Sequence[Block], title: str) -> tuple[str, ...]:
    return tuple(heading.text for heading in path if heading.text.strip() and heading.text != title)
