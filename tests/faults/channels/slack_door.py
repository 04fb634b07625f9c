"""Slack: half of the customers in direct messages, half in threads of a channel; events by HTTP or by Socket Mode."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

from config.simulation.slack_fake import SlackFake, person, text_of
from config.simulation.slack_world import APP_TOKEN, BOT, SECRET, TOKEN, Channel, Fault, Json
from tests.faults.channels.door import Provider
from tests.faults.channels.weather import Trouble
from tests.servers.hub import Hub

_SAYS = frozenset({"chat.postMessage", "chat.update", "chat.startStream", "chat.appendStream", "chat.stopStream"})
_ASKS = frozenset({"conversations.replies", "conversations.history"})
_FAULTS = {
    Trouble.FAILURE: Fault(status=503),
    Trouble.GONE: Fault(drop=True),
    Trouble.LOST: Fault(drop=True, written=True),
}
_NOT_YET = ("", "…")  # what a stream shows before its first words
_PATIENCE = 3.0  # Slack's own, for an acknowledgement


class SlackDoor(Provider):
    """``socket``: Socket Mode."""

    name = "slack"
    asks = True

    def __init__(self, fake: SlackFake, *provider: Any, socket: bool) -> None:
        super().__init__(*provider)
        self._fake = fake
        self._socket = socket
        self._hook = ""
        self._roots: dict[str, str] = {}
        fake.weather = self._fault

    def settings(self, hub: str) -> Mapping[str, str]:
        """See Door.settings."""
        way = {"SLACK_APP_TOKEN": APP_TOKEN} if self._socket else {"SLACK_SIGNING_SECRET": SECRET}
        return {"SLACK_BOT_TOKEN": TOKEN, "SLACK_API_BASE_URL": self._fake.api_url, **way}

    async def admit(self, hub: Hub, people: Sequence[str]) -> None:
        """See Door.admit."""
        self._hook = f"{hub.url}/webhooks/slack"
        for tag in people:
            self._fake.users[_user(tag)] = person(_user(tag), tag.capitalize(), "en-GB")
            self._fake.channels[_channel(tag)] = Channel()

    async def write(self, tag: str, text: str) -> None:
        """See Door.write. In a thread the first message mentions the app."""
        root = self._roots.get(tag)
        thread = {"thread_ts": root} if root else {}
        mention = "" if root or _is_direct(tag) else f"<@{BOT}> "
        event = self._fake.say(mention + text, channel=_channel(tag), user=_user(tag), **thread)
        if mention:
            self._roots[tag] = event["event"]["ts"]
        await asyncio.sleep(self.rng.uniform(0.0, 0.2))  # others overtake
        tries = 0
        while not await self._taken(event, tries):
            tries += 1
            self.counts["delivered again because not taken"] += 1
            await self.rest()
        self.repeat(lambda: self._taken(event, tries + 1))

    def read(self, tag: str) -> Sequence[str]:
        """See Door.read. What a stream has shown counts as well."""
        return [text for text in self._texts_in(_channel(tag)) if text not in _NOT_YET]

    def tally(self) -> None:
        """See Door.tally. A beginning whose answer was lost is cleared up with the answer, or half a minute later."""
        left = [text for channel in self._fake.channels for text in self._texts_in(channel) if text in _NOT_YET]
        self.counts["messages without words that broken streams left"] = len(left)

    def _texts_in(self, channel: str) -> list[str]:
        mine = [one for one in self._fake.channels[channel].messages if one.get("bot_id")]
        return [text_of(one) or str(one.get("markdown") or "") for one in mine]

    async def _taken(self, event: Json, tries: int) -> bool:
        try:
            async with asyncio.timeout(_PATIENCE):
                if not self._socket:
                    return (await self._fake.push(self._hook, event, retry=tries))[0] == 200
                await self._fake.connected.wait()
                await self._fake.acknowledgement(await self._fake.push_socket(event))
        except (aiohttp.ClientError, OSError, TimeoutError):
            return False
        return True

    def _fault(self, method: str, args: Json) -> Fault | None:
        if method in _SAYS:
            said = f"{method} {args.get('channel')} {args.get('thread_ts') or args.get('ts')}"
            said += str(args.get("text") or args.get("markdown_text"))
            trouble = self.weather.over(said)
        else:
            trouble = self.weather.over_reading() if method in _ASKS else None
        if trouble is Trouble.LIMIT:
            return Fault(status=429, retry_after=self.pause)
        return _FAULTS[trouble] if trouble else None


def _number(tag: str) -> int:
    return int(tag.rpartition("-")[2])


def _is_direct(tag: str) -> bool:
    return _number(tag) % 2 == 0


def _user(tag: str) -> str:
    return f"U0CUST{_number(tag):04d}"


def _channel(tag: str) -> str:
    return f"{'D' if _is_direct(tag) else 'C'}0CUST{_number(tag):04d}"
