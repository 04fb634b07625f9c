"""Files that customers send, taken out of the mail that stays in the mailbox.

A mail's files are wanted one after the other: it is loaded once for all of them, and let go soon.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from channels.email.confined import ConfinedMail, UnreadMail
from channels.email.imap import ImapConnection, connected
from channels.email.parse import FilePlace, Section, file_place
from channels.email.part_file import OpenedFile, PartFile
from channels.email.settings import EmailSettings
from core.domain.attachments import AttachmentRef, human_size
from core.domain.errors import InvalidInput, Overloaded, Rejected, TooLarge, Unreachable

_KEPT_SECONDS: Final = 60.0
_MOST_KEPT: Final = 4
_OVERHEAD: Final = 1.4
"""How much longer a file may be on its way: base64 with its line ends."""

_Mail = tuple[str, int, int]
_T = TypeVar("_T")


class Files:
    """``limit`` in bytes is the hub's own."""

    def __init__(self, settings: EmailSettings, mail: ConfinedMail, limit: int) -> None:
        self._settings = settings
        self._mail = mail
        self._limit = limit
        self._kept: dict[_Mail, asyncio.Task[tuple[PartFile, ...]]] = {}

    async def open(self, ref: AttachmentRef) -> OpenedFile:
        """Raises Rejected for what is gone, TooLarge, AuthFailed, Unreachable."""
        self._check(ref.size or 0)
        try:
            place = file_place(ref.id)
            if isinstance(place.part, Section):
                file = PartFile(ref.name, ref.media_type or "", await self._section(place, place.part))
            else:
                file = await self._of_mail(place, place.part)
        except (InvalidInput, IndexError) as error:
            if isinstance(error, TooLarge):
                raise
            raise Rejected("The file is not in the mail.") from None
        self._check(len(file.data))
        return OpenedFile(file, ref.name)

    def _check(self, size: int) -> None:
        if size > self._limit:
            raise TooLarge(f"The file has more than {human_size(self._limit)}.")

    async def _of_mail(self, place: FilePlace, number: int) -> PartFile:
        mail = (place.folder, place.validity, place.uid)
        loading = self._kept.get(mail)
        if loading is None:
            loading = self._kept[mail] = asyncio.create_task(self._load(place))
            asyncio.get_running_loop().call_later(_KEPT_SECONDS, self._forget, mail, loading)
            for oldest in list(self._kept)[:-_MOST_KEPT]:
                del self._kept[oldest]
        try:
            files = await asyncio.shield(loading)  # others may wait for it
        except BaseException:
            self._forget(mail, loading)
            raise
        if number >= len(files) - 1:
            self._forget(mail, loading)
        return files[number]

    def _forget(self, mail: _Mail, loading: asyncio.Task[tuple[PartFile, ...]]) -> None:
        if self._kept.get(mail) is loading:
            del self._kept[mail]

    async def _load(self, place: FilePlace) -> tuple[PartFile, ...]:
        async with connected(self._settings) as connection:
            body = await connection.body(await self._find(connection, place))
        return await self._read(lambda: self._mail.files(body))

    async def _section(self, place: FilePlace, section: Section) -> bytes:
        async with connected(self._settings) as connection:
            uid = await self._find(connection, place)
            data = await connection.section(uid, section.path, int(self._limit * _OVERHEAD) + 1000)
        return await self._read(lambda: self._mail.section(data, section.encoding))

    async def _read(self, reading: Callable[[], Awaitable[_T]]) -> _T:
        """Raises Rejected for a mail that was tried twice, and Unreachable for a machine that starts no process."""
        try:
            try:
                return await reading()
            except UnreadMail:
                return await reading()
        except UnreadMail as error:
            raise Rejected(error.detail) from error
        except Overloaded as error:
            raise Unreachable(error.detail) from error

    async def _find(self, connection: ImapConnection, place: FilePlace) -> int:
        """Select the mail's folder. The mail's UID in it."""
        uid = place.uid
        if (await connection.select(place.folder)).validity != place.validity:
            found = await connection.with_message_id(place.message_id) if place.message_id else []
            if not found:
                raise Rejected("The mailbox was numbered anew, and the mail with this file is not in it any more.")
            uid = found[0]
        if await connection.facts(uid) is None:
            raise Rejected("The mail with this file is not in the mailbox any more.")
        return uid
