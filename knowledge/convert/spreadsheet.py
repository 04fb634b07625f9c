"""Cleans tables that came out of a spreadsheet: no ``NaN`` and no made-up column names."""

from __future__ import annotations

import re

_UNNAMED = re.compile(r"Unnamed: \d+(?:_level_\d+)?")
_CELL = re.compile(r"(?<!\\)\|")


def tidy_tables(markdown: str) -> str:
    """The same tables with empty cells left empty, and without rows that hold nothing."""
    lines = (_tidy_row(line) if line.startswith("|") else line for line in markdown.split("\n"))
    return "\n".join(line for line in lines if line is not None)


def _tidy_row(line: str) -> str | None:
    cells = [cell.strip() for cell in _CELL.split(line.strip())[1:-1]]
    cleaned = ["" if cell == "NaN" or _UNNAMED.fullmatch(cell) else cell for cell in cells]
    if not any(cleaned):
        return None if not any("Unnamed" in cell for cell in cells) else line.replace(line, _row(cleaned))
    return _row(cleaned)


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
