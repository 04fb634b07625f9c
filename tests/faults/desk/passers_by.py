"""Customers on every channel whose platform delivers what they write until the hub has taken it, and some of it again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any, Protocol

import aiohttp

from config.simulation.telegram_fake import TelegramFake
from config.simulation.twilio_fake import TwilioFake
from tests.e2e.channels.customer import Paper
from tests.e2e.channels.phone_customer import PhoneCustomer
from tests.e2e.channels.slack_customer import DirectCustomer
from tests.e2e.channels.telegram_customer import TelegramCustomer, Update
from tests.faults.channels.door import Provider
from tests.faults.channels.mail_door import MailDoor
from tests.faults.channels.telegram_door import TelegramDoor
from tests.faults.desk.patient_slack import PatientSlack

_PATIENCE = 15.0


class PasserBy(Protocol):
    """``channel`` and ``who``: as the hub knows them. ``asks``: whether the hub can ask their platform what became of a write."""

    channel: str
    who: str
    asks: bool

    async def write(self, text: str, *papers: Paper) -> Any:
        """Returns when the hub has it."""
        ...

    async def leave(self, contact: str) -> None:
        """How else they can be reached: in a form where there is one, in words elsewhere."""
        ...

    def read(self) -> list[str]:
        """What they have of the hub, in order."""
        ...

    async def papers(self) -> Sequence[bytes]:
        """The files that they have."""
        ...


class OnSlack(DirectCustomer):
    """``PatientSlack`` does what a patient platform does."""

    asks = True

    def __init__(self, slack: PatientSlack, number: int, hook: str) -> None:
        super().__init__(slack, number, hook)
        self.patience = 900.0

    async def leave(self, contact: str) -> None:
        """See PasserBy.leave."""
        await self.write(f"You can reach me at {contact}")


class OnTelegram(TelegramCustomer):
    """Its updates overtake those of others."""

    asks = False

    def __init__(self, telegram: TelegramFake, door: TelegramDoor, number: int) -> None:
        super().__init__(telegram, number, polled=False)
        self._door = door

    async def write(self, text: str, *papers: Paper) -> Update:
        """See PasserBy.write."""
        update = await super().write(text, *papers)
        await self._door.push(update)
        return update

    async def edit(self, said: Update, text: str) -> None:
        """See Correcting.edit."""
        changed = {**said["message"], "text": text, "edit_date": said["message"]["date"] + 1}
        await self._door.push(await self._telegram.update(edited_message=changed))

    async def leave(self, contact: str) -> None:
        """See PasserBy.leave."""
        await self.write(f"You can reach me at {contact}")

    async def papers(self) -> list[bytes]:
        """What is in the chat, where a call that failed brings nothing. It is all the same file: a call says no more."""
        there = sum("document" in one for one in self._got())
        given = await super().papers()
        assert len(set(given)) < 2, "more than one file"
        return given[:1] * there


class OnThePhone(PhoneCustomer):
    """By text message or WhatsApp. The account is set up so that Twilio calls again; its list has what came as well."""

    asks = True

    def __init__(self, twilio: TwilioFake, door: Provider, number: int, *, whatsapp: bool) -> None:
        super().__init__(twilio, number, whatsapp=whatsapp)
        self._door = door

    async def again(self, said: dict[str, str]) -> None:
        """See Customer.again."""
        while not await self._taken(said):
            self._door.counts["delivered again because not taken"] += 1
            await self._door.rest()
        self._door.repeat(lambda: self._taken(said))

    async def leave(self, contact: str) -> None:
        """See PasserBy.leave."""
        await self.write(f"You can reach me at {contact}")

    async def _taken(self, form: dict[str, str]) -> bool:
        try:
            async with asyncio.timeout(_PATIENCE):
                return (await self._twilio.deliver(form))[0] == 200
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False


class ByMail:
    """Mail servers keep trying, and some deliver twice."""

    channel = "email"
    asks = False

    def __init__(self, door: MailDoor, number: int) -> None:
        self._tag = f"ann-{number}"
        self.who = f"{self._tag}@customer.example"
        self._door = door

    async def write(self, text: str, *papers: Paper) -> None:
        """See PasserBy.write."""
        await self._door.write(self._tag, text, *papers)

    async def leave(self, contact: str) -> None:
        """See PasserBy.leave."""
        await self.write(f"You can reach me at {contact}")

    def read(self) -> list[str]:
        """See PasserBy.read."""
        return list(self._door.read(self._tag))

    async def papers(self) -> list[bytes]:
        """See PasserBy.papers."""
        return list(self._door.papers(self._tag))


class OnThePage:
    """On the company's site: sends again what nobody acknowledged, and resumes by cursor after every loss."""

    channel = "web"
    asks = True

    def __init__(self, url: str, http: aiohttp.ClientSession, door: Provider) -> None:
        self.who = ""
        self._url = url
        self._http = http
        self._door = door
        self._token = ""
        self._said = 0
        self._frames: dict[int, dict[str, Any]] = {}

    async def arrive(self) -> None:
        """The page is loaded."""
        session = await self._call("POST", "/api/sessions", json={})
        self.who, self._token = session["session_id"], session["token"]

    async def write(self, text: str, *papers: Paper, **more: str) -> None:
        """See PasserBy.write. A file is sent before the message that it belongs to."""
        ids = [(await self._uploaded(paper))["id"] for paper in papers]
        self._said += 1
        body = {"message": text, "client_id": f"w{self._said}", "attachments": ids, **more}
        path = f"/api/chat/sessions/{self.who}/messages?wait=0"
        await self._call("POST", path, json=body)
        self._door.repeat(lambda: self._call("POST", path, json=body))

    async def leave(self, contact: str) -> None:
        """See PasserBy.leave."""
        await self.write(contact, action="contact")

    def read(self) -> list[str]:
        """See PasserBy.read."""
        return [str(frame["content"]) for frame in self._by_others()]

    async def papers(self) -> list[bytes]:
        """See PasserBy.papers."""
        files = [file for frame in self._by_others() for file in frame.get("attachments") or ()]
        found = []
        for file in files:
            async with self._http.get(self._url + file["url"]) as answer:
                assert answer.status == 200, file
                found.append(await answer.read())
        return found

    async def watch(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                async with self._http.ws_connect(self._url.replace("http", "ws", 1) + "/ws") as socket:
                    await socket.send_json({"type": "auth", "token": self._token})
                    await socket.send_json({"type": "resume", "after": max(self._frames, default=0)})
                    await self._converse(socket)
            except (aiohttp.ClientError, OSError, TimeoutError):
                pass
            await self._door.rest()

    async def _converse(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """A live frame may come between those of the replay: nothing counts as seen before that is over."""
        early: dict[int, dict[str, Any]] = {}
        resumed = False
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                return
            frame = json.loads(message.data)
            if frame["type"] in ("message", "complete"):
                early[frame["cursor"]] = frame
            resumed = resumed or frame["type"] == "resumed"
            if resumed:
                self._frames |= early
                early.clear()

    def _by_others(self) -> list[dict[str, Any]]:
        return [self._frames[cursor] for cursor in sorted(self._frames) if self._frames[cursor]["author"] != "customer"]

    async def _uploaded(self, paper: Paper) -> Any:
        def form() -> aiohttp.FormData:
            made = aiohttp.FormData()
            made.add_field("file", paper.content, filename=paper.name, content_type=paper.media_type)
            return made

        return await self._call("POST", f"/api/sessions/{self.who}/attachments", form=form)

    async def _call(self, method: str, path: str, form: Any = None, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        while True:
            given = {"data": form()} if form else options
            try:
                async with (
                    asyncio.timeout(_PATIENCE),
                    self._http.request(method, self._url + path, headers=headers, **given) as answer,
                ):
                    found = await answer.json(content_type=None)
                    if answer.status in (200, 202):
                        return found
                    assert answer.status in (429, 500, 503), found
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
                pass
            self._door.counts["sent again because not acknowledged"] += 1
            await self._door.rest()
