"""SMS: Twilio does not come again by itself, so what a dead hub missed is in Twilio's list alone, or in its retries."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

from config.simulation.twilio_fake import OURS, SID, TOKEN, TwilioFake
from tests.faults.channels.door import Provider
from tests.faults.channels.weather import Trouble
from tests.faults.channels.words import read
from tests.servers.hub import Hub

_FAULTS = {Trouble.FAILURE: "503", Trouble.GONE: "gone", Trouble.LOST: "lost answer"}
_LISTED = 15.0  # seconds in which a message that was not taken is left to the list, before it is delivered again
_PATIENCE = 15.0  # Twilio's own, for a webhook


class SmsDoor(Provider):
    """Half of what was not taken is delivered again (an account may be set up so); the rest waits in the list."""

    name = "sms"
    asks = True

    def __init__(self, fake: TwilioFake, *provider: Any) -> None:
        super().__init__(*provider)
        self._fake = fake
        self._shown: dict[str, list[str]] = {}
        self._seen = 0
        fake.page_size = 50
        fake.weather = self._fault

    def settings(self, hub: str) -> Mapping[str, str]:
        """See Door.settings."""
        return {
            "TWILIO_ACCOUNT_SID": SID,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_FROM": OURS,
            "TWILIO_API_BASE_URL": self._fake.url,
        }

    async def admit(self, hub: Hub, people: Sequence[str]) -> None:
        """See Door.admit."""
        self._fake.hub = self._fake.public = hub.url

    async def write(self, tag: str, text: str) -> None:
        """See Door.write."""
        form = self._fake.write(text, by=_number(tag))
        await asyncio.sleep(self.rng.uniform(0.0, 0.2))  # others overtake
        while not await self._taken(form):
            if self.rng.random() < 0.5 and await self._listed(tag, text):
                self.counts["taken from the provider's list"] += 1
                return
            self.counts["delivered again because not taken"] += 1
            await self.rest()
        self.repeat(lambda: self._taken(form))

    def read(self, tag: str) -> Sequence[str]:
        """See Door.read."""
        news, self._seen = self._fake.messages[self._seen :], len(self._fake.messages)
        for one in news:
            if one["direction"] != "inbound":
                self._shown.setdefault(one["to"], []).append(one["body"])
        return self._shown.get(_number(tag), [])

    async def _taken(self, form: Mapping[str, str]) -> bool:
        try:
            async with asyncio.timeout(_PATIENCE):
                return (await self._fake.deliver(form))[0] == 200
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False

    async def _listed(self, tag: str, text: str) -> bool:
        """Whether the hub found it by itself: it is answered."""
        (number,) = read(text).numbers
        until = time.monotonic() + _LISTED
        while time.monotonic() < until:
            if any(number in read(answer).numbers for answer in self.read(tag)):
                return True
            await asyncio.sleep(0.1)
        return False

    def _fault(self, form: Mapping[str, str]) -> str:
        trouble = self.weather.over(f"{form['To']} {form.get('Body')}")
        if trouble is Trouble.LIMIT:
            return f"429 {self.pause}"
        return _FAULTS[trouble] if trouble else ""


def _number(tag: str) -> str:
    return f"+1555222{int(tag.rpartition('-')[2]):04d}"
