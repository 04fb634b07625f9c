"""What a tracker says of an issue, and what of it a case is told: labels and assignments are no work for anybody."""

from __future__ import annotations

from typing import Any

import pytest

from core.domain.issues import TITLE, issue_at
from core.domain.messages import StaffAction
from core.storage.store import SqlStore
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.conftest import BOTH_DATABASES
from tests.integration.desk.office_hours import CASE
from tests.integration.desk.test_case_issues import ADDRESS, MADE, Office, Tracker


@pytest.fixture
async def office(store: SqlStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Office:
    made = Office(store, clock, Tracker(), monkeypatch)
    await made.escalates()
    await made.links()
    return made


async def says(
    office: Office, *, is_open: bool, at: float = 0.0, title: str = "Export fails", url: str = ADDRESS
) -> bool:
    """The tracker says how it stands. Whether a turn of the case is to be done for it."""
    assert await office.news.tell(issue_at(url, title=title, is_open=is_open, at=at), None) == 1
    before = await office.store.conversation(office.form().conversation.conversation_id)
    assert before is not None
    return before.done_seq < before.last_seq


@pytest.mark.parametrize("resolved", [True, False])
async def test_events_that_change_nothing_are_no_turn_and_no_edit_of_a_card(office: Office, resolved: bool) -> None:
    await office.press(StaffAction.CLAIM)
    if resolved:
        await office.press(StaffAction.RESOLVE)
    await office.hears(is_open=False, at=100.0)
    told = len(await office.told())
    for at in (100.0, 110.0, 200.0):
        assert not await says(office, is_open=False, at=at)
    assert not await says(office, is_open=True, at=150.0), "older than what changed nothing"
    await office.works()
    assert len(await office.told()) == told
    assert await says(office, is_open=True, at=300.0)
    await office.works()
    assert (await office.lines())[-1].endswith("is open again.")


async def test_a_new_title_is_shown_and_not_told(office: Office) -> None:
    await office.hears(is_open=True, at=100.0)
    lines = await office.lines()
    assert await says(office, is_open=True, at=200.0, title="Export fails on Mondays")
    await office.works()
    assert [one.title for one in await office.issues()] == ["Export fails on Mondays"]
    assert await office.lines() == lines


async def test_an_issue_that_was_created_here_is_no_news(office: Office) -> None:
    await office._accept(office.form(**{TITLE: "Export fails"}))
    assert not await says(office, is_open=True, at=100.0, url=MADE)
    assert await says(office, is_open=False, at=200.0, url=MADE)


async def test_what_is_linked_again_is_not_told_again(office: Office) -> None:
    await office.hears(is_open=False, at=100.0)
    await office.links()
    assert not await says(office, is_open=False, at=200.0)


@pytest.mark.parametrize("timed", [1.0, 0.0])
async def test_what_was_taken_back_before_anybody_looked_is_not_told(office: Office, timed: float) -> None:
    await office.hears(is_open=True, at=50.0 * timed)
    told = len(await office.told())
    assert await says(office, is_open=False, at=100.0 * timed)
    assert await says(office, is_open=True, at=200.0 * timed), "the first one is still to be looked at"
    await office.works()
    assert len(await office.told()) == told
    assert not await says(office, is_open=True, at=300.0 * timed)


async def test_what_comes_while_a_turn_is_decided_is_told_by_the_next(office: Office) -> None:
    assert await says(office, is_open=False, at=100.0)
    outcome = await office.turn.run(await office.begun())
    await says(office, is_open=True, at=200.0)
    (finished,) = await office.store.finish([outcome])
    assert finished.held
    await office.works()
    assert [one.is_open for one in await office.issues()] == [True]
    assert (await office.lines())[-1].endswith("is open again.")


async def test_what_comes_just_before_a_turn_keeps_what_it_tells_is_told(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The webhook has looked by then what the case was told: only this turn can see it."""
    await office.hears(is_open=True, at=50.0)
    remember, heard = office.store.remember, list[bool]()

    async def late(*given: Any) -> None:
        if not heard:
            heard.append(True)
            await office.news.tell(issue_at(ADDRESS, title="Export fails", is_open=True, at=200.0), None)
        await remember(*given)

    await says(office, is_open=False, at=100.0)
    monkeypatch.setattr(office.store, "remember", late)
    await office.works()
    assert heard
    assert [one.is_open for one in await office.issues()] == [True]
    assert not await says(office, is_open=True, at=300.0)


@BOTH_DATABASES
async def test_a_process_that_dies_before_it_tells_leaves_it_to_the_next(office: Office) -> None:
    assert await says(office, is_open=False, at=100.0)
    await office.turn.run(await office.begun())
    await says(office, is_open=False, at=150.0)
    await office.survives()
    assert [one.is_open for one in await office.issues()] == [False]
    assert len(await office.posts("reminder")) == 1


async def test_a_webhook_that_was_refused_is_told_when_it_comes_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*given: Any) -> None:
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(office.news._sink, "accept", away)
        with pytest.raises(ConnectionError):
            await says(office, is_open=False, at=100.0)
    assert await says(office, is_open=False, at=100.0)
    await office.works()
    assert len(await office.posts("reminder")) == 1


async def test_many_cases_are_no_work_where_nothing_has_changed(office: Office) -> None:
    news = issue_at(ADDRESS, title="Export fails", is_open=False, at=100.0)
    cases = [CASE, *(f"{number:032x}.1" for number in range(300))]
    for case_id in cases:
        await office.tracked.latest(news, case_id)
    assert len(await office.tracked.followers(news)) == len(cases)
    backlog = await office.store.counts()
    assert await office.news.tell(news, "d1") == len(cases)
    assert await office.store.counts() == backlog
    assert set(await office.tracked.followers(issue_at(ADDRESS))) == set(cases)
