"""Where a provider counts each kind of call by itself, too much of one holds up no other, nor a pause that it asks for."""

from __future__ import annotations

from core.domain.capabilities import Capabilities, Pace
from core.domain.errors import RateLimited
from core.domain.messages import WirePayload
from core.storage.store import SqlStore
from handoff.slack.pace import DESK_PACE, counted_with
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
            await eventually(lambda wanted=expected: clock.move(1.0) or len(channel.arrived) == wanted)  # type: ignore[misc, func-returns-value]
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


def test_what_the_desk_may_do_in_a_minute() -> None:
    kinds = dict(
        counted_with(do, "C1") for do in ("card", "reply", "file", "update", "update_card", "react", "unreact")
    )
    assert {name: pace.messages for name, pace in kinds.items()} == {
        "post:C1": 60,
        "update": 50,
        "react": 50,
        "unreact": 20,
    }
    assert sum(pace.messages for pace in kinds.values()) == DESK_PACE.messages
    assert counted_with("reply", "C2")[0] != counted_with("reply", "C1")[0], "each channel by itself"
