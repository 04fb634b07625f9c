"""A mail server on loopback: one mailbox that is read over IMAP, and everybody else's, to which is sent over SMTP.

It speaks as much of both protocols as the e-mail channel uses (RFC 3501, RFC 2177, RFC 5321), without encryption.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Any

from config.simulation.loopback import PATIENCE

OURS = "support@tidepool.example"
SERVER = "mx.tidepool.example"
"""The name by which it signs its Authentication-Results."""
_LONGEST_LINE = 1024 * 1024
_ADDRESS = re.compile(r"<([^<>]*)>")
_FETCHED = re.compile(r"UID FETCH (\d+) \((.*)\)", re.IGNORECASE)
_AFTER = re.compile(r"UID SEARCH UID (\d+):\*", re.IGNORECASE)
_IDENTIFIED = re.compile(r'UID SEARCH HEADER Message-ID "?([^"]*)"?', re.IGNORECASE)


class MailFake:
    """``mailbox``: what was written to the hub; a mail's UID is its place, from 1. ``sent``: what the hub wrote, by recipient."""

    def __init__(self) -> None:
        self.mailbox: list[bytes] = []
        self.sent: defaultdict[str, list[EmailMessage]] = defaultdict(list)
        self._fetched = 0
        self._taken: int | None = None  # the hub has not read the mailbox yet
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._changed = asyncio.Condition()
        self._arrived: list[datetime] = []
        self._servers: list[asyncio.Server] = []
        self._talks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> MailFake:
        for talk in (self._imap, self._smtp):
            self._servers.append(await asyncio.start_server(self._kept(talk), "127.0.0.1", 0, limit=_LONGEST_LINE))
        return self

    async def __aexit__(self, *error: object) -> None:
        for server in self._servers:
            server.close()
        for talk in self._talks:
            talk.cancel()
        if self._talks:
            await asyncio.wait(self._talks)

    @property
    def imap_url(self) -> str:
        """As in EMAIL_IMAP_URL."""
        return f"imap://hub:hub@127.0.0.1:{self._port(0)}"

    @property
    def smtp_url(self) -> str:
        """As in EMAIL_SMTP_URL."""
        return f"smtp://127.0.0.1:{self._port(1)}"

    async def until_read(self) -> None:
        """Wait for the hub to look into the mailbox. What comes before it has ever done so is old mail to it."""
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(lambda: self._taken is not None)

    async def deliver(self, mail: EmailMessage) -> None:
        """Bring a mail, whose sender is vouched for; return when the hub has read it and waits for the next one."""
        mail["Date"] = self.now()
        sender = mail["From"].addresses[0].domain
        results = f"Authentication-Results: {SERVER}; dmarc=pass header.from={sender}\r\n"
        data = results.encode() + mail.as_bytes(policy=policy.SMTP)
        async with asyncio.timeout(PATIENCE), self._changed:
            self.mailbox.append(data)
            self._arrived.append(self.now())
            uid = len(self.mailbox)
            self._changed.notify_all()
            await self._changed.wait_for(lambda: self._taken is not None and self._taken >= uid)

    def _port(self, place: int) -> int:
        return int(self._servers[place].sockets[0].getsockname()[1])

    def _kept(
        self, talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
    ) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        """The same, ending with the server, and whenever the other side leaves."""

        async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._talks.add(task)
            try:
                with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ValueError):
                    await talk(reader, writer)
            finally:
                self._talks.discard(task)
                writer.close()

        return keep

    # What the hub sends

    async def _smtp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        readers: list[str] = []
        writer.write(b"220 loopback\r\n")
        while line := (await reader.readline()).decode().strip():
            verb = line[:4].upper()
            if verb == "EHLO":
                writer.write(b"250-loopback\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n")
            elif verb == "DATA":
                writer.write(b"354 Go on\r\n")
                mail = await _data(reader)
                async with self._changed:
                    for address in readers:
                        self.sent[address].append(mail)
                    self._changed.notify_all()
                writer.write(b"250 Taken\r\n")
            elif verb == "QUIT":
                writer.write(b"221 Bye\r\n")
                return
            else:
                if verb == "MAIL":
                    readers = []
                if verb == "RCPT" and (found := _ADDRESS.search(line)):
                    readers.append(found[1].lower())
                writer.write(b"250 OK\r\n" if verb in ("MAIL", "RCPT", "RSET", "NOOP") else b"502 Not here\r\n")

    # What the hub reads

    async def _imap(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK [CAPABILITY IMAP4rev1 IDLE] loopback\r\n")
        while line := (await reader.readline()).decode().strip():
            tag, _, command = line.partition(" ")
            verb = command.split(" ")[0].upper()
            if verb == "IDLE":
                await self._idle(reader, writer)
            else:
                for answer in self._answers(verb, command):
                    writer.write(answer + b"\r\n")
            writer.write(f"{tag} OK {verb} completed\r\n".encode())
            await writer.drain()
            if verb == "LOGOUT":
                return

    def _answers(self, verb: str, command: str) -> list[bytes]:
        if verb == "CAPABILITY":
            return [b"* CAPABILITY IMAP4rev1 IDLE"]
        if verb in ("SELECT", "EXAMINE"):
            following = len(self.mailbox) + 1
            return [
                f"* {len(self.mailbox)} EXISTS".encode(),
                b"* OK [UIDVALIDITY 1] stays",
                f"* OK [UIDNEXT {following}] next".encode(),
            ]
        if found := _AFTER.fullmatch(command):
            return [_numbered(range(int(found[1]), len(self.mailbox) + 1))]
        if found := _IDENTIFIED.fullmatch(command):
            return [_numbered(uid for uid, mail in enumerate(self.mailbox, 1) if found[1].encode() in mail)]
        if (found := _FETCHED.fullmatch(command)) and 0 < int(found[1]) <= len(self.mailbox):
            return [self._items(int(found[1]), found[2].upper())]
        return [b"* BYE loopback"] if verb == "LOGOUT" else []

    def _items(self, uid: int, wanted: str) -> bytes:
        """All of a mail, or its size and when it came."""
        mail = self.mailbox[uid - 1]
        if "BODY" in wanted:
            self._fetched = max(self._fetched, uid)
            items = b"BODY[] {%d}\r\n%b" % (len(mail), mail)
        else:
            arrived = self._arrived[uid - 1].strftime("%d-%b-%Y %H:%M:%S +0000")
            items = f'RFC822.SIZE {len(mail)} INTERNALDATE "{arrived}"'.encode()
        return b"* %d FETCH (UID %d %b)" % (uid, uid, items)

    async def _idle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Who waits for news has accepted what it fetched before."""
        writer.write(b"+ idling\r\n")
        done = asyncio.create_task(reader.readline())
        async with self._changed:
            self._taken = self._fetched
            self._changed.notify_all()
            known = self._fetched
        told = asyncio.create_task(self._tell(writer, known))
        try:
            await done
        finally:
            for task in (done, told):
                task.cancel()
            await asyncio.wait((done, told))

    async def _tell(self, writer: asyncio.StreamWriter, known: int) -> None:
        """As soon as there is a mail that was not read; who hears of one waits anew."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.mailbox) > known)
            writer.write(f"* {len(self.mailbox)} EXISTS\r\n".encode())


def _numbered(uids: Any) -> bytes:
    return b"* SEARCH" + b"".join(b" %d" % uid for uid in uids)


async def _data(reader: asyncio.StreamReader) -> EmailMessage:
    lines = []
    while (line := await reader.readline()) not in (b".\r\n", b""):
        lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
    return message_from_bytes(b"".join(lines), policy=policy.default)


def new_mail(sender: str, name: str, text: str, answers: EmailMessage | None) -> EmailMessage:
    """A customer's mail, which answers the newest one that they got."""
    mail = EmailMessage()
    mail["From"], mail["To"] = Address(name, addr_spec=sender), OURS
    mail["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    if answers is None:
        mail["Subject"] = " ".join(text.split())[:60] or "Hello"
    else:
        mail["Subject"] = f"Re: {answers['Subject']}"
        mail["In-Reply-To"] = mail["References"] = answers["Message-ID"]
    mail.set_content(text)
    return mail
