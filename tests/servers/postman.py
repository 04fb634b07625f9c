"""An SMTP server in the test's own process: it takes mail, refuses it as it is told, and may carry it on to a mailbox."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.servers.process import free_port


@dataclass
class Refusals:
    """Replies to give next, by command; each is given once. ``cut``: break off after the mail, before the answer."""

    mail: list[str] = field(default_factory=list)
    rcpt: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    cut: bool = False


class Postman:
    """``taken`` holds what was accepted, as (recipient, bytes). ``carry`` gets each of them, in a thread.

    ``weather``: what becomes of a mail. ``gone``: lost before it was taken. ``cut``: lost afterwards. Else a reply to refuse it.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.taken: list[tuple[str, bytes]] = []
        self.refusals = Refusals()
        self.carry: Callable[[str, bytes], None] | None = None
        self.weather: Callable[[bytes], str] = lambda _data: ""
        self.port = free_port()
        self._controller = Controller(
            _Ears(self),
            hostname="127.0.0.1",
            port=self.port,
            tls_context=tls,
            require_starttls=tls is not None,
            enable_SMTPUTF8=True,
            data_size_limit=30 * 1024 * 1024,
        )

    def start(self) -> None:
        """Take mail from now on."""
        self._controller.start()

    def stop(self) -> None:
        """Take none any more."""
        self._controller.stop(no_assert=True)

    @property
    def letters(self) -> list[EmailMessage]:
        """What was taken, to be read."""
        return [message_from_bytes(data, policy=policy.default) for _, data in self.taken]  # type: ignore[misc]

    async def handle_MAIL(self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        """The sender's address."""
        if self.refusals.mail:
            return self.refusals.mail.pop(0)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        """The recipient's address."""
        if self.refusals.rcpt:
            return self.refusals.rcpt.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """The mail itself."""
        if self.refusals.data:
            return self.refusals.data.pop(0)
        data = envelope.content
        assert isinstance(data, bytes)
        fault = self.weather(data)
        if fault == "gone":
            server.transport.abort()
            return "250 OK"
        if fault not in ("", "cut"):
            return fault
        for address in envelope.rcpt_tos:
            self.taken.append((address, data))
            if self.carry is not None:
                await asyncio.to_thread(self.carry, address, data)
        if self.refusals.cut or fault == "cut":
            self.refusals.cut = False
            server.transport.abort()
        return "250 OK"


class _Ears:
    """What the server calls, and nothing else: for each connection it looks at every attribute, so at every letter."""

    def __init__(self, postman: Postman) -> None:
        self.handle_MAIL = postman.handle_MAIL
        self.handle_RCPT = postman.handle_RCPT
        self.handle_DATA = postman.handle_DATA
