"""The security page covers every heading of OWASP ASVS 5.0.0, and names only tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.sources import read
from tests.servers.programs import ROOT

PAGE = Path("docs/reference/security.md")

SECTIONS = {
    "V1": 5,
    "V2": 4,
    "V3": 7,
    "V4": 4,
    "V5": 4,
    "V6": 8,
    "V7": 6,
    "V8": 4,
    "V9": 2,
    "V10": 7,
    "V11": 7,
    "V12": 3,
    "V13": 4,
    "V14": 3,
    "V15": 4,
    "V16": 5,
    "V17": 3,
}
"""Chapters of the standard, and how many headings each has."""

_STATES = ("Done", "Partly", "Not done", "Yours", "Not applicable", "Level 3 only")
_FILE = re.compile(r"`([\w.-]+(?:/[\w.-]+)+\.\w+)`")
_ROW = re.compile(r"^\| (V\d+\.\d+) [^|]+\|([^|]+)\|([^|]+)\|([^|]*)\|$", re.MULTILINE)
_THREAT = re.compile(r"^\| [STRIDE] \|([^|]+)\|([^|]+)\|([^|]+)\|([^|]*)\|$", re.MULTILINE)


def test_every_heading_of_the_standard_is_there_once() -> None:
    headings = [row[0] for row in _ROW.findall(read(PAGE))]
    assert headings == [f"{chapter}.{number}" for chapter, count in SECTIONS.items() for number in range(1, count + 1)]


@pytest.mark.parametrize("row", _ROW.findall(read(PAGE)), ids=lambda row: str(row[0]))
def test_a_heading_says_how_it_stands_and_what_shows_it(row: tuple[str, str, str, str]) -> None:
    _, done, shown_by, _ = (cell.strip() for cell in row)
    assert done.startswith(_STATES), f"begins with none of {_STATES}: {done}"
    assert _FILE.search(shown_by) or re.fullmatch(r"No test: .+", shown_by), shown_by
    if done.startswith(("Done", "Partly")):
        assert _FILE.search(shown_by), "what is done is shown by a test"


def test_every_threat_names_what_shows_that_it_is_met() -> None:
    threats = _THREAT.findall(read(PAGE))
    assert len(threats) > 20
    assert [threat for threat, _, shown_by, _ in threats if not _FILE.search(shown_by)] == []


def test_every_file_that_is_named_exists() -> None:
    named = set(_FILE.findall(read(PAGE)))
    assert {name for name in named if not (ROOT / name).is_file()} == set()
