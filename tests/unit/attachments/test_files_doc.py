"""What the operator's page says of accepted and refused files is what happens to them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.attachments.archive import ExtractionLimits
from core.attachments.convert import READABLE
from core.attachments.extract import LIMITS
from core.attachments.formats import ACCEPTED, DANGEROUS_SUFFIXES, DOCX, PPTX, SUFFIXES, XLSX
from core.attachments.media_type import AttachmentPolicy, identify
from core.domain.errors import InvalidInput
from tests.unit.attachments.files import PNG, PROGRAM, written

_POLICY = AttachmentPolicy()
_PAGE = Path(__file__).resolve().parents[3] / "docs" / "howto" / "operate.md"


def _section() -> str:
    return _PAGE.read_text(encoding="utf-8").split("\n## Files\n", 1)[1].split("\n## ", 1)[0]


def _row(first: str) -> str:
    return next(line for line in _section().splitlines() if line.startswith(f"| {first}"))


def _type(folder: Path, name: str, content: bytes) -> str:
    return identify(written(folder, "upload", content), name=name, declared_type=None, policy=_POLICY)


def test_the_endings_that_are_offered_are_listed() -> None:
    listed = _section().split("\n|", 1)[0]
    assert set(re.findall(r"`(\.\w+)`", listed)) == set(_POLICY.suffixes())


def test_the_endings_that_are_refused_are_listed() -> None:
    assert set(re.findall(r"`(\.\w+)`", _row("refused by name"))) == DANGEROUS_SUFFIXES


_READ = {
    "text, as it is": {"text/plain", "text/markdown", "application/json", "application/xml"},
    "documents": {
        DOCX,
        PPTX,
        "application/pdf",
        "application/epub+zip",
        "application/vnd.ms-outlook",
        "application/x-ipynb+json",
        "text/html",
    },
    "spreadsheets": {XLSX, "application/vnd.ms-excel", "text/csv"},
    "pictures": {kind for kind in READABLE if kind.startswith("image/")},
    "archives": {"application/zip"},
}


@pytest.mark.parametrize("row", _READ)
def test_it_is_listed_how_each_format_is_read(row: str) -> None:
    endings = {ending for kind in _READ[row] for ending in SUFFIXES[kind]}
    assert set(re.findall(r"`(\.\w+)`", _row(row))) == endings


def test_every_format_that_is_taken_stands_in_one_row_and_at_least_fifteen_are_read() -> None:
    read = set().union(*_READ.values())
    assert read == READABLE
    assert len(read) >= 15
    recordings = {kind for kind in ACCEPTED if kind.startswith(("audio/", "video/"))}
    for row, kinds in (("recordings", recordings), ("not read", ACCEPTED - read - recordings)):
        assert set(re.findall(r"`(\.\w+)`", _row(row))) == {ending for kind in kinds for ending in SUFFIXES[kind]}


def test_the_limits_of_reading_are_the_ones_in_the_code() -> None:
    limits, section = ExtractionLimits(), " ".join(_section().split())
    assert f"{limits.output_chars:,} characters of text, {limits.dots // 10**6} million dots" in section
    assert f"{limits.members} files and {limits.unpacked // 2**20} MB in an archive" in section
    assert limits.pages == 10
    assert "are pictures like pictures, the first ten" in section
    assert f"{LIMITS.cpu_seconds} seconds of processor time, {LIMITS.memory // 2**30} GB of memory" in section


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tool.py", b"#!/usr/bin/env python3\nprint('hi')\n"),
        ("tool.rb", b"puts 1\n"),
        ("tool", b"#!/bin/sh\necho hi\n"),
        ("notes.txt", b"#!/bin/sh\necho hi\n"),
    ],
)
def test_source_code_is_taken_as_plain_text(tmp_path: Path, name: str, content: bytes) -> None:
    assert _type(tmp_path, name, content) == "text/plain"
    assert "`.py`" in _row("taken as plain text")
    assert "`#!`" in _row("taken as plain text")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *((f"notes{suffix}", b"only words") for suffix in sorted(DANGEROUS_SUFFIXES)),
        ("tool", PROGRAM),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("voice.ogg", PROGRAM),
        ("files.7z", b"7z\xbc\xaf\x27\x1c\x00\x04"),
        ("files.gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00"),
        ("random.bin", bytes(range(256))),
        ("empty.txt", b""),
        ("invoice.pdf", PROGRAM),
        ("notes.txt", b"<html><body>x</body></html>"),
        ("table.xlsx", PNG),
    ],
)
def test_what_is_called_refused_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(InvalidInput):
        _type(tmp_path, name, content)
