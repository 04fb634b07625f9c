"""One connection to the IMAP server (RFC 3501, IDLE: RFC 2177), in a thread of its own: IMAPClient is a blocking library.

It was chosen for its licence (BSD), and because a connection is a plain socket: one with its own authorities after STARTTLS,
that ends at once when it is shut down. Every method raises Unreachable or AuthFailed.
"""

from __future__ import annotations

import asyncio
import contextlib
import imaplib
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TypeVar

from imapclient import IMAPClient, SocketTimeout  # type: ignore[import-untyped]
from imapclient.exceptions import LoginError  # type: ignore[import-untyped]

from channels.email.mime import LONGEST_HEADERS
from channels.email.settings import EmailSettings, Security
from core.domain.errors import AuthFailed, ChannelError, Unreachable

_CONNECT: Final = 15.0
_READ: Final = 60.0
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Numbers:
    """How a folder counts: UIDs hold as long as ``validity`` does not change; ``following`` is the next one to be given."""

    validity: int
    following: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Of a mail: when it came into the mailbox, and how many bytes it has."""

    arrived: datetime
    size: int


class NotGiven(Unreachable):
    """The server is there, and refuses one mail, or leaves it out."""


class ImapConnection:
    """``open`` first, ``close`` in the end. One call at a time."""

    def __init__(self, settings: EmailSettings) -> None:
        self._settings = settings
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="imap")
        self._client: Any = None
        self._idling = False
        self._gone = False

    async def open(self) -> None:
        """Connect, secure, log in."""
        await self._run(self._open)

    async def select(self, folder: str) -> Numbers:
        """Look at a folder without changing anything in it: nothing is marked as read.

        A server need not say UIDNEXT (RFC 3501, section 6.3.1: then the client "can not make any assumptions"). Then the
        number of the last mail tells.
        """
        answer = await self._run(lambda: self._client.select_folder(folder, readonly=True))
        following = answer.get(b"UIDNEXT")
        if following is None:
            following = max(await self._search("UID", "*") if int(answer[b"EXISTS"]) else (), default=0) + 1
        return Numbers(int(answer[b"UIDVALIDITY"]), int(following))

    async def after(self, uid: int) -> list[int]:
        """The UIDs above that one, in order. (``n:*`` always gives the last one, even below n: RFC 3501, section 6.4.8.)"""
        return [one for one in await self._search("UID", f"{uid + 1}:*") if one > uid]

    async def since(self, moment: datetime) -> list[int]:
        """The UIDs of mails that arrived on that day or later, in order; a day more, for the server's time zone."""
        return await self._search("SINCE", (moment - timedelta(days=1)).date())

    async def with_message_id(self, message_id: str) -> list[int]:
        """Where a mail is in the folder that is open."""
        return await self._search("HEADER", "Message-ID", message_id)

    async def facts(self, uid: int) -> Facts | None:
        """None when the mail is no longer there. Raises NotGiven when it is, and the server does not speak of it."""
        found = await self._items(uid, "RFC822.SIZE", "INTERNALDATE")
        if not found:
            if await self._search("UID", str(uid)):
                raise NotGiven("The server says nothing about this mail.")
            return None
        arrived = found.get(b"INTERNALDATE") or datetime.now(UTC)
        return Facts(arrived.astimezone(UTC), int(found.get(b"RFC822.SIZE") or 0))

    async def body(self, uid: int) -> bytes:
        """All of a mail. Raises NotGiven."""
        return await self._section(uid, "")

    async def head(self, uid: int) -> bytes:
        """The header alone, as far as one is read. Raises NotGiven."""
        return await self._section(uid, "HEADER", f"<0.{LONGEST_HEADERS}>")

    async def structure(self, uid: int) -> Any:
        """Its parts, as the library gives BODYSTRUCTURE. Raises NotGiven."""
        found = (await self._items(uid, "BODYSTRUCTURE")).get(b"BODYSTRUCTURE")
        if found is None:
            raise NotGiven("The server does not say of what parts this mail consists.")
        return found

    async def section(self, uid: int, section: str, most: int) -> bytes:
        """The first bytes of one part, such as ``2.1`` or ``2.1.MIME``, still encoded. Raises NotGiven."""
        return await self._section(uid, section, f"<0.{most}>")

    async def _search(self, *criteria: str | date) -> list[int]:
        found = await self._run(lambda: self._client.search(list(criteria)))
        return sorted(int(one) for one in found)

    async def _section(self, uid: int, section: str, some: str = "") -> bytes:
        items = await self._items(uid, f"BODY.PEEK[{section}]{some}")
        found = items.get(f"BODY[{section}]{'<0>' if some else ''}".encode())
        if found is None:
            raise NotGiven("The server names this mail and does not give it.")
        return bytes(found)

    async def _items(self, uid: int, *items: str) -> dict[bytes, Any]:
        def ask() -> dict[bytes, Any]:
            try:
                found: dict[bytes, Any] = self._client.fetch([uid], list(items)).get(uid, {})
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error as error:
                raise NotGiven(_error_text(error)) from error
            return found

        return await self._run(ask)

    @property
    def can_idle(self) -> bool:
        """Whether the server tells of new mail by itself."""
        return bool(self._client is not None and self._client.has_capability("IDLE"))

    async def news(self, seconds: float) -> bool:
        """Wait until the server tells of something, or so long."""
        return await self._run(lambda: self._idle(seconds))

    async def folders(self) -> list[str]:
        """The names of all folders."""
        return [str(name) for _, _, name in await self._run(lambda: self._client.list_folders())]

    async def append(self, folder: str, mail: bytes) -> None:
        """Put a copy into a folder, marked as read."""
        await self._run(lambda: self._client.append(folder, mail, [rb"\Seen"]))

    async def close(self) -> None:
        """Say goodbye if the server listens; gone in any case."""
        try:
            with contextlib.suppress(ChannelError, TimeoutError):
                async with asyncio.timeout(2.0):
                    if self._client is not None and not self._idling:
                        await self._run(lambda: self._client.logout())
        finally:
            self.abort()

    def abort(self) -> None:
        """Gone at once, whatever the thread is waiting for."""
        client, self._client = self._client, None
        self._gone = True
        if client is not None:
            with contextlib.suppress(OSError, AttributeError, ValueError):
                socket.socket.shutdown(client.socket(), socket.SHUT_RDWR)  # the thread may be reading through its TLS
            with contextlib.suppress(RuntimeError):
                self._thread.submit(_closed, client)
        self._thread.shutdown(wait=False)

    async def _run(self, call: Callable[[], _T]) -> _T:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, call)
        except asyncio.CancelledError:
            self.abort()
            raise
        except ChannelError:
            raise
        except LoginError as error:
            raise AuthFailed(f"The mailbox does not accept the login: {_error_text(error)}") from None
        except ssl.SSLCertVerificationError as error:
            raise Unreachable(f"The mailbox's certificate is not trusted: {error.verify_message}.") from error
        except imaplib.IMAP4.error as error:
            raise Unreachable(f"The mailbox answered with an error: {_error_text(error)}") from error
        except (OSError, EOFError, ValueError, TypeError, AttributeError, KeyError, IndexError, RuntimeError) as error:
            raise Unreachable(f"The mailbox was not reached: {_error_text(error)}") from error

    def _open(self) -> None:
        server = self._settings.imap
        tls = self._settings.tls_to(server)
        direct = server.security is Security.TLS
        timeout = SocketTimeout(connect=_CONNECT, read=_READ)
        client = IMAPClient(server.host, server.port, ssl=direct, ssl_context=tls if direct else None, timeout=timeout)
        client.normalise_times = False
        try:
            if server.security is Security.STARTTLS:
                client.starttls(tls)
            client.login(server.user, server.password)
        except BaseException:
            with contextlib.suppress(OSError, imaplib.IMAP4.error):
                client.shutdown()
            raise
        self._client = client
        if self._gone:
            _closed(client)

    def _idle(self, seconds: float) -> bool:
        client = self._client
        self._idling = True
        client.idle()
        heard = _news(client.idle_check(timeout=seconds))
        client.idle_done()
        self._idling = False
        return heard


@contextlib.asynccontextmanager
async def connected(settings: EmailSettings) -> AsyncIterator[ImapConnection]:
    """A connection that is open within the block."""
    connection = ImapConnection(settings)
    try:
        await connection.open()
        yield connection
    finally:
        await connection.close()


def _closed(client: Any) -> None:
    with contextlib.suppress(OSError, imaplib.IMAP4.error, AttributeError, ValueError):
        client.shutdown()


def _news(answers: Sequence[Any]) -> bool:
    """Not every line is one: servers say "still here"."""
    return any(isinstance(one, tuple) and len(one) > 1 and one[1] in (b"EXISTS", b"RECENT") for one in answers)


def _error_text(error: BaseException) -> str:
    text = error.args[0] if error.args else ""
    shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(error)
    return " ".join(shown.split())[:300] or type(error).__name__
