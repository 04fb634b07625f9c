"""A channel of the staff's, in any workspace and through any app: what they see there, press, write and command."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import BOT, GRACE, SECRET, STAFF, TEAM
from tests.e2e.desk.office import whole
from tests.servers.hub import Hub

Json = dict[str, Any]
COMMAND = "/support"
"""As the manifest in docs/howto/slack.md makes it."""
_PATIENCE = 180.0


@dataclass
class StaffRoom:
    """``hook``: where Slack sends what happens here, over HTTP and signed. ``socket``: over the newest connection instead."""

    slack: SlackFake
    hub: Hub
    channel: str = STAFF
    team: str = TEAM
    bot: str = BOT
    secret: str = SECRET
    hook: str = "/webhooks/slack"
    socket: bool = False

    @property
    def cards(self) -> list[Json]:
        """The first messages of cases."""
        found = self.slack.channels[self.channel].messages
        return [one for one in found if one.get("bot_id") and "thread_ts" not in one]

    def shown(self, card: Json) -> list[str]:
        """What the hub wrote below a card."""
        found = self.slack.channels[self.channel].messages
        return [whole(one) for one in found if one.get("thread_ts") == card["ts"] and one.get("bot_id")]

    async def card(self, number: int = 1) -> Json:
        """The case of that number, once it is there."""
        await self.slack.until(lambda: len(self.cards) >= number, _PATIENCE)
        return self.cards[number - 1]

    async def sees(self, card: Json, text: str) -> None:
        """Something stands in the thread, or on the card."""
        await self.slack.until(lambda: any(text in one for one in [whole(card), *self.shown(card)]), _PATIENCE)

    async def press(self, card: Json, action: str, user: str = GRACE) -> None:
        """A button of a card, if it is there."""
        (button,) = [
            element
            for block in card["blocks"]
            if block["type"] == "actions"
            for element in block["elements"]
            if element["action_id"] == action
        ]
        payload = {
            "type": "block_actions",
            "team": {"id": self.team, "domain": "example"},
            "user": {"id": user, "team_id": self.team},
            "channel": {"id": self.channel, "name": "support"},
            "message": card,
            "container": {"type": "message", "message_ts": card["ts"], "channel_id": self.channel},
            "actions": [{**button, "action_ts": self.slack.ts()}],
            "trigger_id": "1.2.3",
        }
        await self._send(payload, form="payload")

    async def write(self, card: Json, text: str, user: str = GRACE, **more: Any) -> Json:
        """A reply in the case's thread."""
        event = self.slack.say(text, channel=self.channel, user=user, thread_ts=card["ts"], **more)
        event |= {"team_id": self.team}
        event["authorizations"] = [{"team_id": self.team, "user_id": self.bot, "is_bot": True}]
        await self.deliver(event)
        return event

    async def react(self, ts: str, name: str, user: str = GRACE, *, present: bool = True) -> None:
        """An emoji on any message of the channel."""
        event = {
            "type": "reaction_added" if present else "reaction_removed",
            "user": user,
            "reaction": name,
            "item": {"type": "message", "channel": self.channel, "ts": ts},
            "event_ts": self.slack.ts(),
        }
        await self.deliver(self.slack.event(event, team=self.team, bot=self.bot))

    async def delete_card(self, card: Json) -> None:
        """Somebody of the staff deletes what the thread began with."""
        await self.deliver(self.slack.delete_root(self.channel, card["ts"], team=self.team, bot=self.bot))

    async def command(self, text: str, user: str = GRACE, channel: str | None = None) -> bytes:
        """A slash command; what only its giver sees."""
        payload = {
            "command": COMMAND,
            "text": text,
            "team_id": self.team,
            "user_id": user,
            "channel_id": channel or self.channel,
            "trigger_id": f"{self.slack.ts()}.x",
        }
        return await self._send(payload, form="command")

    async def deliver(self, event: Json) -> None:
        """Over HTTP."""
        await self._send(event)

    async def _send(self, payload: Json, form: str | None = None) -> bytes:
        if self.socket:
            kinds = {"payload": "interactive", "command": "slash_commands"}
            envelope = await self.slack.push_socket(payload, kinds.get(form or "", "events_api"))
            return json.dumps((await self.slack.acknowledgement(envelope)).get("payload")).encode()
        status, body = await self.slack.push(self.hub.url + self.hook, payload, form=form, secret=self.secret)
        assert status == 200, body
        return body
