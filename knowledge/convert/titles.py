"""Finds what a document calls itself."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import ParseError

from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]

from knowledge.documents import Block, BlockKind

_CORE_PROPERTIES = "docProps/core.xml"
_DUBLIN_CORE_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_LARGEST_PROPERTIES = 1_000_000
_MEANINGLESS = re.compile(
    r"^(untitled|document\d*|book\d*|presentation\d*|microsoft word - .*|powerpoint presentation|\(anonymous\))$",
    re.IGNORECASE,
)


def choose_title(*candidates: str | None, path: Path) -> str:
    """The first candidate that says something, on one line; the file's name in words when none does."""
    for candidate in candidates:
        words = " ".join((candidate or "").split())
        if words and not _MEANINGLESS.match(words):
            return words[:200]
    return " ".join(re.split(r"[-_\s]+", path.stem)).strip().capitalize() or path.name


def first_heading(blocks: Sequence[Block]) -> str | None:
    """The document's heading of the highest rank, if it comes before any other heading."""
    headings = [block for block in blocks if block.kind is BlockKind.HEADING]
    if headings and headings[0].level == min(heading.level for heading in headings):
        return headings[0].text
    return None


def office_title(path: Path) -> str | None:
    """The title in a Word, Excel or PowerPoint file's properties (ECMA-376 part 2, core properties)."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(_CORE_PROPERTIES).file_size > _LARGEST_PROPERTIES:
                return None
            title = fromstring(archive.read(_CORE_PROPERTIES)).findtext(_DUBLIN_CORE_TITLE)
            return title.strip() if title else None
    except (OSError, KeyError, zipfile.BadZipFile, ParseError, ValueError):
        return None
