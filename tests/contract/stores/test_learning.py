"""Answers that were proposed for the knowledge base, on both databases."""

from __future__ import annotations

from core.domain.learning import LearningState
from core.ports.outcomes import CaseRecord, JudgeAnswer, ProposeAnswer
from core.ports.retention import Expiring
from core.ports.store import TurnOutcome
from core.storage.store import SqlStore
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import accept, claim, said

CASE = "c0ffee.1"
PROPOSED = ProposeAnswer(CASE, "May I return it?", "Within 30 days.", "TKT-20261121-0001, 2026-11-21")


async def commit(store: SqlStore, name: str, *records: CaseRecord) -> None:
    """With the end of a turn, as everything."""
    await accept(store, said(name))
    (state,) = await claim(store)
    (finished,) = await store.finish([TurnOutcome(state.claim, state.conversation.last_seq, cases=records)])
    assert finished.held


@BOTH_DATABASES
async def test_only_what_was_approved_is_learned(store: SqlStore) -> None:
    assert await store.learned(CASE) is None
    await commit(store, "a", PROPOSED)
    found = await store.learned(CASE)
    assert found is not None
    assert (found.state, found.question, found.origin) == (LearningState.PROPOSED, PROPOSED.question, PROPOSED.origin)
    assert await store.learned_answers() == []
    await commit(store, "b", JudgeAnswer(CASE, approved=True, by="grace", answer="Within 31 days."))
    (learned,) = await store.learned_answers()
    assert (learned.question, learned.answer) == (PROPOSED.question, "Within 31 days.")
    assert learned.decided_at is not None


async def test_what_was_decided_first_counts(store: SqlStore) -> None:
    await commit(store, "a", PROPOSED)
    await commit(
        store, "b", JudgeAnswer(CASE, approved=False, by="grace"), JudgeAnswer(CASE, approved=True, by="linus")
    )
    found = await store.learned(CASE)
    assert found is not None
    assert found.state is LearningState.DISCARDED


async def test_a_new_proposal_takes_the_place_of_the_one_before(store: SqlStore) -> None:
    await commit(store, "a", PROPOSED)
    await commit(store, "b", JudgeAnswer(CASE, approved=False, by="grace"))
    await commit(store, "c", ProposeAnswer(CASE, "May I?", "Yes\x00", PROPOSED.origin))
    found = await store.learned(CASE)
    assert found is not None
    assert (found.state, found.question, found.answer) == (LearningState.PROPOSED, "May I?", "Yes\ufffd")


async def test_a_proposal_that_was_begun_before_somebody_approved_takes_nothing_back(store: SqlStore) -> None:
    await commit(store, "a", PROPOSED)
    await commit(store, "b", JudgeAnswer(CASE, approved=True, by="grace"))
    await commit(store, "c", ProposeAnswer(CASE, "May I?", "Perhaps.", PROPOSED.origin))
    (learned,) = await store.learned_answers()
    assert (learned.question, learned.answer) == (PROPOSED.question, PROPOSED.answer)


async def test_what_was_withdrawn_answers_nobody_and_can_be_learned_anew(store: SqlStore) -> None:
    await commit(store, "a", PROPOSED)
    assert not await store.withdraw_answer(CASE, "operator"), "nobody has approved it"
    await commit(store, "b", JudgeAnswer(CASE, approved=True, by="grace"))
    assert await store.withdraw_answer(CASE, "operator")
    assert not await store.withdraw_answer(CASE, "operator")
    assert await store.learned_answers() == []
    found = await store.learned(CASE)
    assert found is not None
    assert found.state is LearningState.WITHDRAWN
    await commit(store, "c", PROPOSED, JudgeAnswer(CASE, approved=True, by="grace"))
    assert len(await store.learned_answers()) == 1


@BOTH_DATABASES
async def test_there_is_a_mark_of_what_is_approved(store: SqlStore, clock: ManualClock) -> None:
    """It changes with them, and with nothing else."""
    marks = [await store.approved_mark()]

    async def marked(name: str, *records: CaseRecord) -> str:
        clock.move(1.0)
        await commit(store, name, *records)
        marks.append(await store.approved_mark())
        return marks[-1]

    assert await marked("a", PROPOSED) == marks[0]
    first = await marked("b", JudgeAnswer(CASE, approved=True, by="grace"))
    other = "c0ffee2.1"
    assert await marked("c", ProposeAnswer(other, "May I?", "Yes.", PROPOSED.origin)) == first
    clock.move(1.0)
    assert await store.withdraw_answer(CASE, "operator")
    assert await store.approved_mark() == marks[0]
    in_its_place = await marked("d", JudgeAnswer(other, approved=True, by="grace"))
    assert len({marks[0], first, in_its_place}) == 3, "as many as before, and another one"


@BOTH_DATABASES
async def test_what_nobody_is_answered_with_is_forgotten_after_a_while(store: SqlStore, clock: ManualClock) -> None:
    for number, approved in ((1, None), (2, True), (3, False), (4, True)):
        case = f"c0ffee{number}.1"
        await commit(store, f"p{number}", ProposeAnswer(case, "May I?", "Yes.", PROPOSED.origin))
        if approved is not None:
            await commit(store, f"j{number}", JudgeAnswer(case, approved=approved, by="grace"))
    assert await store.withdraw_answer("c0ffee4.1", "operator")
    early = await store.remove_expired(Expiring.LESSONS, 60.0, after=None, limit=100)
    clock.move(61.0)
    late = await store.remove_expired(Expiring.LESSONS, 60.0, after=None, limit=100)
    assert (early.removed, late.removed) == (0, 2)
    left = [number for number in range(1, 5) if await store.learned(f"c0ffee{number}.1")]
    assert left == [1, 2]
