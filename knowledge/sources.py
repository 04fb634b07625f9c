"""Finds the files that paths, folders and patterns stand for."""

from __future__ import annotations

import glob
import hashlib
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from knowledge.documents import SourceFile

_OFFICE = {".csv", ".docx", ".epub", ".ipynb", ".msg", ".pdf", ".pptx", ".tsv", ".xls", ".xlsx"}
_TEXT = {".htm", ".html", ".json", ".markdown", ".md", ".rst", ".txt", ".xml", ".yaml", ".yml"}

READABLE = frozenset(_OFFICE | _TEXT)
"""What is taken from a folder. A file that is named on its own is tried whatever its ending."""

_MAGIC = frozenset("*?[")
_IGNORED_FOLDERS = frozenset({"node_modules", "__pycache__"})
NOT_A_FILE = "is no regular file, but a pipe, a socket or a device"
_LEADS_OUT = "is a link that leads out of the folder that was named; name its target to have it read"


@dataclass(frozen=True, slots=True)
class Scan:
    """What was found. ``failures`` are roots that could not be read: nothing of theirs may be taken for vanished.

    ``skipped`` are places in roots that are left alone on purpose, each with the reason.
    """

    files: tuple[SourceFile, ...]
    failures: tuple[tuple[str, str], ...]
    skipped: tuple[tuple[str, str], ...] = ()

    def failed(self, root: str) -> bool:
        """Whether this root could not be read."""
        return any(name == root for name, _ in self.failures)


def resolve(paths: Sequence[str]) -> list[str]:
    """Absolute forms of paths and patterns, since the process that reads them has a working folder of its own."""
    return [path if "://" in path else os.path.normpath(Path(path).expanduser().absolute()) for path in paths]


def scan(roots: Sequence[str]) -> Scan:
    """Every readable file under ``roots`` once, in a stable order."""
    files: dict[Path, SourceFile] = {}
    failures: list[tuple[str, str]] = []
    skipped: dict[str, str] = {}
    for root in roots:
        try:
            found, left = _files_of(root)
        except OSError as error:
            failures.append((root, f"cannot be read: {error.strerror or error}"))
            continue
        except ValueError as error:
            failures.append((root, str(error)))
            continue
        skipped.update(left)
        for file in sorted(found, key=lambda file: file.path.is_symlink()):  # the place itself before a link to it
            files.setdefault(_real(file.path), file)
    return Scan(tuple(files.values()), tuple(failures), tuple(skipped.items()))


def _files_of(root: str) -> tuple[list[SourceFile], dict[str, str]]:
    """What a root holds, and what of it is skipped and why. Somebody who names a link itself means what it leads to."""
    if "://" in root:
        raise ValueError("web addresses cannot be indexed; save the page as a file and give its path")
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
    fixed = Path(*_before_magic(Path(pattern).parts))
    matches = sorted(Path(match) for match in glob.glob(pattern, recursive=True))  # noqa: PTH207 - Path.glob cannot take absolute patterns
    readable = (match for match in matches if match.suffix.lower() in READABLE and not match.is_dir())
    found = _sorted_out(readable, fixed, pattern)
    if not any(found):
        raise ValueError("nothing that can be read matches this pattern")
    return found


def _sorted_out(paths: Iterable[Path], folder: Path, root: str) -> tuple[list[SourceFile], dict[str, str]]:
    """Only regular files below ``folder``: whoever may put a link there must not have the rest of the machine read."""
    inside = _real(folder)
    files: list[SourceFile] = []
    skipped: dict[str, str] = {}
    for path in paths:
        file = _source_file(path, folder, root)
        if not _real(path).is_relative_to(inside):
            skipped[file.source] = _LEADS_OUT
        elif path.exists() and not path.is_file():
            skipped[file.source] = NOT_A_FILE
        else:
            files.append(file)
    return files, skipped


def _real(path: Path) -> Path:
    """Where links lead in the end. Unlike Path.resolve it does not raise for links that lead to each other."""
    return Path(os.path.realpath(path))


def _before_magic(parts: Sequence[str]) -> list[str]:
    fixed: list[str] = []
    for part in parts:
        if _MAGIC & set(part):
            break
        fixed.append(part)
    return fixed


def _walk(folder: Path) -> Iterator[Path]:
    """Files, and links to folders outside. Links to folders inside come after the folders, so that these keep their names."""
    inside = _real(folder)
    seen: set[Path] = set()
    ahead = deque([folder])
    while ahead:
        start = ahead.popleft()
        for here, folders, names in os.walk(start, onerror=_reraise):
            real = _real(Path(here))
            if real in seen:
                folders.clear()
                continue
            seen.add(real)
            wanted = sorted(name for name in folders if name not in _IGNORED_FOLDERS and not name.startswith("."))
            links = [Path(here) / name for name in wanted if (Path(here) / name).is_symlink()]
            ahead.extend(link for link in links if _real(link).is_relative_to(inside))
            yield from (link for link in links if not _real(link).is_relative_to(inside))
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


def _source_file(path: Path, folder: Path, root: str, *, whole_folder: bool = True) -> SourceFile:
    relative = path.relative_to(folder)
    shown = Path(folder.name) / relative if whole_folder else relative
    category = relative.parts[0].replace("-", " ").replace("_", " ").capitalize() if len(relative.parts) > 1 else None
    return SourceFile(identity_of(str(path)), path, shown.as_posix(), root, category)
