"""Files that customers send, taken out of the mail that stays in the mailbox."""

from __future__ import annotations

import asyncio

from channels.email import mime
from channels.email.imap import ImapConnection
from channels.email.parse import file_place
from channels.email.part_file import OpenedFile, PartFile
from channels.email.settings import EmailSettings
from core.domain.attachments import AttachmentRef
from core.domain.errors import InvalidInput, Rejected, TooLarge


class Files:
    """``limit`` in bytes is the hub's own."""

    def __init__(self, settings: EmailSettings, limit: int) -> None:
        self._settings = settings
        self._limit = limit

    async def open(self, ref: AttachmentRef) -> OpenedFile:
        """Raises Rejected for what is gone, TooLarge, AuthFailed, Unreachable."""
        if (ref.size or 0) > self._limit:
            raise TooLarge(f"The file has more than {self._limit // 1024} kB.")
        try:
            body, number = await self._mail(ref.id)
            file = (await asyncio.to_thread(_files, body))[number]
        except (InvalidInput, IndexError):
            raise Rejected("The file is not in the mail.") from None
        if len(file.data) > self._limit:
            raise TooLarge(f"The file has more than {self._limit // 1024} kB.")
        return OpenedFile(file, ref.name)

    async def _mail(self, identifier: str) -> tuple[bytes, int]:
        folder, validity, uid, number, message_id = file_place(identifier)
        connection = ImapConnection(self._settings)
        try:
            await connection.open()
            if (await connection.select(folder)).validity != validity:
                found = await connection.with_message_id(message_id) if message_id else []
                if not found:
                    raise Rejected("The mailbox was numbered anew, and the mail with this file is not in it any more.")
                uid = found[0]
            if await connection.facts(uid) is None:
                raise Rejected("The mail with this file is not in the mailbox any more.")
            return await connection.body(uid), number
        finally:
            await connection.close()


def _files(body: bytes) -> tuple[PartFile, ...]:
    return mime.content(mime.opened(body)).files
