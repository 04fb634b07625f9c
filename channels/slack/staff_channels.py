"""The staff's channels, in which nobody is a customer, and the slash command as it works there."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterable

from channels.slack.mrkdwn import escaped
from channels.slack.place import CHANNEL, slack_id
from channels.slack.settings import STAFF_CHANNEL
from channels.slack.views import Refusal
from channels.slack.wire import Json
from channels.slack.words import staff_words
from core.domain.errors import StoreUnavailable
from core.ports.channel import WebhookReply
from core.ports.channel_memory import ChannelMemory

_AGAIN = 1.0
NAME = "name"
_OFF = frozenset({"off", "-", "reset"})
_LONGEST = 60


class StaffChannels:
    """In a case's thread that is still there nobody is a customer, wherever the staff are now.

    Until the former ones are known, nothing may be taken in: who is a customer could not be told.
    """

    def __init__(self, memory: ChannelMemory, account: str, named: frozenset[str]) -> None:
        self._memory = memory
        self._account = account
        self._named = named
        self._known: frozenset[str] | None = None

    async def known(self) -> frozenset[str]:
        """Looked up once. Raises StoreUnavailable."""
        if self._known is None:
            found = await self._memory.recall_all(CHANNEL, self._account, STAFF_CHANNEL)
            self._known = self._named | {key.removeprefix(STAFF_CHANNEL) for key in found}
        return self._known

    async def waited_for(self) -> frozenset[str]:
        """However long the database is away."""
        while True:
            with contextlib.suppress(StoreUnavailable):
                return await self.known()
            await asyncio.sleep(_AGAIN)


def chosen_name(user: str) -> str:
    """The key in the channel's memory under which a staff member's chosen name is kept."""
    return f"desk-name/{user}"


def is_staff_command(payload: Json, staff_channels: Iterable[str]) -> bool:
    """Whether it is a command that was given in a staff channel."""
    return "command" in payload and payload.get("channel_id") in set(staff_channels)


class StaffCommands:
    """What a staff member sets is stored before Slack is answered. ``language``: the staff's."""

    def __init__(self, memory: ChannelMemory, account: str, language: str) -> None:
        self._memory = memory
        self._account = account
        self._words = staff_words(language)

    async def answer(self, fields: Json, refusal: Refusal | None = None) -> WebhookReply:
        """What only the one who gave it sees. ``refusal``: why somebody is no staff. Raises StoreUnavailable, InvalidInput."""
        user = slack_id(fields.get("user_id"))
        if refusal is not None and (refused := await refusal(user)) is not None:
            return note(escaped(refused))
        verb, _, rest = " ".join(str(fields.get("text") or "").split()).partition(" ")
        if verb.lower() != NAME:
            return note(self._words.usage.format(command=fields["command"]))
        key = chosen_name(user)
        if not rest:
            known = await self._memory.recall(CHANNEL, self._account, key)
            said = self._words.named if known else self._words.unnamed
            usage = self._words.usage.format(command=fields["command"])
            return note(f"{said.format(name=escaped(known or ''))} {usage}")
        if rest.lower() in _OFF:
            await self._memory.forget(CHANNEL, self._account, key)
            return note(self._words.unnamed)
        name = rest[:_LONGEST].strip()
        await self._memory.remember(CHANNEL, self._account, key, name)
        return note(self._words.named.format(name=escaped(name)))


def note(text: str) -> WebhookReply:
    """The answer to a command, which only the one who gave it sees."""
    answer = {"response_type": "ephemeral", "text": text}
    return WebhookReply(body=json.dumps(answer).encode(), content_type="application/json; charset=utf-8")
