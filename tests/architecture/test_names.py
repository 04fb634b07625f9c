"""A room per thing and a name on the door; nothing half done behind it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.sources import PACKAGES, is_text, python_files, read, tracked

_NO_NOUN = {
    "utils",
    "util",
    "helpers",
    "helper",
    "manager",
    "managers",
    "base",
    "common",
    "misc",
    "shared",
    "tools_old",
}
_HALF_DONE = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|raise NotImplemented(Error)?\b")
_NOT_RUN = re.compile(r"pytest\.(skip|xfail|importorskip)\b|mark\.(skip|skipif|xfail)\b|unittest\.skip")
_READS_ENVIRONMENT = re.compile(r"\bos\.(environ|getenv)\b|from os import .*(environ|getenv)")


def _hits(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    return [
        f"{path}:{number}: {line.strip()}"
        for path in paths
        for number, line in enumerate(read(path).splitlines(), 1)
        if pattern.search(line)
    ]


def test_every_file_and_folder_is_named_after_a_noun() -> None:
    sources = [path for path in tracked() if path.suffix in (".py", ".ts", ".tsx")]
    nameless = [str(path) for path in sources if _NO_NOUN & {part.split(".")[0].lower() for part in path.parts}]
    assert nameless == []


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {path.parent for path in python_files("tests")}
    packages = {path.parent for path in python_files("tests") if path.name == "__init__.py"}
    assert sorted(map(str, folders - packages)) == []


def test_nothing_is_half_done() -> None:
    own = Path(__file__).name
    sources = [path for path in tracked() if path.suffix in (".py", ".ts", ".tsx", ".sh") and path.name != own]
    assert _hits(_HALF_DONE, sources) == []


def test_no_test_is_left_out() -> None:
    assert _hits(_NOT_RUN, [path for path in python_files("tests", "bench") if path.name != Path(__file__).name]) == []


def test_only_config_reads_the_environment() -> None:
    others = [name for name in PACKAGES if name != "config"]
    assert _hits(_READS_ENVIRONMENT, python_files(*others)) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_says_why_it_is_there(package: str) -> None:
    texts = {str(path): read(path).lstrip() for path in python_files(package)}
    silent = [name for name, text in texts.items() if text and not text.startswith(('"""', 'r"""'))]
    assert silent == []


def test_every_text_file_ends_with_a_newline_and_has_no_windows_line_ends() -> None:
    texts = [path for path in tracked() if is_text(path) and path.suffix != ".svg" and "static" not in path.parts]
    wrong = [str(path) for path in texts if read(path) and ("\r\n" in read(path) or not read(path).endswith("\n"))]
    assert wrong == []
