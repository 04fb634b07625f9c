"""A person with a telephone behind the fake Twilio: text messages, or WhatsApp."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from config.simulation.twilio_fake import OURS, WHATSAPP_OURS, TwilioFake
from tests.e2e.channels.customer import Paper, addresses, until

Form = dict[str, str]


class PhoneCustomer:
    """Numbers in North America, where files travel as MMS."""

    channel = "sms"

    def __init__(self, twilio: TwilioFake, number: int, *, whatsapp: bool) -> None:
        self._twilio = twilio
        self._ours = WHATSAPP_OURS if whatsapp else OURS
        self.who = f"{'whatsapp:' if whatsapp else ''}+1202555{number:04}"

    async def write(self, text: str, *papers: Paper) -> Form:
        files = {paper.media_type: paper.content for paper in papers}
        form = self._twilio.write(text, by=self.who, to=self._ours, files=files)
        await self.again(form)
        return form

    async def again(self, said: Form) -> None:
        status, body = await self._twilio.deliver(said)
        assert status == 200, body

    async def ask_for_person(self) -> None:
        await self.write("I want to talk to a person")

    async def choose(self, number: int) -> None:
        await self.write(str(number))

    def read(self) -> list[str]:
        return self._twilio.sent(self.who)

    async def papers(self) -> list[bytes]:
        """Twilio fetches what it is to send by the link that it was given."""
        async with aiohttp.ClientSession() as http:
            return [await _fetched(http, one["media_url"]) for one in self._with_files()]

    async def lose_file(self, send: Callable[[], Awaitable[None]]) -> None:
        """Twilio takes every file, and says later that the carrier did not."""
        await send()
        await until(self._with_files, self.read)
        status, body = await self._twilio.deliver(
            self._twilio.report(self._with_files()[-1]["sid"], "undelivered", 63019), "/webhooks/twilio/status"
        )
        assert status == 200, body

    def links(self) -> list[str]:
        return [link for text in self.read() for link in addresses(text)]

    def _with_files(self) -> list[dict[str, Any]]:
        return [one for one in self._twilio.messages if one["to"] == self.who and one.get("media_url")]


async def _fetched(http: aiohttp.ClientSession, link: str) -> bytes:
    async with http.get(link) as answer:
        assert answer.status == 200, link
        return await answer.read()
