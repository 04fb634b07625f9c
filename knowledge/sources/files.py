"""Finds the files that paths, folders and patterns stand for."""

from __future__ import annotations

import glob
import hashlib
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from knowledge.documents import SourceFile

_OFFICE = {".csv", ".docx", ".epub", ".ipynb", ".msg", ".pdf", ".pptx", ".tsv", ".xls", ".xlsx"}
_TEXT = {".htm", ".html", ".json", ".markdown", ".md", ".rst", ".txt", ".xml", ".yaml", ".yml"}

READABLE = frozenset(_OFFICE | _TEXT)
"""What is taken from a folder. A file that is named on its own is tried whatever its ending."""

_MAGIC = frozenset("*?[")
IGNORED_FOLDERS = frozenset({"node_modules", "__pycache__"})
NOT_A_FILE = "is no regular file, but a pipe, a socket or a device"
_LEADS_OUT = "is a link that leads out of the folder that was named; name its target to have it read"


def files_of(root: str) -> tuple[list[SourceFile], dict[str, str]]:
    """What a path or pattern holds, and what of it is skipped and why. Raises ValueError when there is nothing to read, OSError.

    Somebody who names a link itself means what it leads to.
    """
    path = Path(root)
    if path.is_dir():
        found = _sorted_out(_walk(path), path, root)
        if not any(found):
            raise ValueError("the folder holds no document that can be read")
        return found
    if path.is_file():
        return [_source_file(path, path.parent, root, whole_folder=False)], {}
    if path.exists():
        raise ValueError(NOT_A_FILE)
    if _MAGIC & set(root):
        return _matching(root)
    raise ValueError("there is no such file or folder")


def _matching(pattern: str) -> tuple[list[SourceFile], dict[str, str]]:
    fixed = before_magic(Path(pattern))
    matches = sorted(Path(match) for match in glob.glob(pattern, recursive=True))  # noqa: PTH207 - Path.glob cannot take absolute patterns
    readable = (match for match in matches if match.suffix.lower() in READABLE and not match.is_dir())
    found = _sorted_out(readable, fixed, pattern)
    if not any(found):
        raise ValueError("nothing that can be read matches this pattern")
    return found


def _sorted_out(paths: Iterable[Path], folder: Path, root: str) -> tuple[list[SourceFile], dict[str, str]]:
    """Only regular files below ``folder``: whoever may put a link there must not have the rest of the machine read."""
    inside = real(folder)
    files: list[SourceFile] = []
    skipped: dict[str, str] = {}
    for path in paths:
        file = _source_file(path, folder, root)
        if not real(path).is_relative_to(inside):
            skipped[file.source] = _LEADS_OUT
        elif path.exists() and not path.is_file():
            skipped[file.source] = NOT_A_FILE
        else:
            files.append(file)
    return files, skipped


def real(path: Path) -> Path:
    """Where links lead in the end. Unlike Path.resolve it does not raise for links that lead to each other."""
    return Path(os.path.realpath(path))


def before_magic(pattern: Path) -> Path:
    """The folder that a pattern begins in; a path that is none stays as it is."""
    fixed: list[str] = []
    for part in pattern.parts:
        if _MAGIC & set(part):
            break
        fixed.append(part)
    return Path(*fixed)


def _walk(folder: Path) -> Iterator[Path]:
    """Files, and links to folders outside. Links to folders inside come after the folders, so that these keep their names."""
    inside = real(folder)
    seen: set[Path] = set()
    ahead = deque([folder])
    while ahead:
        start = ahead.popleft()
        for here, folders, names in os.walk(start, onerror=_reraise):
            place = real(Path(here))
            if place in seen:
                folders.clear()
                continue
            seen.add(place)
            wanted = sorted(name for name in folders if name not in IGNORED_FOLDERS and not name.startswith("."))
            links = [Path(here) / name for name in wanted if (Path(here) / name).is_symlink()]
            ahead.extend(link for link in links if real(link).is_relative_to(inside))
            yield from (link for link in links if not real(link).is_relative_to(inside))
            folders[:] = wanted
            for name in sorted(names):
                if not name.startswith((".", "~$")) and Path(name).suffix.lower() in READABLE:
                    yield Path(here) / name


def _reraise(error: OSError) -> None:
    """A folder that cannot be opened makes the whole root fail: half a listing would look like deletions."""
    raise error


def identity_of(path: str) -> str:
    """The id of the document in the file at this absolute path."""
    return hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def document_ids(folder: Path) -> frozenset[str]:
    """Of every file below it, whether it is a document or not."""
    return frozenset(identity_of(str(path)) for path in folder.rglob("*"))


def category_of(parts: Sequence[str]) -> str | None:
    """The first folder of a place below its source, in words; what lies in the source itself has no category."""
    return parts[0].replace("-", " ").replace("_", " ").capitalize() if len(parts) > 1 else None


def _source_file(path: Path, folder: Path, root: str, *, whole_folder: bool = True) -> SourceFile:
    relative = path.relative_to(folder)
    shown = Path(folder.name) / relative if whole_folder else relative
    return SourceFile(identity_of(str(path)), path, shown.as_posix(), root, category_of(relative.parts))
