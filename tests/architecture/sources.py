"""The files that the rules apply to: everything that is, or is about to be, in the repository."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

from tests.servers.programs import ROOT

PACKAGES = ("api", "channels", "config", "core", "handoff", "knowledge")


@cache
def tracked() -> tuple[Path, ...]:
    """Files known to git and new ones that it does not ignore, relative to the root."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return tuple(sorted({Path(name) for name in names if name and (ROOT / name).is_file()}))


def python_files(*folders: str) -> list[Path]:
    """Python files, in ``folders`` if any are named."""
    return [path for path in tracked() if path.suffix == ".py" and (not folders or path.parts[0] in folders)]


def read(path: Path) -> str:
    """The text of a tracked file."""
    return (ROOT / path).read_text(encoding="utf-8")


def is_text(path: Path) -> bool:
    """Whether a file is UTF-8 text, for people to read."""
    try:
        return "\0" not in (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return False
