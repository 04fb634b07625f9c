"""Finds what a document calls itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath

from knowledge.documents import Block, BlockKind

_MEANINGLESS = re.compile(
    r"^(untitled|document\d*|book\d*|presentation\d*|microsoft word - .*|powerpoint presentation|\(anonymous\))$",
    re.IGNORECASE,
)


def choose_title(*candidates: str | None, path: PurePath) -> str:
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
