"""A complete upload in a temporary file: counted, hashed and typed before anything is kept."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

from core.attachments.disk_room import DiskRoom
from core.attachments.file_name import clean
from core.attachments.media_type import AttachmentPolicy, identify, with_ending
from core.attachments.opened import opened
from core.domain.attachments import Attachment, human_size
from core.domain.errors import FileRefused, TooLarge, Unreachable

_BATCH = 256 * 1024
_ABANDONED = 24 * 3600.0


def new_storage_key() -> str:
    """128 random bits, spread over 256 folders: nobody can guess one from another."""
    name = secrets.token_hex(16)
    return f"{name[:2]}/{name}"


class Spool:
    """One folder for files on their way in. Whatever a killed process left there is removed after a day."""

    def __init__(self, folder: Path, policy: AttachmentPolicy, room: DiskRoom | None = None) -> None:
        self._folder = folder
        self._policy = policy
        self._room = room or DiskRoom(folder)

    async def receive(
        self, chunks: AsyncIterator[bytes], *, name: str, declared_type: str | None
    ) -> tuple[Path, Attachment]:
        """A file that passed every check, not yet at its final place.

        Raises TooLarge, InvalidInput, NoRoom, Unreachable, and what ``chunks`` raise. Each time the temporary file is gone."""
        async with self._room.space(self._policy.max_bytes):
            path, attachment = await self._receive(chunks, name, declared_type)
            self._room.stored(attachment.size)
            return path, attachment

    async def _receive(
        self, chunks: AsyncIterator[bytes], name: str, declared_type: str | None
    ) -> tuple[Path, Attachment]:
        path = self._folder / secrets.token_hex(16)
        try:
            size, digest = await self._write(path, chunks)
            return path, await asyncio.to_thread(self._describe, path, size, digest, clean(name), declared_type)
        except OSError as error:
            await asyncio.to_thread(path.unlink, missing_ok=True)
            if isinstance(error, ConnectionError):
                raise  # the sender broke off; nothing is wrong with the disk
            raise Unreachable(f"The file could not be stored: {error.strerror or error}.") from error
        except BaseException:
            await asyncio.to_thread(path.unlink, missing_ok=True)
            raise

    async def _write(self, path: Path, chunks: AsyncIterator[bytes]) -> tuple[int, str]:
        size, digest, batch = 0, hashlib.sha256(), bytearray()
        async with opened(partial(_create, path)) as file:
            async for chunk in chunks:
                size += len(chunk)
                if size > self._policy.max_bytes:
                    raise TooLarge(f"The file is larger than {human_size(self._policy.max_bytes)}.")
                batch += chunk
                if len(batch) >= _BATCH:
                    await asyncio.to_thread(_write_batch, file, digest, bytes(batch))
                    batch.clear()
            await asyncio.to_thread(_write_batch, file, digest, bytes(batch))
            await asyncio.to_thread(os.fsync, file.fileno())
        return size, digest.hexdigest()

    def _describe(self, path: Path, size: int, digest: str, name: str, declared_type: str | None) -> Attachment:
        if size == 0:
            raise FileRefused("The file is empty. Choose it again, or another one.", "empty_file")
        media_type = identify(path, name=name, declared_type=declared_type, policy=self._policy)
        return Attachment(
            id=secrets.token_urlsafe(16),
            name=with_ending(name, media_type),
            media_type=media_type,
            size=size,
            sha256=digest,
            storage_key=new_storage_key(),
        )


def sweep(folder: Path, *, older_than: float = _ABANDONED) -> None:
    """Remove the files that were abandoned longer than ``older_than`` seconds ago. Blocking."""
    limit = time.time() - older_than
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # another process swept it first
            if path.is_file() and path.stat().st_mtime < limit:
                path.unlink()


def _create(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0)


def _write_batch(file: BinaryIO, digest: hashlib._Hash, batch: bytes) -> None:
    digest.update(batch)
    view = memoryview(batch)
    while view:
        view = view[file.write(view) :]
