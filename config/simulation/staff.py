"""Staff in the fake Slack: the cards and threads that they see, and what they press and write there."""

from __future__ import annotations

from typing import Any

from config.simulation.slack_rules import shown_in
from config.simulation.slack_world import GRACE, LINUS, STAFF, TEAM
from config.simulation.town import Town
from core.domain.errors import ConfigError

Json = dict[str, Any]
PEOPLE = {"Grace": GRACE, "Linus": LINUS}


class StaffDesk:
    """Everything goes over HTTP, signed, as Slack does it."""

    def __init__(self, town: Town) -> None:
        self._slack = town.slack
        self._url = f"{town.url}/webhooks/slack"

    @property
    def cards(self) -> list[Json]:
        """The first messages of cases, the oldest first."""
        return [one for one in self._slack.channels[STAFF].messages if one.get("bot_id") and "thread_ts" not in one]

    def thread(self, card: Json) -> list[str]:
        """What the hub says to staff about a case: on its card, and below it."""
        return [line["text"] for line in self.conversation(card) if line["by"] == "Hub"]

    def conversation(self, card: Json) -> list[Json]:
        """Everything there, also by staff: ``by`` and ``text``."""
        below = [one for one in self._slack.channels[STAFF].messages if one.get("thread_ts") == card["ts"]]
        names = {user: name for name, user in PEOPLE.items()}
        found = [
            ("Hub" if one.get("bot_id") else names.get(one.get("user", ""), "Staff"), one) for one in (card, *below)
        ]
        return [{"by": by, "text": _visible_text(one)} for by, one in found]

    def buttons(self, card: Json) -> dict[str, Json]:
        """Of a card, by their action."""
        blocks = [block for block in card.get("blocks") or () if block["type"] == "actions"]
        return {element["action_id"]: element for block in blocks for element in block["elements"]}

    async def press(self, card: Json, action: str, by: str = GRACE) -> None:
        """Raises ConfigError where the card gets no such button."""
        try:
            await self._slack.until(lambda: action in self.buttons(card))
        except TimeoutError:
            has = ", ".join(self.buttons(card)) or "none"
            raise ConfigError(f"The case's card has no button {action}; it has {has}.") from None
        button = self.buttons(card)[action]
        payload = {
            "type": "block_actions",
            "team": {"id": TEAM, "domain": "example"},
            "user": {"id": by, "team_id": TEAM},
            "channel": {"id": STAFF, "name": "support"},
            "message": card,
            "container": {"type": "message", "message_ts": card["ts"], "channel_id": STAFF},
            "actions": [{**button, "action_ts": self._slack.ts()}],
            "trigger_id": self._slack.modals.trigger(self._slack.now()),
        }
        await self._push(payload, form="payload")

    async def write(self, card: Json, text: str, by: str = GRACE) -> str:
        """A message in the case's thread; its name."""
        event = self._slack.say(text, channel=STAFF, user=by, thread_ts=card["ts"])
        await self._push(event)
        return str(event["event"]["ts"])

    async def _push(self, payload: Json, form: str | None = None) -> None:
        status, body = await self._slack.push(self._url, payload, form=form)
        if status != 200:
            raise ConfigError(f"The hub refused what staff did: {status} {body!r}")


def _visible_text(message: Json) -> str:
    blocks = message.get("blocks") or ()
    parts = [shown_in(one) for one in blocks if "text" in one or one["type"] in ("rich_text", "context")]
    fields = [one["text"] for block in blocks for one in block.get("fields", ())]
    return "\n".join(part for part in (*parts, *fields) if part) or str(message.get("text", ""))
