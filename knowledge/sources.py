"""Finds the files that paths, folders and patterns stand for."""

from __future__ import annotations

import glob
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from knowledge.documents import SourceFile

_OFFICE = {".csv", ".docx", ".epub", ".ipynb", ".msg", ".pdf", ".pptx", ".tsv", ".xls", ".xlsx"}
_TEXT = {".htm", ".html", ".json", ".markdown", ".md", ".rst", ".txt", ".xml", ".yaml", ".yml"}

READABLE = frozenset(_OFFICE | _TEXT)
"""What is taken from a folder. A file that is named on its own is tried whatever its ending."""

_MAGIC = frozenset("*?[")
_IGNORED_FOLDERS = frozenset({"node_modules", "__pycache__"})


@dataclass(frozen=True, slots=True)
class Scan:
    """What was found. ``failures`` are roots that could not be read: nothing of theirs may be taken for vanished."""

    files: tuple[SourceFile, ...]
    failures: tuple[tuple[str, str], ...]

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
    for root in roots:
        try:
            found = list(_files_of(root))
        except OSError as error:
            failures.append((root, f"cannot be read: {error.strerror or error}"))
            continue
        except ValueError as error:
            failures.append((root, str(error)))
            continue
        for file in found:
            files.setdefault(file.path.resolve(), file)
    return Scan(tuple(files.values()), tuple(failures))


def _files_of(root: str) -> Iterator[SourceFile]:
    if "://" in root:
        raise ValueError("web addresses cannot be indexed; save the page as a file and give its path")
    path = Path(root)
    if path.is_dir():
        found = [_source_file(file, path, root) for file in _walk(path)]
        if not found:
            raise ValueError("the folder holds no document that can be read")
        return iter(found)
    if path.is_file():
        return iter([_source_file(path, path.parent, root, whole_folder=False)])
    if _MAGIC & set(root):
        return _matching(root)
    raise ValueError("there is no such file or folder")


def _matching(pattern: str) -> Iterator[SourceFile]:
    fixed = Path(*_before_magic(Path(pattern).parts))
    matches = sorted(Path(match) for match in glob.glob(pattern, recursive=True))  # noqa: PTH207 - Path.glob cannot take absolute patterns
    files = [match for match in matches if match.is_file() and match.suffix.lower() in READABLE]
    if not files:
        raise ValueError("nothing that can be read matches this pattern")
    return iter([_source_file(file, fixed, pattern) for file in files])


def _before_magic(parts: Sequence[str]) -> list[str]:
    fixed: list[str] = []
    for part in parts:
        if _MAGIC & set(part):
            break
        fixed.append(part)
    return fixed


def _walk(folder: Path) -> Iterator[Path]:
    for here, folders, names in os.walk(folder, onerror=_reraise):
        folders[:] = sorted(name for name in folders if name not in _IGNORED_FOLDERS and not name.startswith("."))
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
