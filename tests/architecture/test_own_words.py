"""The project speaks of itself alone: no path of one person's machine, no address that only one place can reach."""

from __future__ import annotations

import re
from pathlib import Path

from tests.architecture.sources import is_text, read, tracked

_MACHINES = re.compile(r"(?<![\w.])/(?:work|home/\w+|Users/\w+)/(?:main|\w+/)|/tmp/setup")
_BESIDE = re.compile(r"\.\./shared\b")
_REGISTRIES = re.compile(r"pypi\.org|pythonhosted\.org|registry\.npmjs\.org|deb\.debian\.org", re.IGNORECASE)


def _hits(pattern: re.Pattern[str]) -> set[str]:
    texts = [path for path in tracked() if path.name != Path(__file__).name and is_text(path)]
    return {str(path) for path in texts if pattern.search(read(path))}


def test_no_path_of_one_machine() -> None:
    assert _hits(_MACHINES) == set()


def test_only_the_continuous_integration_knows_what_lies_beside_the_project() -> None:
    assert _hits(_BESIDE) <= {".ci/run"}


def test_no_package_registry_is_named() -> None:
    assert _hits(_REGISTRIES) == set()
