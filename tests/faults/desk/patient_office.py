"""Staff who press again when Slack did nothing, and who find the threads of many cases at once."""

from __future__ import annotations

import asyncio
import json
import re
from collections import defaultdict

from config.simulation.slack_world import GRACE, STAFF, TEAM
from tests.e2e.desk.office import Json, Office, whole
from tests.faults.desk.patient_slack import PatientSlack
from tests.servers.hub import Hub

_OPENS_WITHIN = 4.0
"""Seconds; what a press has for it at Slack lives for three."""
_THERE_WITHIN = 900.0


class PatientOffice(Office):
    """``slack`` delivers until the hub has taken it, so that here only forms have to be tried again.

    ``marks``: what cases are found by.
    """

    slack: PatientSlack

    def __init__(self, slack: PatientSlack, hub: Hub, marks: re.Pattern[str]) -> None:
        super().__init__(slack, hub)
        self._marks = marks
        self._marked: dict[str, list[str]] = defaultdict(list)
        self._index: list[Json] = []
        self._cards: list[Json] = []
        self._threads: dict[str, list[Json]] = defaultdict(list)

    @property
    def cards(self) -> list[Json]:
        """See Office.cards."""
        self._look()
        return self._cards

    def thread(self, card: Json) -> list[Json]:
        """See Office.thread."""
        self._look()
        return self._threads[card["ts"]]

    def marked_with(self, mark: str) -> list[Json]:
        """The cards of cases in which that was posted."""
        self._look()
        return [one for one in self._cards if one["ts"] in self._marked[mark]]

    async def through_form(self, card: Json, name: str, text: str, user: str = GRACE) -> None:
        """Open a form, and send off what it asks for, until both have worked."""
        while True:
            view = await self._opened(card, name, user)
            if view is not None and not await self.send_off(view, text, user):
                return

    async def write_and_change(self, card: Json, text: str, new: str | None) -> None:
        """Write, and edit or (``None``) delete it at once: Slack may deliver that first."""
        written = self.slack.say(text, channel=STAFF, user=GRACE, thread_ts=card["ts"])
        changing = self.delete(written) if new is None else self.edit(written, new)
        await asyncio.gather(self.deliver(written), changing)

    async def press_there(self, card: Json, action: str, user: str = GRACE) -> None:
        """Press a button of a card once it is there."""
        await self.slack.until(lambda: action in _actions(card), _THERE_WITHIN)
        await self.press(card, action, user)

    async def send_off(self, view: Json, text: str, user: str = GRACE) -> Json:
        """See Office.send_off. What Slack would not say is asked again."""
        while errors := await super().send_off(view, text, user):
            assert all("Slack did not say" in str(one) for one in errors.values()), errors
        return {}

    async def _opened(self, card: Json, name: str, user: str) -> Json | None:
        trigger = self.slack.modals.trigger(self.slack.now())
        payload = {
            "type": "block_actions",
            "team": {"id": TEAM, "domain": "example"},
            "user": {"id": user, "team_id": TEAM},
            "channel": {"id": STAFF, "name": "support"},
            "message": card,
            "container": {"type": "message", "message_ts": card["ts"], "channel_id": STAFF},
            "actions": [{"type": "button", "action_id": f"desk_open_{name}", "action_ts": self.slack.ts()}],
            "trigger_id": trigger,
        }
        await self.slack.push(self._url, json.loads(json.dumps(payload)), form="payload")
        try:
            await self.slack.until(lambda: trigger in self.slack.modals.opened_by, _OPENS_WITHIN)
        except TimeoutError:
            return None
        return self.slack.modals.open[self.slack.modals.opened_by[trigger]]

    def _look(self) -> None:
        """At what is new; at everything again where something was taken away."""
        messages = self.slack.channels[STAFF].messages
        seen = len(self._index)
        if seen > len(messages) or (seen and messages[seen - 1] is not self._index[-1]):
            self._index, self._cards, seen = [], [], 0
            self._threads.clear()
            self._marked.clear()
        for one in messages[seen:]:
            self._index.append(one)
            if "thread_ts" in one:
                self._threads[one["thread_ts"]].append(one)
            elif one.get("bot_id"):
                self._cards.append(one)
            for mark in self._marks.findall(whole(one)) if one.get("bot_id") else ():
                self._marked[mark].append(one.get("thread_ts") or one["ts"])


def _actions(card: Json) -> set[str]:
    """The buttons that it has now."""
    return {str(element.get("action_id")) for block in card["blocks"] for element in block.get("elements", ())}
