"""Reads PDF files page by page: columns and reading order by pdfminer, ruled tables by pdfplumber, headings by size.

A page that is mostly a table without lines is left to MarkItDown, which knows such pages better.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pdfplumber
import pypdfium2  # type: ignore[import-untyped]
from pdfminer.layout import LTChar, LTComponent, LTTextBox, LTTextLine
from pdfminer.pdfdocument import PDFPasswordIncorrect
from pdfplumber.utils.exceptions import PdfminerException

from knowledge.convert.audience import refused, says_staff
from knowledge.documents import Block, BlockKind, UnreadableDocument

_LONGEST_HEADING = 120
_MOST_BOXES = 300
_LONGEST_CELL = 40
_HEADING_FACTOR = 1.12
"""How much larger than the body a line must be to count as a heading."""
_PAGE_NUMBER = re.compile(r"^(page\s+)?\d{1,4}(\s*(/|of)\s*\d{1,4})?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    size: float
    bold: bool
    top: float
    page: int
    opens: bool
    """Whether a new paragraph begins here, as the layout analysis sees it."""


@dataclass(frozen=True, slots=True)
class _Table:
    rows: tuple[tuple[str, ...], ...]
    top: float
    page: int


@dataclass(frozen=True, slots=True)
class _Page:
    """A whole page that was read by somebody else."""

    blocks: tuple[Block, ...]
    page: int


_Item = _Line | _Table | _Page

PageReader = Callable[[bytes, int], list[Block]]
"""Reads a PDF of one page; the number is the page's place in the document."""


def read_pdf(content: bytes, read_table_page: PageReader) -> tuple[list[Block], dict[str, str]]:
    """Blocks with their page numbers, and the file's properties, by names in small letters. Raises UnreadableDocument."""
    try:
        with pdfplumber.open(io.BytesIO(content), laparams={}) as pdf:
            said = {str(name).lower(): value for name, value in (pdf.metadata or {}).items() if isinstance(value, str)}
            items: list[_Item] = []
            for page in pdf.pages:
                items.extend(_table_page(content, page, read_table_page) or _page_items(page))
                page.close()
    except PdfminerException as error:
        cause = error.args[0] if error.args else error
        if isinstance(cause, PDFPasswordIncorrect):
            raise UnreadableDocument("the PDF is protected by a password") from error
        raise UnreadableDocument(f"not a PDF that can be read: {cause or type(cause).__name__}") from error
    if not items:
        raise UnreadableDocument("the PDF holds no text; scanned pages need text recognition first")
    for item in items:
        if isinstance(item, _Line) and says_staff(item.text):  # in a footer, too, which is left out of the text
            raise refused(f"page {item.page}")
    return list(_blocks(_without_frame(items))), said


def _table_page(content: bytes, page: Any, read: PageReader) -> list[_Item]:
    """The page as blocks when its text stands in rows of short columns and that gave a table; otherwise nothing."""
    ruled = [table.bbox for table in page.find_tables() if _is_table(table)]
    boxes = [box for box in _text_boxes(page) if not _is_inside(box, page, ruled)]
    if len(boxes) > _MOST_BOXES or not _is_scattered(boxes):
        return []
    single = pypdfium2.PdfDocument.new()
    with pypdfium2.PdfDocument(content) as whole:
        single.import_pages(whole, [page.page_number - 1])
    memory = io.BytesIO()
    single.save(memory)
    single.close()
    blocks = read(memory.getvalue(), page.page_number)
    found = any(block.kind is BlockKind.TABLE for block in blocks)
    return [_Page(tuple(blocks), page.page_number)] if found else []


def _is_inside(element: LTComponent, page: Any, areas: Sequence[tuple[float, float, float, float]]) -> bool:
    """Whether the middle of an element is in one of the areas, which count from the top as pdfplumber does."""
    x, y = (element.x0 + element.x1) / 2, float(page.height) - (element.y0 + element.y1) / 2
    return any(x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in areas)


def _text_boxes(page: Any) -> list[LTTextBox]:
    return [element for element in page.layout if isinstance(element, LTTextBox)]


def _is_scattered(boxes: Sequence[LTTextBox]) -> bool:
    """Whether some height of the page crosses three or more boxes of short text."""
    short = [box for box in boxes if max(map(len, box.get_text().splitlines()), default=0) < _LONGEST_CELL]
    return any(sum(box.y0 <= (one.y0 + one.y1) / 2 <= box.y1 for box in short) >= 3 for one in short)


def _page_items(page: Any) -> Iterator[_Line | _Table]:
    tables = [table for table in page.find_tables() if _is_table(table)]
    boxes = [table.bbox for table in tables]
    items: list[_Line | _Table] = []
    for table in tables:
        rows = tuple(tuple(" ".join((cell or "").split()) for cell in row) for row in table.extract())
        items.append(_Table(rows, table.bbox[1], page.page_number))
    placed: list[_Line | _Table] = []
    for box in _in_reading_order(_text_boxes(page)):
        placed.extend(_lines(box, page, boxes))
    for item in sorted(items, key=lambda item: item.top):
        below = (at for at, line in enumerate(placed) if line.top >= item.top)
        placed.insert(next(below, len(placed)), item)
    return iter(placed)


def _in_reading_order(boxes: list[LTTextBox]) -> list[LTTextBox]:
    """From top to bottom, unless boxes stand side by side: then pdfminer's grouping knows columns better."""
    for number, one in enumerate(boxes[:_MOST_BOXES]):
        for other in boxes[number + 1 : _MOST_BOXES]:
            overlap = min(one.y1, other.y1) - max(one.y0, other.y0)
            apart = one.x1 <= other.x0 or other.x1 <= one.x0
            if apart and overlap > 0.5 * min(one.height, other.height):
                return boxes
    return sorted(boxes, key=lambda box: -box.y1)


def _is_table(table: Any) -> bool:
    return len(table.rows) > 1 and max(len(row.cells) for row in table.rows) > 1


def _lines(box: LTTextBox, page: Any, tables: Sequence[tuple[float, float, float, float]]) -> Iterator[_Line]:
    opens = True
    for line in cast("Iterable[LTTextLine]", box):
        text = " ".join(line.get_text().split())
        if not text:
            continue
        top = float(page.height) - line.y1
        if _is_inside(line, page, tables):
            continue
        characters = [char for char in line if isinstance(char, LTChar) and not char.get_text().isspace()]
        size = Counter(round(char.size, 1) for char in characters).most_common(1)[0][0] if characters else 0.0
        bold = bool(characters) and all("bold" in char.fontname.lower() for char in characters)
        yield _Line(text, size, bold, top, page.page_number, opens)
        opens = False


def _without_frame(items: Sequence[_Item]) -> list[_Item]:
    """Without page numbers, and without headers and footers that come again on most pages."""
    pages = {item.page for item in items}
    places = Counter((item.text, round(item.top)) for item in items if isinstance(item, _Line))
    often = {place for place, count in places.items() if len(pages) > 2 and count > len(pages) / 2}

    def is_frame(item: _Item) -> bool:
        if not isinstance(item, _Line):
            return False
        return (item.text, round(item.top)) in often or (item.opens and bool(_PAGE_NUMBER.match(item.text)))

    return [item for item in items if not is_frame(item)]


def _blocks(items: Sequence[_Item]) -> Iterator[Block]:
    lines = [item for item in items if isinstance(item, _Line)]
    body = _body_size(lines)
    ranks = {size: rank for rank, size in enumerate(_heading_sizes(lines, body), start=1)}
    paragraph: list[_Line] = []
    for item in items:
        if isinstance(item, _Line) and not _is_heading(item, body):
            if paragraph and item.opens and not _continues(paragraph[-1], item):
                yield _paragraph(paragraph)
                paragraph = []
            paragraph.append(item)
            continue
        if paragraph:
            yield _paragraph(paragraph)
            paragraph = []
        if isinstance(item, _Page):
            yield from item.blocks
        elif isinstance(item, _Table):
            yield Block(BlockKind.TABLE, _markdown_table(item.rows), page=item.page)
        else:
            yield Block(BlockKind.HEADING, item.text, level=ranks.get(item.size, 6), page=item.page)
    if paragraph:
        yield _paragraph(paragraph)


def _body_size(lines: Sequence[_Line]) -> float:
    weights: Counter[float] = Counter()
    for line in lines:
        weights[line.size] += len(line.text)
    return weights.most_common(1)[0][0] if weights else 0.0


def _heading_sizes(lines: Sequence[_Line], body: float) -> list[float]:
    return sorted({line.size for line in lines if _is_heading(line, body)}, reverse=True)[:6]


def _is_heading(line: _Line, body: float) -> bool:
    """Larger than the running text, or bold, short and a paragraph of its own."""
    if len(line.text) > _LONGEST_HEADING or not any(char.isalpha() for char in line.text):
        return False
    if line.size >= body * _HEADING_FACTOR:
        return True
    return line.bold and line.opens and line.size >= body and not line.text.endswith((".", ",", ";", ":"))


def _continues(last: _Line, line: _Line) -> bool:
    """Whether a paragraph goes on at the head of the next page or column: no full stop before, a small letter after."""
    return not last.text.endswith((".", "!", "?", ":", "。")) and line.text[:1].islower() and last.page != line.page


def _paragraph(lines: Sequence[_Line]) -> Block:
    return Block(BlockKind.TEXT, "\n".join(line.text for line in lines), page=lines[0].page)


def _markdown_table(rows: Sequence[Sequence[str]]) -> str:
    def row(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    return "\n".join([row(rows[0]), "|" + " --- |" * len(rows[0]), *(row(cells) for cells in rows[1:])])
