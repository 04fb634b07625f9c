"""One mail out of a folder. A mail that cannot be had must neither stop its folder for ever nor vanish.

It is asked for again, with the pauses of its folder's reading; after that it is put aside with all that is known of it.
Of a mail that is too large the text is read, and its files are named.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from channels.email.imap import ImapConnection, NotGiven
from channels.email.large_mail import reduced
from channels.email.parse import FOLDER, LEFT_OUT, UID, VALIDITY
from channels.email.settings import CHANNEL, EmailSettings
from core.domain.errors import ChannelError
from core.domain.messages import RawEvent

MOST_REFUSED: Final = 4
"""How often a mail is asked for that the server refuses to give."""
MOST_CUT: Final = 6
"""How often one at which the connection breaks: that may also be the network."""

_SMALL: Final = 256 * 1024
"""Bytes. Of a larger mail the text alone is read while the hub has no room for files."""


@dataclass(frozen=True, slots=True)
class Mail:
    """``trouble``: why the mail was not had; then its event holds what else is known, for a person to look."""

    raw: RawEvent
    trouble: str | None = None


class FolderMail:
    """Remembers how often the mail that is due was asked for in vain."""

    def __init__(self, settings: EmailSettings, folder: str, has_room: Callable[[], Awaitable[bool]]) -> None:
        self._settings = settings
        self._has_room = has_room
        self._folder = folder
        self._due: tuple[int, int] | None = None
        self._tries = 0

    async def get(
        self, connection: ImapConnection, validity: int, uid: int, since: datetime | None = None
    ) -> Mail | None:
        """None when it is no longer there, or came before ``since``. Raises what went wrong while it is to be asked for again."""
        try:
            found = await self._get(connection, validity, uid, since)
        except Exception as error:  # a server's odd answer too: no mail may hold up those that came after it
            self._tries = self._tries + 1 if self._due == (validity, uid) else 1
            self._due = validity, uid
            if self._tries < (MOST_CUT if _may_be_the_network(error) else MOST_REFUSED):
                raise
            found = await self._given_up(connection, validity, uid, error)
        self._due = None
        return found

    def unloaded(self, validity: int, uid: int) -> RawEvent:
        """A mail that is not looked at any more: where it is."""
        return self._raw(validity, uid, b"", None)

    async def _get(self, connection: ImapConnection, validity: int, uid: int, since: datetime | None) -> Mail | None:
        facts = await connection.facts(uid)
        if facts is None or (since is not None and facts.arrived < since.replace(microsecond=0)):
            return None
        most = self._settings.largest_mail
        if facts.size > min(most, _SMALL) and not await self._has_room():
            most = _SMALL
        if facts.size > most:
            body, left_out = await reduced(connection, uid)
            return Mail(self._raw(validity, uid, body, facts.arrived, {LEFT_OUT: left_out}))
        return Mail(self._raw(validity, uid, await connection.body(uid), facts.arrived))

    async def _given_up(self, connection: ImapConnection, validity: int, uid: int, error: Exception) -> Mail:
        head = b""
        if not _may_be_the_network(error):
            with contextlib.suppress(ChannelError):
                head = await connection.head(uid)
        said = (
            f"The mail with UID {uid} in {self._folder} was asked for {self._tries} times in vain: {_error_text(error)}"
        )
        return Mail(self._raw(validity, uid, head, None), said)

    def _raw(
        self,
        validity: int,
        uid: int,
        body: bytes,
        arrived: datetime | None,
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> RawEvent:
        headers = {FOLDER: self._folder, VALIDITY: str(validity), UID: str(uid), **more}
        return RawEvent(CHANNEL, self._settings.account, body, headers, arrived)


def _may_be_the_network(error: Exception) -> bool:
    return isinstance(error, ChannelError) and not isinstance(error, NotGiven)


def _error_text(error: Exception) -> str:
    return error.detail if isinstance(error, ChannelError) else f"{type(error).__name__} in what the server says of it."
