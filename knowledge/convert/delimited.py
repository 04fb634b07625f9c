"""Tables in text files: commas, semicolons, tabs or bars between the fields, whatever the program wrote that saved them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import islice

from knowledge.documents import Block, BlockKind, UnreadableDocument

_DELIMITERS = ",;\t|"
_SAMPLE_ROWS = 200
_SAMPLE = 256 * 1024
_LONGEST_FIELD = 1024 * 1024
_MOST_COLUMNS = 2_000
_MOST_CELLS = 1_000_000
"""More than any table for people; data for programs answers no customer."""
_ANNOUNCED = "sep="
"""Excel's own way of naming the delimiter, in a line before the header."""


def table_of(text: str) -> list[Block]:
    """The whole file as one table, its first row the header. Raises UnreadableDocument with the line of a mistake."""
    delimiter, body = _announced(text)
    rows = _bounded(_rows(body, delimiter or sniff(body)))
    if not rows:
        return []
    width = max(len(row) for row in rows)
    rows[0].extend([""] * (width - len(rows[0])))
    lines = [_line(row) for row in rows]
    lines.insert(1, "| " + " | ".join(["---"] * width) + " |")
    return [Block(BlockKind.TABLE, "\n".join(lines))]


def _bounded(rows: Iterator[list[str]]) -> list[list[str]]:
    """The rows without the empty fields at their ends, of which spreadsheets write any number. Short rows stay short."""
    found, cells = [], 0
    for row in rows:
        while not row[-1].strip():
            row.pop()
        cells += len(row)
        if len(row) > _MOST_COLUMNS or cells > _MOST_CELLS:
            raise UnreadableDocument(f"the table has more than {_MOST_COLUMNS:,} columns or {_MOST_CELLS:,} fields")
        found.append(row)
    return found


def sniff(text: str) -> str:
    """The delimiter under which most rows have as many fields as the header. A comma when there is but one column.

    Judged by parsing, not by counting characters: "9,50" in a file with semicolons holds no second field.
    """
    best, most = ",", (0, 1)
    for delimiter in _DELIMITERS:
        try:
            rows = list(islice(_rows(text[:_SAMPLE], delimiter), _SAMPLE_ROWS))
        except UnreadableDocument:
            continue
        width = len(rows[0]) if rows else 0
        found = (sum(len(row) == width for row in rows), width)
        if width > 1 and found > most:
            best, most = delimiter, found
    return best


def _announced(text: str) -> tuple[str | None, str]:
    first, _, rest = text.partition("\n")
    name = first.rstrip("\r")
    if name.lower().startswith(_ANNOUNCED) and len(name) == len(_ANNOUNCED) + 1:
        return name[-1], rest
    return None, text


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    """Rows in which something stands. Line breaks inside quotation marks belong to their field."""
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield row
    except csv.Error as error:
        raise UnreadableDocument(f"line {reader.line_num}: {error}; is a quotation mark left open?") from error


def _line(row: Sequence[str]) -> str:
    cells = (" ".join(cell.split()).replace("|", "\\|") for cell in row)
    return "| " + " | ".join(cells) + " |"
