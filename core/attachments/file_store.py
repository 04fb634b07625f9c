"""Attachments in a folder on this machine (the default: ``DATA_DIR/attachments``)."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

from core.attachments.disk_room import DiskRoom
from core.attachments.media_type import AttachmentPolicy
from core.attachments.opened import opened
from core.attachments.spool import Spool, sweep
from core.domain.attachments import Attachment
from core.domain.errors import NotFound, Unreachable

_KEY = re.compile(r"([0-9a-f]{2})/\1[0-9a-f]{30}")
_CHUNK = 64 * 1024


def checked(storage_key: str) -> str:
    """A key of the one shape that :func:`new_storage_key` makes; anything else is nobody's file. Raises NotFound."""
    if not _KEY.fullmatch(storage_key):
        raise NotFound("There is no such file.")
    return storage_key


async def read_file(path: Path) -> AsyncIterator[bytes]:
    """Chunks of a local file, read off the event loop. Raises NotFound."""
    try:
        async with opened(lambda: path.open("rb")) as file:
            while chunk := await asyncio.to_thread(file.read, _CHUNK):
                yield chunk
    except FileNotFoundError:
        raise NotFound("The file is no longer here.") from None


class FileStore:
    """Files under unguessable names, renamed into place only when complete and on the disk."""

    def __init__(self, folder: Path, policy: AttachmentPolicy | None = None, room: DiskRoom | None = None) -> None:
        self._folder = folder
        self._spool = Spool(folder / "incoming", policy or AttachmentPolicy(), room)

    async def start(self) -> None:
        """Make the folders and remove abandoned uploads. Raises Unreachable."""
        try:
            await asyncio.to_thread(self._prepare)
        except OSError as error:
            raise Unreachable(f"{self._folder} cannot be used: {error.strerror or error}.") from error

    async def put(self, chunks: AsyncIterator[bytes], *, name: str, declared_type: str | None) -> Attachment:
        path, attachment = await self._spool.receive(chunks, name=name, declared_type=declared_type)
        try:
            await asyncio.to_thread(self._keep, path, attachment.storage_key)
        except OSError as error:
            await asyncio.to_thread(path.unlink, missing_ok=True)
            raise Unreachable(f"The file could not be stored: {error.strerror or error}.") from error
        return attachment

    def open(self, attachment: Attachment) -> AsyncIterator[bytes]:
        return read_file(self._path(attachment.storage_key))

    async def local_path(self, attachment: Attachment) -> Path:
        path = self._path(attachment.storage_key)
        if not await asyncio.to_thread(path.is_file):
            raise NotFound("The file is no longer here.")
        return path

    async def delete(self, storage_key: str) -> None:
        await asyncio.to_thread(self._path(storage_key).unlink, missing_ok=True)

    async def ping(self) -> None:
        try:
            await asyncio.to_thread(self._probe)
        except OSError as error:
            raise Unreachable(f"Attachments cannot be written: {error.strerror or error}.") from error

    def _path(self, storage_key: str) -> Path:
        return self._folder / checked(storage_key)

    def _prepare(self) -> None:
        (self._folder / "incoming").mkdir(parents=True, exist_ok=True, mode=0o700)
        sweep(self._folder / "incoming")

    def _keep(self, spooled: Path, storage_key: str) -> None:
        target = self._path(storage_key)
        new_folder = not target.parent.exists()
        target.parent.mkdir(exist_ok=True, mode=0o700)
        spooled.rename(target)
        _sync_folder(target.parent)
        if new_folder:
            _sync_folder(self._folder)

    def _probe(self) -> None:
        probe = self._folder / "incoming" / f"probe-{secrets.token_hex(8)}"
        probe.write_bytes(b"x" * 4096)
        probe.unlink()


def _sync_folder(folder: Path) -> None:
    """A rename is durable only when its folder is (POSIX leaves it open; ext4 and xfs need this)."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
