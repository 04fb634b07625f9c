"""The weekly post of what was not answered: one, whatever processes and restarts there are, in Slack as staff read it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import STAFF, TOKEN
from core.domain.case import DESK, Case
from core.domain.delivery import DeliveryStatus
from core.domain.errors import StoreUnavailable
from core.domain.gaps import Nearest, Unanswered, Why
from core.domain.timers import Timer, TimerKind
from core.ports.channel import InboundSink
from core.ports.outcomes import CloseCase, OpenCase, ProposeAnswer
from core.ports.store import Settlement
from core.ports.timers import TimerDecision
from core.storage.store import SqlStore
from core.storage.wake_local import LocalWake
from core.timers import TimerLoop, TimerSettings
from handoff.learning.gaps_post import GAPS, GapsPosts
from handoff.learning.weekly import parse_weekly
from handoff.slack.channel import SlackDeskChannel, SlackDeskSettings
from handoff.texts import languages, say
from knowledge.gaps.book import StoredGapBook
from tests.contract.stores.conftest import OpenStore
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import accept, claim_one, outcome, said, thread
from tests.e2e.desk.office import whole
from tests.integration.desk.conftest import BOTH_DATABASES
from tests.integration.slack_channel.world import surroundings
from tests.patience import PATIENCE

BERLIN = ZoneInfo("Europe/Berlin")
_MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
"""Nine o'clock in Berlin; the clock of these tests begins on the Saturday before."""
_WEEK = 7 * 86_400.0
_NEAR = (Nearest("Pumps & <more>", 0.31, "https://example.com/pumps"),)


async def _no_case(_timer: Timer) -> TimerDecision:
    return TimerDecision()


@dataclass
class Staff:
    """A process that looks after the post."""

    store: SqlStore
    clock: ManualClock
    plan: str = "Mon 09:00"
    language: str = "en"

    @property
    def loop(self) -> TimerLoop:
        """Just started."""
        book, weekly = StoredGapBook(self.store, self.clock), parse_weekly(self.plan, BERLIN)
        posts = GapsPosts(_no_case, book, self.store, self.clock, "main", weekly, self.language)
        self.posts = posts
        return TimerLoop(self.store, posts.decide, LocalWake(), TimerSettings(lease=10.0), prepare=posts.prepare)

    async def works(self) -> int:
        """It starts, and does what is due."""
        loop = self.loop
        await self.posts.prepare()
        return await loop.once()

    async def unanswered(self, event: str, text: str, where: str = "t1", language: str = "en") -> None:
        """A question of a customer's that nothing answers."""
        await accept(self.store, said(event, text, where=where))
        state = await claim_one(self.store)
        found = Unanswered(state.pending[-1].id, text, text, Why.NOT_FOUND, language, _NEAR)
        (finished,) = await self.store.finish([outcome(state, gaps=(found,))])
        assert finished.held

    async def until(self, moment: datetime) -> None:
        self.clock.move((moment - self.clock.now()).total_seconds())


async def shown(store: SqlStore, slack: SlackFake, folder: Path, clock: ManualClock, locale: str = "en") -> list[str]:
    """What the outbox has for the staff channel, sent as it is; the texts of all that stands there."""
    url = slack.api_url
    settings = SlackDeskSettings(channel=STAFF, tokens=(TOKEN,), account="main", api_base_url=url, locale=locale)
    desk_channel = SlackDeskChannel(settings, surroundings(store, folder, clock=cast(Any, clock)), store)
    await desk_channel.start(cast(InboundSink, None))
    try:
        while deliveries := await store.claim_deliveries(DESK, "main", 10, 5.0):
            for one in deliveries:
                payloads = [(f"{one.id}:{payload.part}", payload) for payload in desk_channel.render(one.message)]
                receipts = tuple([await desk_channel.send(payload, idempotency_key=key) for key, payload in payloads])
                await store.settle([Settlement(one.id, one.token, DeliveryStatus.SENT, receipts)])
    finally:
        await desk_channel.stop()
    return [whole(one) for one in slack.channels[STAFF].messages if "thread_ts" not in one]


async def test_the_channel_reads_once_a_week_what_was_asked_most(
    store: SqlStore, clock: ManualClock, tmp_path: Path
) -> None:
    staff = Staff(store, clock)
    assert await staff.works() == 0
    for number, text in enumerate(
        ["Do you sell bicycles?", "Do you sell <b>bicycles</b> & bells? @channel", "Parking?"]
    ):
        await staff.unanswered(f"e{number}", text, where=f"t{number}")
    await staff.unanswered("e9", "Verkauft ihr Fahrräder?", where="t9", language="de")
    await staff.until(_MONDAY.replace(minute=0))
    clock.move(-1.0)
    assert await staff.works() == 0
    clock.move(1.0)
    assert await staff.works() == 1
    assert await staff.works() == 0
    async with SlackFake() as slack:
        (post,) = await shown(store, slack, tmp_path, clock)
        (sent,) = slack.called("chat.postMessage")
    assert sent["channel"] == STAFF
    lines = post.splitlines()
    assert lines[0].endswith("*What customers asked and got no answer to, or not a good one*")
    assert "*2×* Do you sell bicycles? · en" in post
    assert "*1×* Verkauft ihr Fahrräder? · de" in post
    assert "Nearest document: Pumps & <more> (<https://example.com/pumps|example.com>)" in post


async def test_nothing_new_is_no_post_and_what_was_posted_is_not_counted_again(
    store: SqlStore, clock: ManualClock, tmp_path: Path
) -> None:
    staff = Staff(store, clock)
    await staff.works()
    await staff.unanswered("e1", "Do you sell bicycles?")
    async with SlackFake() as slack:
        for week, expected in enumerate([1, 1, 1, 2]):
            if week == 3:
                await staff.unanswered("e2", "Do you sell bicycles?", where="t2")
            await staff.until(_MONDAY)
            clock.move(week * _WEEK)
            assert await staff.works() == 1
            posts = await shown(store, slack, tmp_path, clock)
            assert len(posts) == expected
            clock.move(-week * _WEEK)
    assert "*1×* Do you sell bicycles?" in posts[1]


@BOTH_DATABASES
async def test_of_two_processes_one_posts_and_one_that_died_over_it_is_replaced(
    open_store: OpenStore, clock: ManualClock, tmp_path: Path
) -> None:
    one, two = Staff(await open_store(), clock), Staff(await open_store(), clock)
    await asyncio.gather(one.works(), two.works())
    await one.unanswered("e1", "Do you sell bicycles?")
    await one.until(_MONDAY)
    (frozen,) = await one.store.due_timers(10, 10.0)
    assert await two.works() == 0, "the lease of the other holds"
    clock.move(11.0)
    assert sum(await asyncio.gather(two.works(), two.works(), one.works())) == 1
    late = await one.posts.decide(frozen.timer)
    assert not (await one.store.finish_timer(frozen, late)).held
    async with SlackFake() as slack:
        assert len(await shown(two.store, slack, tmp_path, clock)) == 1


async def test_a_hub_that_was_down_on_monday_posts_when_it_is_up_and_goes_on_by_the_week(
    store: SqlStore, clock: ManualClock
) -> None:
    staff = Staff(store, clock)
    await staff.works()
    await staff.until(datetime(2026, 11, 25, 15, 0, tzinfo=UTC))
    assert await staff.works() == 1
    (timer,) = await store.timers(GAPS)
    assert timer.due_at == _MONDAY.replace(day=30)


async def test_a_clock_that_rings_early_posts_once_that_week(store: SqlStore, clock: ManualClock) -> None:
    staff = Staff(store, clock)
    await staff.works()
    await staff.until(_MONDAY)
    (due,) = await store.due_timers(10, 10.0)
    clock.move(-90.0)
    decision = await staff.posts.decide(due.timer)
    (again,) = decision.cases
    assert (clock.now().timestamp() + again.after) == _MONDAY.timestamp() + _WEEK  # type: ignore[union-attr]


async def test_a_started_worker_sets_the_time_by_itself_also_when_the_database_comes_late(
    store: SqlStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff = Staff(store, clock)
    loop, tries = staff.loop, []
    asked = store.timers

    async def late(case_id: str) -> Any:
        tries.append(case_id)
        if len(tries) == 1:
            raise StoreUnavailable("away")
        return await asked(case_id)

    monkeypatch.setattr(store, "timers", late)
    loop.start()
    try:
        async with asyncio.timeout(PATIENCE):
            while not await asked(GAPS):  # noqa: ASYNC110 - the loop polls as well
                await asyncio.sleep(0.01)
    finally:
        await loop.stop()
    assert tries == [GAPS, GAPS]
    assert [timer.due_at for timer in await asked(GAPS)] == [_MONDAY]


@pytest.mark.parametrize(("plan", "due"), [("Tue 10:30", datetime(2026, 11, 24, 9, 30, tzinfo=UTC)), ("never", None)])
async def test_another_time_holds_from_the_next_start(
    store: SqlStore, clock: ManualClock, plan: str, due: datetime | None
) -> None:
    await Staff(store, clock).works()
    changed = Staff(store, clock, plan)
    await changed.works()
    await changed.until(_MONDAY)
    assert await changed.works() == (0 if due else 1), "never: the old timer comes to nothing"
    assert [timer.due_at for timer in await store.timers(GAPS)] == ([due] if due else [])
    assert all(timer.kind is TimerKind.GAPS for timer in await store.timers(GAPS))


async def test_it_says_what_staff_have_done_about_it_in_their_language(
    store: SqlStore, clock: ManualClock, tmp_path: Path
) -> None:
    staff = Staff(store, clock, language="de")
    await staff.works()
    await staff.unanswered("e1", "Do you sell bicycles?")
    home = thread().conversation_id
    case = Case(Case.named(home, 1), home, 1, "asked", "customer", "normal", clock.now())
    await accept(store, said("e2", "A person"))
    state = await claim_one(store)
    proposed = ProposeAnswer(case.id, "Bicycles?", "No.", "today")
    (finished,) = await store.finish([replace(outcome(state), cases=(OpenCase(case), CloseCase(case.id), proposed))])
    assert finished.held
    await staff.until(_MONDAY)
    assert await staff.works() == 1
    async with SlackFake() as slack:
        (post,) = await shown(store, slack, tmp_path, clock, "de")
    assert "Nächstes Dokument" in post
    assert say("gaps_proposed", "de", case=case.id) in post


def test_every_language_of_the_desk_has_the_words() -> None:
    said_in = {say("gaps_title", language) for language in languages()}
    assert len(said_in) == len(languages()) >= 5
