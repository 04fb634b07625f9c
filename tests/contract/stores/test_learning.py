"""Answers that were proposed for the knowledge base, on both databases."""

from __future__ import annotations

from core.domain.learning import LearningState
from core.ports.outcomes import CaseRecord, JudgeAnswer, ProposeAnswer
from core.ports.store import TurnOutcome
from core.storage.store import SqlStore
from tests.contract.stores.sayings import accept, claim, said

CASE = "c0ffee.1"
PROPOSED = ProposeAnswer(CASE, "May I return it?", "Within 30 days.", "TKT-20261121-0001, 2026-11-21")


async def commit(store: SqlStore, name: str, *records: CaseRecord) -> None:
    """With the end of a turn, as everything."""
    await accept(store, said(name))
    (state,) = await claim(store)
    (finished,) = await store.finish([TurnOutcome(state.claim, state.conversation.last_seq, cases=records)])
    assert finished.held


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
