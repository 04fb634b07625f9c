"""The staff's side of a desk in the fake Slack: what they see, press and write."""

from __future__ import annotations

import json
from typing import Any

from config.simulation.slack_fake import SlackFake, text_of
from config.simulation.slack_rules import shown_in
from config.simulation.slack_world import GRACE, STAFF, TEAM
from tests.servers.hub import Hub

Json = dict[str, Any]
_PATIENCE = 180.0


class Office:
    """Everything goes over HTTP, signed, as Slack does it."""

    def __init__(self, slack: SlackFake, hub: Hub) -> None:
        self.slack = slack
        self._url = f"{hub.url}/webhooks/slack"

    @property
    def cards(self) -> list[Json]:
        """The first messages of cases."""
        return [one for one in self.slack.channels[STAFF].messages if one.get("bot_id") and "thread_ts" not in one]

    def thread(self, card: Json) -> list[Json]:
        """What stands below a card, by whomever."""
        return [one for one in self.slack.channels[STAFF].messages if one.get("thread_ts") == card["ts"]]

    def shown(self, card: Json) -> list[str]:
        """What the hub wrote below a card."""
        return [whole(one) for one in self.thread(card) if one.get("bot_id")]

    async def card(self, number: int = 1) -> Json:
        """The case of that number, once it is there."""
        await self.slack.until(lambda: len(self.cards) >= number, _PATIENCE)
        return self.cards[number - 1]

    async def sees(self, card: Json, text: str) -> None:
        """Something stands in the thread, or on the card."""
        await self.slack.until(lambda: any(text in one for one in [whole(card), *self.shown(card)]), _PATIENCE)

    async def marked(self, event: Json, sign: str) -> None:
        """The hub put a sign on what somebody wrote."""
        ts = event["event"]["ts"]
        wanted = [one for one in self.slack.channels[STAFF].messages if one["ts"] == ts]
        await self.slack.until(lambda: sign in wanted[0].get("reactions", ()), _PATIENCE)

    async def press(self, card: Json, action: str, user: str = GRACE, choice: str | None = None) -> None:
        """A button of a message, if it is there; in a menu, one of the choices it offers."""
        (button,) = [
            element
            for block in card["blocks"]
            if block["type"] == "actions"
            for element in block["elements"]
            if element["action_id"] == action
        ]
        payload = {
            "type": "block_actions",
            "team": {"id": TEAM, "domain": "example"},
            "user": {"id": user, "team_id": TEAM},
            "channel": {"id": STAFF, "name": "support"},
            "message": card,
            "container": {"type": "message", "message_ts": card["ts"], "channel_id": STAFF},
            "actions": [{**_pressed(button, choice), "action_ts": self.slack.ts()}],
            "trigger_id": self.slack.modals.trigger(self.slack.now()),
        }
        status, body = await self.slack.push(self._url, payload, form="payload")
        assert status == 200, body

    async def form(self, card: Json, name: str, user: str = GRACE) -> Json:
        """A form that opens when its button is pressed."""
        before = set(self.slack.modals.open)
        await self.press(card, f"desk_open_{name}", user)
        await self.slack.until(lambda: bool(set(self.slack.modals.open) - before), _PATIENCE)
        (view_id,) = set(self.slack.modals.open) - before
        return self.slack.modals.open[view_id]

    async def send_off(self, view: Json, text: str, user: str = GRACE) -> Json:
        """Fill a form's one field in and send it off; what is wrong with it, by its block."""
        (block,) = [one for one in view["blocks"] if one["type"] == "input"]
        return await self.fill_in(view, {block["element"]["action_id"]: text}, user)

    async def fill_in(self, view: Json, given: dict[str, str], user: str = GRACE) -> Json:
        """Send a form off with these fields, and what stands in all others; what is wrong with it, by its block."""
        state: Json = {"values": {}}
        for block in view["blocks"]:
            if block["type"] == "input":
                element = block["element"]
                filled = {"type": element["type"], **_filled(element, given.get(element["action_id"]))}
                state["values"][block["block_id"]] = {element["action_id"]: filled}
        payload = {
            "type": "view_submission",
            "team": {"id": TEAM, "domain": "example"},
            "user": {"id": user, "team_id": TEAM},
            "trigger_id": self.slack.modals.trigger(self.slack.now()),
            "view": {**view, "state": state},
        }
        status, body = await self.slack.push(self._url, payload, form="payload")
        assert status == 200, body
        answer: Json = json.loads(body) if body else {}
        return answer.get("errors", {})

    async def choose(self, view: Json, action: str, choice: str, user: str = GRACE) -> Json:
        """Something in an open form; the form as it is afterwards."""
        elements = [one for block in view["blocks"] for one in block.get("elements", ())]
        (element,) = [one for one in elements if one.get("action_id") == action]
        payload = {
            "type": "block_actions",
            "team": {"id": TEAM, "domain": "example"},
            "user": {"id": user, "team_id": TEAM},
            "container": {"type": "view", "view_id": view["id"]},
            "view": {**view, "state": {"values": {}}},
            "actions": [{**_pressed(element, choice), "action_ts": self.slack.ts()}],
            "trigger_id": self.slack.modals.trigger(self.slack.now()),
        }
        status, body = await self.slack.push(self._url, payload, form="payload")
        assert status == 200, body
        await self.slack.until(lambda: self.slack.modals.open[view["id"]]["hash"] != view["hash"], _PATIENCE)
        return self.slack.modals.open[view["id"]]

    async def write(self, card: Json, text: str, user: str = GRACE, **more: Any) -> Json:
        """A reply in the case's thread; the event, which can be delivered again."""
        event = self.slack.say(text, channel=STAFF, user=user, thread_ts=card["ts"], **more)
        await self.deliver(event)
        return event

    async def edit(self, event: Json, text: str) -> None:
        """Change what was written."""
        old = {name: value for name, value in event["event"].items() if name not in ("channel", "event_ts")}
        new = {**old, "text": text, "edited": {"user": old["user"], "ts": self.slack.ts()}}
        change = {"type": "message", "subtype": "message_changed", "hidden": True, "channel": STAFF}
        await self.deliver(self.slack.event({**change, "ts": self.slack.ts(), "message": new, "previous_message": old}))

    async def delete(self, event: Json) -> None:
        """Take away what was written."""
        old = {name: value for name, value in event["event"].items() if name not in ("channel", "event_ts")}
        gone = {"type": "message", "subtype": "message_deleted", "hidden": True, "channel": STAFF}
        await self.deliver(
            self.slack.event({**gone, "ts": self.slack.ts(), "deleted_ts": old["ts"], "previous_message": old})
        )

    async def deliver(self, event: Json) -> None:
        """Over HTTP."""
        status, body = await self.slack.push(self._url, event)
        assert status == 200, body


def _filled(element: Json, given: str | None) -> Json:
    """What Slack says of a field: null for one that is empty."""
    if element["type"] == "users_select":
        return {"selected_user": given}
    if element["type"] == "static_select":
        chosen = [one for one in element["options"] if one["value"] == given]
        return {"selected_option": chosen[0] if chosen else element.get("initial_option")}
    return {"value": element.get("initial_value") if given is None else given or None}


def _pressed(element: Json, choice: str | None) -> Json:
    if choice is None or "options" not in element:
        return element
    (chosen,) = [option for option in element["options"] if option["value"] == choice]
    return {name: element[name] for name in ("type", "action_id")} | {"selected_option": chosen}


def whole(message: Json) -> str:
    """Everything that a message shows, small print included."""
    small = [shown_in(block) for block in message.get("blocks") or [] if block["type"] == "context"]
    return "\n".join([text_of(message), *small])
