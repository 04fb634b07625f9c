"""Staff with nothing but a mail program, and a hub without Slack."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.e2e import stored
from tests.e2e.channels.customer import until
from tests.e2e.channels.town import SUPPORT, has_read
from tests.e2e.knowledge_copy import copy_talk, started
from tests.e2e.visitor import Visitor, visiting
from tests.integration.email_channel.rig import PostOffice, letter, post_office
from tests.patience import PATIENCE
from tests.servers.dovecot import PASSWORD
from tests.servers.hub import Hub

TEAM = "team@acme.example"
GRACE = "Grace Hopper <grace@acme.example>"

_STARTED = '"hub.started"'


@dataclass
class MailStaff:
    """Everything runs."""

    hub: Hub
    post: PostOffice

    def mails(self, about: str, to: str = TEAM) -> list[EmailMessage]:
        """What staff got of the customer who wrote ``about``: all mails of that thread."""
        got = [mail for mail in self.post.postman.letters if mail["To"] == to]
        roots = {mail["References"] for mail in got if about in text_of(mail)}
        return [mail for mail in got if mail["References"] in roots]

    async def got(self, about: str, count: int) -> list[EmailMessage]:
        """When there are so many."""
        await until(lambda: len(self.mails(about)) >= count, lambda: [text_of(one) for one in self.mails(about)])
        found = self.mails(about)
        assert len(found) == count, [text_of(one) for one in found]
        return found

    async def reply(self, to: EmailMessage, text: str, sender: str = GRACE, **headers: str) -> EmailMessage:
        """Returns when the hub has read it."""
        mail = self.written(to, text, sender, **headers)
        await self.deliver(mail)
        return mail

    def written(self, to: EmailMessage, text: str, sender: str = GRACE, **headers: str) -> EmailMessage:
        """As a mail program does it: what is answered stands below."""
        quoted = "\n".join(f"> {line}" for line in text_of(to).splitlines())
        body = f"{text}\n\nOn Mon, 23 Nov 2026 at 14:03, Acme <{SUPPORT}> wrote:\n\n{quoted}\n"
        known = str(to["Message-ID"])
        threading = {"In-Reply-To": known, "References": f"{to['References']} {known}"}
        return letter(body, From=sender, To=SUPPORT, Subject=f"Re: {to['Subject']}", **{**threading, **headers})

    async def restart(self, **settings: str) -> None:
        """The hub, with these settings instead; an empty one is taken away. Returns when it works."""
        await asyncio.to_thread(self.hub.stop)
        starts = self.hub.log.read_text().count(_STARTED)
        self.hub.environment |= settings
        for name in [name for name, value in settings.items() if not value]:
            del self.hub.environment[name]
        await asyncio.to_thread(self.hub.start)
        await until(lambda: self.hub.log.read_text().count(_STARTED) > starts, self.hub.log_tail)

    async def deliver(self, mail: EmailMessage) -> None:
        """Returns when the hub has read it."""
        await self.post.deliver(mail, SUPPORT)
        inbox = len(await self.post.mails(SUPPORT))
        await until(lambda: has_read(self.hub) >= inbox, self.hub.log_tail)


def text_of(mail: EmailMessage) -> str:
    """The plain text."""
    body = mail.get_body(("plain",))
    return str(body.get_content()) if body is not None else ""


def mail_settings(post: PostOffice) -> dict[str, str]:
    """A hub whose only way to staff is mail."""
    login = f"{quote(SUPPORT)}:{quote(PASSWORD, safe='')}"
    return {
        "EMAIL_ADDRESS": SUPPORT,
        "EMAIL_IMAP_URL": f"imap+starttls://{login}@localhost:{post.dovecot.imap_port}",
        "EMAIL_SMTP_URL": f"smtp+starttls://{login}@localhost:{post.dovecot.submission_port}",
        "EMAIL_CA_FILE": str(post.dovecot.authority),
        "STAFF_EMAIL": TEAM,
        "COMPANY_NAME": "Acme",
    }


@asynccontextmanager
async def mail_staff(folder: Path, knowledge_template: Path) -> AsyncIterator[MailStaff]:
    """It begins when the documents are at hand."""
    (folder / "documents").mkdir()
    (folder / "documents" / "returns.md").write_text("# Returns\n\nYou can return a parcel within 30 days.\n")
    with post_office() as post:
        hub = Hub(folder / "hub", sources=str(folder / "documents"), environment=mail_settings(post))
        copy_talk(knowledge_template, hub.data_dir)
        try:
            await asyncio.to_thread(started, hub)
            await until(lambda: has_read(hub) >= 0, hub.log_tail)
            yield MailStaff(hub, post)
        finally:
            await asyncio.to_thread(hub.stop)
            print(f"--- {hub.log} ---\n{hub.log_tail()}")


@dataclass
class Scene:
    """``words``: that the customer alone has used."""

    staff: MailStaff
    visitor: Visitor
    words: str
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    async def says(self, text: str) -> dict[str, Any]:
        answer = await self.visitor.say(text, client_id=f"v{next(self.numbers)}")
        assert answer.status in (200, 202), answer.body
        found: dict[str, Any] = answer.body
        return found

    async def said(self) -> list[tuple[str, str, str | None]]:
        """What the customer sees of others: author, text, name."""
        answer = await self.visitor.call("GET", f"/api/sessions/{self.visitor.id}/history?limit=200")
        shown = answer.body["messages"]
        return [(one["author"], one["content"], one["name"]) for one in shown if one["author"] != "customer"]

    async def reads(self, text: str) -> tuple[str, str, str | None]:
        """The message with that text, when it is there; it must be there once."""
        async with asyncio.timeout(PATIENCE):
            while not (found := [one for one in await self.said() if text in one[1]]):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        assert len(found) == 1, found
        return found[0]

    async def status(self) -> str:
        answer = await self.visitor.call("GET", f"/api/sessions/{self.visitor.id}")
        return str(answer.body["status"])

    def settled(self) -> bool:
        """Nothing is left to be done or to be sent in the whole hub."""
        open_turns = stored.rows(self.staff.hub, "SELECT id FROM conversation WHERE done_seq < last_seq")
        open_mails = stored.rows(self.staff.hub, "SELECT id FROM outbox WHERE status IN ('due', 'sending')")
        return not open_turns and not open_mails


_number = itertools.count(1)


@asynccontextmanager
async def asking(staff: MailStaff) -> AsyncIterator[tuple[Scene, EmailMessage]]:
    """A customer who has asked for a person, and the mail that staff got."""
    words = f"parcel-{next(_number)}-lost"
    async with visiting(staff.hub) as visitor:
        scene = Scene(staff, visitor, words)
        await scene.says(f"My {words} is gone. I want to talk to a person")
        await scene.reads("I have passed this on to our team")
        (mail,) = await staff.got(words, 1)
        yield scene, mail
