"""The table that compares the desk with others is true: every row names tests that exist, every word on another its source."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.sources import read, tracked

_PAGE = Path("docs/reference/desk-compared.md")
_OTHERS = ("Chatwoot", "Plain", "ClearFeed", "Libredesk", "Intercom", "Unthread", "Thena", "Pylon")
_COLUMNS = ("what is needed", "Switchboard", *_OTHERS, "our test")
_TEST = re.compile(r"`([^`\s]+\.py)::(\w+)`")
_NOTE = re.compile(r"\[\^([\w-]+)\](?!:)")
_SOURCE = re.compile(r"^\[\^([\w-]+)\]: (\w+),? .*\]\(https://\S+\)", re.MULTILINE)


def _table() -> list[list[str]]:
    lines = [line for line in read(_PAGE).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]


_ROWS = _table()[2:]


@cache
def _functions(path: Path) -> set[str]:
    return {
        node.name for node in ast.parse(read(path)).body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_everybody_has_a_column() -> None:
    assert tuple(_table()[0]) == _COLUMNS
    assert len(_ROWS) >= 24, "what the desk is asked for has at least as many parts"
    assert len({row[0] for row in _ROWS}) == len(_ROWS)


@pytest.mark.parametrize("row", _ROWS, ids=lambda row: row[0])
def test_our_side_is_shown_by_tests_that_exist(row: list[str]) -> None:
    assert len(row) == len(_COLUMNS), row
    assert row[1], "our side says something"
    named = _TEST.findall(row[-1])
    assert named, "a row without a test"
    assert not _TEST.sub("", row[-1]).strip(), "nothing else stands in the last column"
    for file, function in named:
        assert Path(file) in tracked(), f"{file} is not there"
        assert function.startswith("test_")
        assert function in _functions(Path(file)), f"{file} has no {function}"


@pytest.mark.parametrize("row", _ROWS, ids=lambda row: row[0])
def test_what_is_said_of_others_has_a_source_of_theirs(row: list[str]) -> None:
    sources = dict(_SOURCE.findall(read(_PAGE)))
    for name, cell in zip(_OTHERS, row[2:-1], strict=True):
        notes = _NOTE.findall(cell)
        assert bool(notes) == bool(cell), f"{name}: {cell!r} names no source"
        assert {sources.get(note) for note in notes} <= {name}, f"{name}: {cell!r}"


def test_no_source_is_without_use() -> None:
    text = read(_PAGE)
    assert set(_NOTE.findall(text)) == {name for name, _ in _SOURCE.findall(text)}
