"""Where a provider counts each kind of call by itself, too much of one holds up no other, nor a pause that it asks for."""

from __future__ import annotations

import pytest

from channels.slack.edits import EDITS
from core.delivery_attempt import NotBegun
from core.delivery_pace import LanePace
from core.domain.capabilities import Capabilities, Pace
from core.domain.errors import RateLimited
from core.domain.keys import ConversationKey
from core.domain.messages import WirePayload
from core.storage.store import SqlStore
from handoff.slack.pace import counted_with
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import answered
from tests.unit.core.eventually import eventually
from tests.unit.core.lanes import Running
from tests.unit.core.scripted_channel import ScriptedChannel

SLOW, FAST = Pace(messages=1, seconds=60.0), Pace(messages=100, seconds=60.0)


class Kinds(ScriptedChannel):
    """Implements SupportsPaces: what begins with a sign is a sign."""

    def __init__(self, *script: object) -> None:
        capabilities = Capabilities(text_limit=1000, pace=Pace(messages=100, seconds=60.0))
        super().__init__(*script, capabilities=capabilities)

    async def pace_of(self, payload: WirePayload) -> tuple[str, Pace]:
        """See SupportsPaces."""
        return ("sign", SLOW) if str(payload.body["text"]).startswith("sign") else ("post", FAST)


async def test_signs_wait_and_posts_go(store: SqlStore, running: Running, clock: ManualClock) -> None:
    for number in range(3):
        await answered(store, f"sign {number}", where=f"s{number}", event=f"s{number}")
        await answered(store, f"post {number}", where=f"p{number}", event=f"p{number}")
    channel = Kinds()
    async with running(channel):
        await eventually(lambda: len(channel.arrived) == 4)
        assert sorted(channel.arrived)[:3] == ["post 0", "post 1", "post 2"]
        for expected in (5, 6):
            clock.move(50.0)
            assert len(channel.arrived) == expected - 1
            await eventually(lambda wanted=expected: clock.move(0.1) or len(channel.arrived) == wanted)  # type: ignore[misc, func-returns-value]
    assert len(set(channel.arrived)) == 6


async def test_a_pause_is_of_the_kind_that_it_was_asked_for(
    store: SqlStore, running: Running, clock: ManualClock
) -> None:
    await answered(store, "sign", where="s", event="s")
    channel = Kinds(RateLimited("slow down", retry_after=300.0))
    async with running(channel):
        await eventually(lambda: channel.sent == ["sign"])

        async def paused() -> bool:
            return (await store.reserve("web:main:sign", SLOW, 1))[0] == 0

        await eventually(paused)
        await answered(store, "post", where="p", event="p")
        await eventually(lambda: channel.arrived == ["post"])
        clock.move(301.0)
        await eventually(lambda: channel.arrived == ["post", "sign"])


async def test_what_waits_for_its_kind_tries_one_after_another(store: SqlStore, clock: ManualClock) -> None:
    """Each try has taken a call of the account's pace, which other kinds need."""
    pace = LanePace(Kinds(), store, clock)
    sign = WirePayload(ConversationKey("web", "main", "s"), {"text": "sign"})
    await pace.kind_of_call(sign, lambda: 10.0)
    waits = []
    for _ in range(3):
        with pytest.raises(NotBegun) as refused:
            await pace.kind_of_call(sign, lambda: 10.0)
        waits.append(refused.value.wait)
    assert waits == pytest.approx([60.0, 120.0, 180.0], abs=1.0)


def test_what_the_desk_does_in_a_minute_stays_below_slacks_limits() -> None:
    most: dict[str, float] = {}
    for do in ("card", "reply", "file", "react", "unreact"):
        name, pace = counted(do)
        most[name] = pace.messages + 60.0 * pace.messages / pace.seconds
    assert sorted(most) == ["post:C1", "react", "unreact"]
    assert most["post:C1"] <= 60 + 3, "a burst of three above one a second"
    assert most["react"] <= 50
    assert most["unreact"] <= 20
    assert counted_with("update_card", "C1") is None, "edits are counted with those of answers"
    assert EDITS.messages + 60.0 * EDITS.messages / EDITS.seconds <= 50
    assert counted_with("reply", "C2") != counted_with("reply", "C1"), "each channel by itself"


def counted(do: str) -> tuple[str, Pace]:
    found = counted_with(do, "C1")
    assert found is not None
    return found
