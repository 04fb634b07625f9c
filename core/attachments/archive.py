"""Zip files, looked at before anything unpacks them: a small one can hold terabytes, or itself."""

from __future__ import annotations

import time
import zipfile
from dataclasses import dataclass
from pathlib import PurePath
from typing import BinaryIO

from core.domain.errors import ExtractionFailed

_NESTED = frozenset(
    (".zip", ".jar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".tar", ".zst", ".lz", ".cab", ".iso")
)
_RATIO_MATTERS = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ExtractionLimits:
    """Bytes and counts. ``ratio``: unpacked to packed size of an archive member; office documents reach about 50, bombs
    start at 1,000. ``dots``: of a picture once it is unpacked. ``pages`` of a scan are read, in Tesseract's ``languages``.
    ``reading_seconds``: of the processor, before it is ended.
    """

    output_chars: int = 200_000
    members: int = 200
    unpacked: int = 100 * 1024 * 1024
    ratio: int = 200
    dots: int = 64_000_000
    pages: int = 10
    reading_seconds: float = 20.0
    languages: tuple[str, ...] = ()

    @property
    def is_late(self) -> bool:
        """Whether the process, which was made for this file, has used up its time for scans and for documents in archives."""
        return time.process_time() > self.reading_seconds


def inspect(file: BinaryIO, limits: ExtractionLimits) -> list[zipfile.ZipInfo]:
    """The members that are files. Raises ExtractionFailed when it is not safe to unpack them.

    The sizes are the archive's own claims, which ``zipfile`` then enforces while reading.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
        raise ExtractionFailed("The archive is broken.") from error
    finally:
        file.seek(0)
    if len(members) > limits.members * 10:
        raise ExtractionFailed(f"The archive holds more than {limits.members * 10} files.")
    if sum(member.file_size for member in members) > limits.unpacked:
        raise ExtractionFailed("The archive is too large when unpacked.")
    for member in members:
        _check(member, limits)
    return members


def _check(member: zipfile.ZipInfo, limits: ExtractionLimits) -> None:
    if member.flag_bits & 0x1:
        raise ExtractionFailed("The archive is protected by a password.")
    if member.file_size > _RATIO_MATTERS and member.file_size > limits.ratio * max(1, member.compress_size):
        raise ExtractionFailed("The archive is packed far more tightly than real files are; it was not unpacked.")
    if PurePath(member.filename).suffix.lower() in _NESTED:
        raise ExtractionFailed("The archive holds another archive, which is not unpacked.")
