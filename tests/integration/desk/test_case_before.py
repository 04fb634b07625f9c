"""A customer who comes back too late for reopening: the new card leads to the case before, and its thread to the new one."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import GRACE, STAFF
from core.domain.case import Case, feed
from core.domain.messages import StaffAction
from core.ports.store import Acceptable
from tests.e2e.desk.office import whole
from tests.integration.desk.test_files_below_the_card import asks_for_a_person, delivered, turns, world
from tests.integration.desk.test_slack_desk_channel import Hours, desk_channel_on
from tests.property.desk_world import HOME, DeskWorld

__all__ = ["world"]


async def presses(world: DeskWorld, case_number: int, action: StaffAction) -> None:
    """In the case's thread, as the property test's channel names it: it is looked up by the card's id."""
    case = feed("main", Case.named(HOME.conversation_id, case_number))
    root = await world.store.first_shown(case.conversation_id)
    event = world.staff_does(str(root), GRACE, str(action), action)
    await world.store.accept([Acceptable(event)])
    await turns(world)


@pytest.mark.parametrize("thread_there", [True, False])
def test_both_lead_to_each_other(world: DeskWorld, tmp_path: Path, thread_there: bool) -> None:
    async def told() -> None:
        async with SlackFake() as slack:
            desk_channel = desk_channel_on(slack, world.store, tmp_path, Hours())
            await desk_channel.start(None)  # type: ignore[arg-type]
            await asks_for_a_person(world)
            await delivered(world, desk_channel)
            for action in (StaffAction.CLAIM, StaffAction.RESOLVE):
                await presses(world, 1, action)
            await delivered(world, desk_channel)
            messages = slack.channels[STAFF].messages
            (first,) = [one for one in messages if "thread_ts" not in one]
            if not thread_there:
                messages.clear()
            world.clock.move(10 * 24 * 3600.0)
            await asks_for_a_person(world)
            await delivered(world, desk_channel)
            second = [one for one in messages if "thread_ts" not in one][-1]
            below_first = [whole(one) for one in messages if one.get("thread_ts") == first["ts"]]
            below_second = [whole(one) for one in messages if one.get("thread_ts") == second["ts"]]
            await desk_channel.stop()
            assert second is not first
            assert any("A person, please" in one for one in below_second), "what follows is told"
            if thread_there:
                assert f"before: <{address(first['ts'])}|Case 1>" in whole(second)
                leads = [one for one in below_first if "it goes on in a new case" in one]
                assert len(leads) == 1
                assert f"<{address(second['ts'])}|" in leads[0]
            else:
                assert "before: Case 1" in whole(second)
                assert not below_first

    world.do(told())


def address(ts: str) -> str:
    """As Slack gives it out."""
    return f"https://example.slack.com/archives/{STAFF}/p{ts.replace('.', '')}"
