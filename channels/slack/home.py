"""The app's home: the open conversations of the person who looks at it, newest first."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

from channels.slack.client import Sent, SlackClient
from channels.slack.mrkdwn import escaped
from channels.slack.place import CHANNEL, Place
from channels.slack.render import context, section
from channels.slack.settings import SlackSettings
from channels.slack.wire import View
from channels.slack.words import Words
from core.domain.conversation import OwnershipState
from core.domain.errors import HubError
from core.ports.surroundings import Surroundings

_SHOWN = 10
_KEPT = 50


class Home:
    """Reads what Reception has noted under ``home/<person>/<place>``, and asks what has become of each."""

    def __init__(self, settings: SlackSettings, around: Surroundings) -> None:
        self._account = settings.account
        self._memory = around.memory
        self._conversations = around.conversations

    async def view(self, client: SlackClient, team: str, user: str, said: Words) -> View:
        """As views.publish takes it. Raises HubError."""
        found = await self._memory.recall_all(CHANNEL, self._account, f"home/{user}/")
        talks = [(Place.of(key.split("/", 2)[2]), json.loads(value)) for key, value in found.items()]
        mine = [talk for talk in talks if talk[0].team == team]
        mine.sort(key=lambda talk: str(talk[1].get("ts")), reverse=True)
        for place, _ in mine[_KEPT:]:
            await self._memory.forget(CHANNEL, self._account, f"home/{user}/{place}")
        blocks: list[Any] = [{"type": "header", "text": {"type": "plain_text", "text": said.home}}]
        for place, talk in mine[:_KEPT]:
            state = await self._state(place)
            if state is not None and state is not OwnershipState.RESOLVED and len(blocks) <= _SHOWN:
                blocks.append(await _line(client, talk, _becoming(state, said)))
        if len(blocks) == 1:
            blocks.append(context(said.no_conversations))
        return {"type": "home", "blocks": blocks}

    async def _state(self, place: Place) -> OwnershipState | None:
        """None where it is not there any more, or over."""
        if self._conversations is None:
            return OwnershipState.BOT
        found = await self._conversations.conversation(place.conversation(self._account).conversation_id)
        return None if found is None or found.ended_at is not None else found.state


def _becoming(state: OwnershipState, said: Words) -> str:
    return {OwnershipState.QUEUED: said.waiting, OwnershipState.STAFF: said.with_person}.get(state, "")


async def _line(client: SlackClient, talk: Mapping[str, Any], becoming: str) -> Any:
    text = escaped(" ".join(str(talk.get("text") or "").split())) or "…"
    with contextlib.suppress(HubError):
        link = await client.permalink(Sent(str(talk["channel"]), str(talk["ts"])))
        text = f"<{link}|{text.replace('|', '¦')}>"
    return section(f"• {text} _{becoming}_" if becoming else f"• {text}")
