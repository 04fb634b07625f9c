"""Files in a case's thread while Slack does not hand them out: who waits for them, and who does not."""

from __future__ import annotations

import time
from typing import Any

import pytest

from config.simulation.slack_world import LINUS, Fault
from tests.e2e import stored
from tests.e2e.desk.test_desk import CLAIM, RESOLVE, scene
from tests.e2e.desk.test_places import room
from tests.fixtures.hub import MakeHub
from tests.servers.hub import Hub
from tests.unit.core.eventually import eventually

UNDO = 10.0
pytestmark = pytest.mark.slow


class Closed:
    """Slack hands out no file as long as it is ``down``; ``asked``: how often somebody wanted one."""

    def __init__(self, before: Any) -> None:
        self._before = before
        self.down = True
        self.asked = 0

    def __call__(self, method: str, args: Any) -> Fault:
        if method != "files.info" or not self.down:
            found: Fault = self._before(method, args)
            return found
        self.asked += 1
        return Fault(status=503)


async def test_nobody_waits_for_a_file_that_stays_inside(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world:
        staff, card = room(world), await world.escalate()
        await staff.press(card, CLAIM)
        await world.reads("Grace has joined")
        slack = staff.slack
        slack.weather = closed = Closed(slack.weather)  # type: ignore[method-assign]
        note, chat = slack.file("notes.txt", b"inside"), slack.file("talk.txt", b"inside")
        await staff.write(card, "// for us", files=[note], subtype="file_share")
        await staff.write(card, "what I know", user=LINUS, files=[chat], subtype="file_share")
        await staff.write(card, "Hello")
        await world.reads("Hello")
        await staff.press(card, RESOLVE)
        await world.reads("closed this conversation")
        assert closed.asked == 0


async def test_what_is_deleted_in_time_is_not_sent_while_a_file_is_waited_for(make_hub: MakeHub) -> None:
    async with scene(make_hub, DESK_UNDO_SECONDS=str(UNDO)) as world:
        staff, card = room(world), await world.escalate()
        await staff.press(card, CLAIM)
        await world.reads("Grace has joined")
        slack = staff.slack
        slack.weather = closed = Closed(slack.weather)  # type: ignore[method-assign]
        said = await staff.write(card, "he is a fraud")
        await eventually(lambda: bool(stored.waiting(world.hub, "he is a fraud")))
        file = slack.file("map.txt", b"north")
        await staff.write(card, "Here is the way", files=[file], subtype="file_share")
        await world.office.delete(said)
        await eventually(lambda: overdue(world.hub, "he is a fraud") and closed.asked > 0)  # its turn has not been
        closed.down = False
        await world.reads("Here is the way")
        assert not any("fraud" in one for one in await world.texts())
        await staff.sees(card, "Taken back before it was sent.")


def overdue(hub: Hub, text: str) -> bool:
    """Whether the time is over in which it could be taken back, and it waits all the same."""
    return any(written_at < time.time() - UNDO - 1 for written_at in stored.waiting(hub, text))
