"""What was not answered, on both databases: kept with the turn that tells it, once, as long as anything speaks for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import Connection, select, update

from config.processes.sweep import kept_for
from core.domain.case import Case
from core.domain.conversation import Conversation
from core.domain.gaps import ASKED_META, Gap, Leader, Nearest, StaffAnswer, Unanswered, Why
from core.domain.learning import LearningState
from core.domain.messages import Author, Citation, MessageKind
from core.domain.thumbs import Rating
from core.ports.outcomes import (
    CaseRecord,
    CloseCase,
    CrossConversationWrite,
    KeepRating,
    NewMessage,
    OpenCase,
    ProposeAnswer,
    TurnOutcome,
)
from core.ports.retention import Expiring
from core.storage.store import SqlStore
from core.storage.tables import message
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.conftest import OpenStore
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import accept, claim_one, deleted, finish, outcome, said, thread
from tests.contract.stores.test_reports import sent
from tests.contract.stores.test_thumbs import thumb

_DAY = 86_400.0
_QUESTION = "Do you sell bicycles? Call me: +44 20 7946 0958, ada@example.com, order TB-2026-44821"
_MASKED = "Do you sell bicycles? Call me: […], […], order […]"
_NEAREST = (Nearest("Pumps", 0.31, "https://example.com/pumps"), Nearest("Pumps", 0.2, "https://example.com/pumps"))


def unanswered(message_id: str, text: str = _QUESTION, why: Why = Why.NOT_FOUND) -> Unanswered:
    return Unanswered(message_id, text, f"bicycles\n{text}", why, "en", _NEAREST)


async def unknown(store: SqlStore, event: str, text: str = _QUESTION, where: str = "t1") -> str:
    """A question that its turn does not answer; the id of its message."""
    await accept(store, said(event, text, where=where))
    state = await claim_one(store)
    asked = state.pending[-1]
    reply = NewMessage(Author.AGENT, "I don't know.", MessageKind.UNKNOWN, meta=about(asked.id, asked.seq))
    (finished,) = await store.finish([outcome(state, reply, gaps=(unanswered(asked.id, text),))])
    assert finished.held
    return asked.id


def about(message_id: str, seq: int) -> dict[str, object]:
    return {"in_reply_to": message_id, "handled_seq": seq}


async def the_gap(store: SqlStore) -> Gap | None:
    found = await store.gaps()
    assert len(found) <= 1
    return found[0] if found else None


async def test_it_is_kept_in_the_turns_own_commit_and_names_nobody(store: SqlStore, clock: ManualClock) -> None:
    message_id = await unknown(store, "e1")
    gap = await the_gap(store)
    assert gap is not None
    assert (gap.message_id, gap.conversation_id) == (message_id, thread().conversation_id)
    assert (gap.asked, gap.looked_up) == (_MASKED, f"bicycles\n{_MASKED}")
    assert (gap.whys, gap.language, gap.channel) == ((Why.NOT_FOUND,), "en", "web")
    assert gap.nearest == (Nearest("Pumps", 0.31, "https://example.com/pumps"),)
    assert (gap.asked_at, gap.cluster_id) == (clock.now(), None)


async def test_a_turn_that_lost_its_claim_keeps_nothing_and_the_one_that_replays_it_keeps_it_once(
    store: SqlStore, clock: ManualClock
) -> None:
    await accept(store, said("e1", _QUESTION))
    lost = await claim_one(store)
    clock.move(60.0)
    state = await claim_one(store)
    gaps = (unanswered(state.pending[-1].id),)
    done = [await store.finish([outcome(one, gaps=gaps)]) for one in (lost, state, state)]
    assert [finished.held for (finished,) in done] == [False, True, False]
    assert await the_gap(store) is not None


async def answered(store: SqlStore, *texts: str) -> tuple[str, str]:
    """Questions in one go, answered from a document; the ids of the last one and of the answer, which has arrived."""
    for number, text in enumerate(texts):
        await accept(store, said(f"q{number}", text))
    state = await claim_one(store)
    asked = state.pending[-1]
    cited = Citation("p1", "Pumps", "We sell pumps.", "pumps.md", 0.7, url="https://example.com/pumps")
    meta = {**about(asked.id, asked.seq), ASKED_META: {"language": "de", "looked_up": "Fahrrad kaufen"}}
    pumps = NewMessage(Author.AGENT, "Pumps.", MessageKind.ANSWER, citations=(cited,), meta=meta)
    assert await finish(store, state, pumps)
    (answer,) = [one for one in await store.messages(thread().conversation_id) if one.author is Author.AGENT]
    return asked.id, answer.id


async def rate(store: SqlStore, answer_id: str, rating: Rating) -> None:
    assert await store.record_feedback(thread().conversation_id, answer_id, rating, None)


async def test_an_answer_that_is_rated_down_leaves_its_question_open_until_that_is_taken_back(store: SqlStore) -> None:
    asked_id, answer_id = await answered(store, "Hallo, kurze Frage:", "Verkauft ihr Fahrräder? 0151 23456789")
    await rate(store, answer_id, "up")
    assert await the_gap(store) is None
    await rate(store, answer_id, "down")
    await rate(store, answer_id, "down")
    gap = await the_gap(store)
    assert gap is not None
    assert (gap.message_id, gap.asked) == (asked_id, "Hallo, kurze Frage:\nVerkauft ihr Fahrräder? […]")
    assert (gap.looked_up, gap.language, gap.whys) == ("Fahrrad kaufen", "de", (Why.THUMB_DOWN,))
    assert gap.nearest == (Nearest("Pumps", 0.7, "https://example.com/pumps"),)
    await rate(store, answer_id, "up")
    assert await the_gap(store) is None


async def test_a_thumb_on_an_i_dont_know_is_one_more_reason_and_takes_only_itself_back(store: SqlStore) -> None:
    await unknown(store, "e1")
    (_, reply) = await store.messages(thread().conversation_id)
    await rate(store, reply.id, "down")
    gap = await the_gap(store)
    assert gap is not None
    assert gap.whys == (Why.NOT_FOUND, Why.THUMB_DOWN)
    await rate(store, reply.id, "up")
    gap = await the_gap(store)
    assert gap is not None
    assert gap.whys == (Why.NOT_FOUND,)


@BOTH_DATABASES
async def test_an_emoji_is_a_thumb_and_taken_back_takes_the_question_back(store: SqlStore) -> None:
    await sent(store, "SM1")
    await accept(store, thumb("r0", "👎", at=1))
    assert await the_gap(store) is None, "what it answers is not known"
    await store.database.write(_say_what_it_answers)
    await accept(store, thumb("r1", "👍", at=2))
    await accept(store, thumb("r2", "👎", at=3))
    gap = await the_gap(store)
    assert gap is not None
    assert gap.whys == (Why.THUMB_DOWN,)
    await accept(store, thumb("r3", "👎", at=4, present=False))
    assert await the_gap(store) is None


def _say_what_it_answers(connection: Connection) -> None:
    """As a turn says it of its answer."""
    asked = connection.execute(select(message).where(message.c.author == Author.CUSTOMER)).one()
    noted = json.dumps(about(asked.id, asked.seq))
    connection.execute(update(message).where(message.c.author == Author.AGENT).values(meta=noted))


async def in_case(store: SqlStore, event: str, *records: CaseRecord, text: str = "Hello") -> None:
    await accept(store, said(event, text))
    state = await claim_one(store)
    (finished,) = await store.finish([TurnOutcome(state.claim, state.conversation.last_seq, cases=records)])
    assert finished.held


async def a_case(store: SqlStore, clock: ManualClock) -> Case:
    home = thread().conversation_id
    case = Case(Case.named(home, 1), home, 1, "asked", "customer", "normal", clock.now())
    await in_case(store, "c1", OpenCase(case), text="A person, please")
    return case


@BOTH_DATABASES
@pytest.mark.parametrize("known", [True, False])
async def test_a_case_that_is_rated_badly_speaks_for_the_last_question_before_it(
    store: SqlStore, clock: ManualClock, *, known: bool
) -> None:
    asked_id = (await answered(store, "Do you sell bicycles?"))[0] if known else await unknown(store, "e0")
    clock.move(10.0)
    case = await a_case(store, clock)
    clock.move(10.0)
    await in_case(store, "c2", CloseCase(case.id))
    for number, (score, bad) in enumerate([(2, True), (4, False), (1, True), (1, True)]):
        await in_case(store, f"r{number}", KeepRating(case.id, score), text=str(score))
        gap = await the_gap(store)
        whys = gap.whys if gap is not None else ()
        assert (Why.RATED_BADLY in whys) is bad
        assert (gap is not None) is (bad or not known)
        assert gap is None or gap.message_id == asked_id


async def test_a_case_without_a_question_to_the_agent_speaks_for_nothing(store: SqlStore, clock: ManualClock) -> None:
    case = await a_case(store, clock)
    await in_case(store, "r1", KeepRating(case.id, 1))
    assert await the_gap(store) is None


async def test_what_a_customer_has_deleted_is_not_shown(store: SqlStore) -> None:
    await unknown(store, "e1")
    await accept(store, deleted("d1", "e1"))
    assert await the_gap(store) is None
    assert await store.unsorted_gaps(10) == []


async def sort_all(store: SqlStore, *clusters: Sequence[str]) -> bool:
    places = {message_id: cluster[0] for cluster in clusters for message_id in cluster}
    leaders = [Leader(cluster[0], "Bicycles?") for cluster in clusters]
    known = [one.id for one in await store.gap_leaders()]
    return await store.sort_gaps(places, [one for one in leaders if one.id not in known], known)


@BOTH_DATABASES
async def test_a_question_is_sorted_once_and_by_what_is_known_of_the_clusters(open_store: OpenStore) -> None:
    first, second = await open_store(), await open_store()
    one, two = await unknown(first, "e1"), await unknown(first, "e2", "And racing bicycles?")
    assert await sort_all(first, [one])
    assert not await second.sort_gaps({two: two}, [Leader(two, "Racing?")], []), "there is a cluster by now"
    assert await sort_all(second, [one, two])
    assert {gap.cluster_id for gap in await first.gaps()} == {one}
    assert await second.unsorted_gaps(10) == []
    assert [(leader.id, leader.question) for leader in await second.gap_leaders()] == [(one, "Bicycles?")]


async def test_a_cluster_is_closed_with_what_was_in_it(store: SqlStore, clock: ManualClock) -> None:
    one = await unknown(store, "e1")
    assert await store.close_gaps(Leader(one, "Bicycles?"), [one], "See the page\x00")
    (leader,) = await store.gap_leaders()
    assert (leader.closed_at, leader.answer) == (clock.now(), "See the page\ufffd")
    assert [gap.cluster_id for gap in await store.gaps()] == [one]


@pytest.mark.parametrize("nothing", ["", " \n"])
async def test_closing_again_without_a_word_keeps_the_note(store: SqlStore, clock: ManualClock, nothing: str) -> None:
    one = await unknown(store, "e1")
    assert await store.close_gaps(Leader(one, "Bicycles?"), [one], "See the page")
    clock.move(60.0)
    assert await store.close_gaps(Leader(one, "Bicycles?"), [one], nothing)
    (leader,) = await store.gap_leaders()
    assert (leader.closed_at, leader.answer) == (clock.now(), "See the page")
    assert await store.close_gaps(Leader(one, "Bicycles?"), [one], "See the other page")
    (leader,) = await store.gap_leaders()
    assert leader.answer == "See the other page"


@BOTH_DATABASES
async def test_what_staff_did_is_told_of_its_conversation(store: SqlStore, clock: ManualClock) -> None:
    await unknown(store, "e1")
    home = thread().conversation_id
    assert await store.staff_answers([home]) == {}
    case = await a_case(store, clock)
    (open_,) = (await store.staff_answers([home]))[home]
    assert (open_.case, open_.resolved, open_.proposed) == (case.id, False, False)
    clock.move(5.0)
    await accept(store, said("s1", "An aside", where="t2"))
    state = await claim_one(store)
    epoch = (await _conversation(store)).ownership_epoch
    word = CrossConversationWrite(
        thread(), (NewMessage(Author.STAFF, "No, but pumps.", MessageKind.ANSWER),), ownership_epoch=epoch
    )
    (finished,) = await store.finish([replace(outcome(state), cross_writes=(word,))])
    assert finished.held
    assert not finished.outdated
    await in_case(store, "c9", CloseCase(case.id), ProposeAnswer(case.id, "Bicycles?", "No.", "today"))
    (done,) = (await store.staff_answers([home]))[home]
    assert (done.resolved, done.proposed, done.learned) == (True, True, False)
    (taught,) = await store.taught()
    assert (taught.question, taught.by) == ("Bicycles?", StaffAnswer(case.id, proposed=True))
    learned = await store.learned(case.id)
    assert learned is not None
    assert learned.state is LearningState.PROPOSED


async def _conversation(store: SqlStore) -> Conversation:
    found = await store.conversation(thread().conversation_id)
    assert found is not None
    return found


@BOTH_DATABASES
async def test_they_are_forgotten_like_the_rest_and_a_closed_cluster_after_them(
    store: SqlStore, clock: ManualClock
) -> None:
    one, two = await unknown(store, "e1"), await unknown(store, "e2")
    assert await sort_all(store, [one], [two])
    clock.move(20 * _DAY)
    assert await store.close_gaps(Leader(two, "Bicycles?"), [two], "")
    clock.move(11 * _DAY)
    new = await unknown(store, "e3")
    ages = kept_for(30)
    removed = {
        what: (await store.remove_expired(what, ages[what], after=None, limit=100)).removed
        for what in (Expiring.GAPS, Expiring.GAP_CLUSTERS)
    }
    assert removed == {Expiring.GAPS: 2, Expiring.GAP_CLUSTERS: 1}
    assert [gap.message_id for gap in await store.gaps()] == [new]
    assert [leader.id for leader in await store.gap_leaders()] == [two], "closed a few days ago"
