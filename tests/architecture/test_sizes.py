"""Small files and small functions (the house style's budget): past it, a file holds two nouns."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tests.architecture.sources import PACKAGES, python_files, read, tracked

FILE_LIMIT = 400
FUNCTION_LIMIT = 60
FILE_BUDGET = {0.5: 120, 0.95: 400}
FUNCTION_BUDGET = {0.5: 10, 0.95: 40}

# Path or "path::function" with the reason why it may be larger. Meant to stay short.
ALLOWED: dict[str, str] = {
    "core/storage/migrations/versions/m0001_first_schema.py::upgrade": "one list of tables, written once, never edited",
}


def _files() -> list[Path]:
    typescript = [path for path in tracked() if path.suffix in (".ts", ".tsx")]
    return python_files() + typescript


def _lines(path: Path) -> int:
    return len(read(path).splitlines())


@cache
def _functions(path: Path) -> Sequence[tuple[str, int]]:
    return [
        (f"{path}::{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in ast.walk(ast.parse(read(path)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def _percentile(values: list[int], part: float) -> int:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def test_no_file_holds_two_nouns() -> None:
    large = {str(path): _lines(path) for path in _files() if _lines(path) > FILE_LIMIT and str(path) not in ALLOWED}
    assert not large, f"over {FILE_LIMIT} lines: {large}"


def test_no_function_does_two_things() -> None:
    sizes = dict(size for path in python_files() for size in _functions(path))
    large = {name: lines for name, lines in sizes.items() if lines > FUNCTION_LIMIT and name not in ALLOWED}
    assert not large, f"over {FUNCTION_LIMIT} lines: {large}"


def test_the_usual_file_and_function_are_small() -> None:
    files = [_lines(path) for path in python_files(*PACKAGES)]
    functions = [lines for path in python_files(*PACKAGES) for _, lines in _functions(path)]
    assert {part: _percentile(files, part) <= limit for part, limit in FILE_BUDGET.items()} == {0.5: True, 0.95: True}
    for part, limit in FUNCTION_BUDGET.items():
        assert _percentile(functions, part) <= limit, f"{part:.0%} of the functions have more than {limit} lines"


def test_exceptions_name_files_that_exist() -> None:
    files = {str(path) for path in tracked()}
    assert [name for name in ALLOWED if name.split("::")[0] not in files] == []
