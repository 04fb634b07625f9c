"""Until when staff should have answered: the setting, whose target a case has, and what its timer does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from config.desk.targets import BadTargets, parse_targets
from core.domain.customer import Customer
from core.domain.timers import Timer, TimerKind
from core.ports.outcomes import AnswerGiven, CaseRecord, ClearTimers, SetTimer
from handoff.hours import parse_hours
from handoff.settings import HandoffSettings
from handoff.teams import Target, target_for
from handoff.waits.due_answers import MISSED, SOON, DueAnswers

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
EVENING = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)
ALWAYS = HandoffSettings(target=Target("", 3600.0, 7200.0))
OFFICE = replace(ALWAYS, hours=parse_hours("Mon-Fri 09:00-17:00", "UTC"))


def customer(external_id: str = "ada", *, verified: bool = True) -> Customer:
    return Customer("c1", external_id, verified=verified)


def due(now: datetime, settings: HandoffSettings = ALWAYS) -> DueAnswers:
    return DueAnswers(settings, now)


def kept(records: Sequence[CaseRecord], now: datetime) -> Timer:
    """As storage keeps what is set."""
    (found,) = [one for one in records if isinstance(one, SetTimer)]
    at = now + timedelta(seconds=found.after)
    return Timer(found.case_id, "c", found.kind, found.stage, now, at, found.detail)


def test_targets_are_read() -> None:
    assert parse_targets("vip first 5 min, next 30 min; *@acme.com next 1h\nfirst 30", ("user:ada",)) == (
        Target("vip", 300.0, 1800.0, ("user:ada",)),
        Target("*@acme.com", 0.0, 3600.0, ("*@acme.com",)),
        Target("", 1800.0),
    )
    assert parse_targets(" ; ") == ()


@pytest.mark.parametrize(
    "text", ["vip", "first soon", "first 5, first 6", "vip first 5 days", "first 5 next 6", "x" * 1001]
)
def test_what_is_no_target_is_named(text: str) -> None:
    with pytest.raises(BadTargets):
        parse_targets(text)


def test_the_first_that_fits_counts() -> None:
    targets = parse_targets("vip first 1; billing first 2; email first 3; first 4", ("*@acme.com",))
    found = [
        target_for(targets, customer("boss@acme.com"), "email", "billing").name,
        target_for(targets, customer("boss@acme.com", verified=False), "email", "billing").name,
        target_for(targets, customer(), "email", None).name,
        target_for(targets, customer(), "web", None).first,
    ]
    assert found == ["vip", "billing", "email", 240.0]
    assert target_for((), customer(), "web", None) == Target()


def test_a_case_keeps_its_target_by_name() -> None:
    settings = HandoffSettings(targets=parse_targets("email first 3; first 4"))
    names = ({"target": "email"}, {}, {"target": "gone"})
    assert [settings.for_case(one).target.first for one in names] == [180.0, 240.0, 240.0]
    assert HandoffSettings().for_case({"target": "email"}).target == Target()


def test_staff_are_warned_and_then_told_that_it_was_missed() -> None:
    timer = kept(due(MONDAY).begin("c.1", first=True), MONDAY)
    assert timer.due_at == MONDAY + timedelta(minutes=48)
    follows, text, seconds = due(timer.due_at).due(timer)
    assert (text, round(seconds)) == (SOON, 720)
    timer = kept(follows, timer.due_at)
    assert timer.due_at == MONDAY + timedelta(hours=1)
    follows, *told = due(timer.due_at).due(timer)
    assert told == [MISSED, 3600.0]
    timer = kept(follows, timer.due_at)
    assert due(timer.due_at).due(timer)[1] is None, "once"


def test_the_time_counts_within_the_hours() -> None:
    timer = kept(due(EVENING, OFFICE).begin("c.1", first=True), EVENING)
    assert timer.due_at == datetime(2026, 11, 24, 9, 18, tzinfo=UTC)
    follows, _, seconds = due(timer.due_at, OFFICE).due(timer)
    assert round(seconds) == 720
    assert kept(follows, timer.due_at).due_at == datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def test_whoever_was_away_for_both_reads_the_second() -> None:
    timer = kept(due(MONDAY).begin("c.1", first=True), MONDAY)
    assert due(MONDAY + timedelta(hours=2)).due(timer)[1] == MISSED


def test_a_pause_keeps_what_is_left() -> None:
    timer = kept(due(EVENING, OFFICE).begin("c.1"), EVENING)
    night, noon = EVENING + timedelta(hours=4), datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
    timer = kept(due(night, OFFICE).pause(timer), night)
    assert due(night, OFFICE).pause(timer) == ()
    assert due(noon, OFFICE).due(timer)[1] is None
    timer = kept(due(noon, OFFICE).resume(timer), noon)
    assert due(noon, OFFICE).resume(timer) == ()
    follows, *_ = due(timer.due_at, OFFICE).due(timer)
    assert kept(follows, timer.due_at).due_at == noon + timedelta(minutes=90), "30 of 120 were gone"


def test_what_was_nearly_over_is_not_warned_of_again() -> None:
    timer = kept(due(MONDAY).begin("c.1", first=True), MONDAY)
    late = MONDAY + timedelta(minutes=55)
    timer = kept(due(late).resume(kept(due(late).pause(timer), late)), late)
    assert timer.due_at == MONDAY + timedelta(hours=1)
    assert due(timer.due_at).due(timer)[1] == MISSED


def test_an_answer_is_in_time_until_the_target_was_missed() -> None:
    timer = kept(due(MONDAY).begin("c.1", first=True), MONDAY)
    missed = kept(due(MONDAY + timedelta(hours=2)).due(timer)[0], MONDAY)
    following = kept(due(MONDAY).begin("c.1"), MONDAY)
    for one, first, in_time in ((timer, True, True), (missed, True, False), (following, False, True)):
        cleared, given = due(MONDAY).answered("c.1", MONDAY, one, paused=False)
        assert given == AnswerGiven("c.1", first=first, in_time=in_time)
        assert isinstance(cleared, ClearTimers)
        assert (cleared.kinds, cleared.read_until) == ((TimerKind.ANSWER,), MONDAY)
        assert cleared.instead is not None
        assert cleared.instead.after == 0.8 * 7200
    assert due(MONDAY).answered("c.1", MONDAY, None, paused=False) == ()
    assert due(MONDAY).pause(missed) == due(MONDAY).resume(missed) == ()


def test_who_wrote_before_the_answer_waits_since_then() -> None:
    """Storage knows when: it puts that moment in place of the detail."""
    (cleared, _) = due(MONDAY).answered("c.1", MONDAY, kept(due(MONDAY).begin("c.1"), MONDAY), paused=False)
    assert isinstance(cleared, ClearTimers)
    assert cleared.instead is not None
    since = MONDAY - timedelta(minutes=5)
    timer = replace(kept([cleared.instead], MONDAY), detail=str(since.timestamp()))
    follows, *_ = due(timer.due_at).due(timer)
    assert kept(follows, timer.due_at).due_at == since + timedelta(hours=2)


def test_without_a_target_nothing_is_due() -> None:
    none = HandoffSettings()
    assert due(MONDAY, none).begin("c.1") == ()
    timer = kept(due(MONDAY).begin("c.1"), MONDAY)
    assert due(timer.due_at, none).due(timer) == ((), None, 0.0), "the setting was taken out"
