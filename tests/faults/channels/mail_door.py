"""E-mail: a real Dovecot holds the company's mailbox; customers read what the SMTP server took."""

from __future__ import annotations

import asyncio
import re
import smtplib
from collections.abc import Mapping, Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from tests.e2e.channels.customer import Paper
from tests.faults.channels.door import Provider
from tests.faults.channels.weather import Trouble
from tests.servers.dovecot import PASSWORD, DovecotServer
from tests.servers.hub import Hub
from tests.servers.postman import Postman

_REPLIES = {
    Trouble.LIMIT: "452 4.3.1 Come back later",  # what asks for a pause stops the account for a minute
    Trouble.FAILURE: "451 4.3.0 Local trouble",
    Trouble.GONE: "gone",
    Trouble.LOST: "cut",
}
_ID = re.compile(rb"^Message-ID:\s*(<[^>]+>)", re.IGNORECASE | re.MULTILINE)
_LONG = policy.default.clone(max_line_length=900)


class MailDoor(Provider):
    """Each customer keeps to one thread, and names in it what they answer."""

    name = "email"
    asks = False

    def __init__(self, dovecot: DovecotServer, postman: Postman, *provider: Any) -> None:
        super().__init__(*provider)
        self._dovecot = dovecot
        self._postman = postman
        self._company = f"support-{uuid4().hex[:8]}@example.com"
        self._written: dict[str, int] = {}
        self._shown: dict[str, list[str]] = {}
        self._files: dict[str, list[bytes]] = {}
        self._last: dict[str, str] = {}
        self._seen = len(postman.taken)
        self._one_by_one = asyncio.Lock()
        postman.weather = self._reply

    def settings(self, hub: str) -> Mapping[str, str]:
        """See Door.settings."""
        login = f"{quote(self._company)}:{quote(PASSWORD, safe='')}"
        return {
            "EMAIL_ADDRESS": self._company,
            "EMAIL_IMAP_URL": f"imap://{login}@127.0.0.1:{self._dovecot.imap_port}",
            "EMAIL_SMTP_URL": f"smtp://127.0.0.1:{self._postman.port}",
            "EMAIL_ANSWERS_PER_DOMAIN": "1000000",  # everybody here has the same one
            "EMAIL_ANSWERS_PER_MAILBOX": "1000000",
        }

    async def admit(self, hub: Hub, people: Sequence[str]) -> None:
        """See Door.admit. The hub is live when it has looked into the mailbox."""

    async def write(self, tag: str, text: str, *papers: Paper) -> None:
        """See Door.write. Mail servers keep trying, and some deliver twice."""
        mail = self._mail(tag, text, papers)
        await asyncio.sleep(self.rng.uniform(0.0, 0.2))  # others overtake
        await self._deliver(mail)
        self.repeat(lambda: self._deliver(mail))

    def read(self, tag: str) -> Sequence[str]:
        """See Door.read. What the answer quotes is the customer's own."""
        news, self._seen = self._postman.taken[self._seen :], len(self._postman.taken)
        for to, data in news:
            text, files = _read(data)
            lines = text.splitlines()
            self._shown.setdefault(to, []).append("\n".join(line for line in lines if not line.startswith(">")))
            self._files.setdefault(to, []).extend(files)
            self._last[to] = _message_id(data)
        return self._shown.get(_address(tag), [])

    def papers(self, tag: str) -> Sequence[bytes]:
        """The files that came to that customer."""
        self.read(tag)
        return self._files.get(_address(tag), [])

    async def _deliver(self, mail: bytes) -> None:
        """One at a time: Dovecot numbers mails that arrive together as it likes, and its numbers are the order."""
        while True:
            try:
                async with self._one_by_one:
                    return await asyncio.to_thread(self._dovecot.deliver, mail, self._company)
            except (OSError, smtplib.SMTPException):
                self.counts["delivered again because not taken"] += 1
                await self.rest()

    def _mail(self, tag: str, text: str, papers: Sequence[Paper] = ()) -> bytes:
        number = self._written[tag] = self._written.get(tag, 0) + 1
        self.read(tag)
        mail = EmailMessage(policy=_LONG)
        mail["From"] = f"{tag.capitalize()} <{_address(tag)}>"
        mail["To"] = self._company
        mail["Subject"] = "A question" if number == 1 else "Re: A question"
        mail["Message-ID"] = f"<{number}.{tag}@customer.example>"
        if number > 1:
            answers = self._last.get(_address(tag), f"<{number - 1}.{tag}@customer.example>")
            mail["In-Reply-To"] = answers
            mail["References"] = f"<1.{tag}@customer.example> {answers}"
        mail.set_content(text + "\n")
        for paper in papers:
            kind, _, subtype = paper.media_type.partition("/")
            mail.add_attachment(paper.content, maintype=kind, subtype=subtype, filename=paper.name)
        return mail.as_bytes()

    async def close(self) -> None:
        """See Door.close."""
        await super().close()
        self._postman.weather = lambda _data: ""

    def _reply(self, data: bytes) -> str:
        trouble = self.weather.over(_message_id(data))
        return _REPLIES[trouble] if trouble else ""


def _message_id(data: bytes) -> str:
    """Found by hand: to read the head of every mail in full takes longer than to send it."""
    found = _ID.search(data)
    assert found is not None, "a mail without a Message-ID"
    return found[1].decode()


def _read(data: bytes) -> tuple[str, list[bytes]]:
    """The first part that is plain text, and what is attached."""
    text, files = "", []
    for part in message_from_bytes(data).walk():
        content = part.get_payload(decode=True)
        if part.get_content_disposition() == "attachment" and isinstance(content, bytes):
            files.append(content)
        elif part.get_content_type() == "text/plain" and not text:
            assert isinstance(content, bytes)
            text = content.decode()
    return text, files


def _address(tag: str) -> str:
    return f"{tag}@customer.example"
