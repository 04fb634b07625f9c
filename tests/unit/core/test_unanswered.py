"""Whether a turn has left a question unanswered, and how it was asked; and what is kept of the words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.domain.choices import Choice, choices_meta
from core.domain.conversation import Escalation
from core.domain.gaps import ASKED_META, Nearest, Why, masked, since_of
from core.domain.knowledge import KnowledgeAudience, Passage, Retrieval
from core.domain.messages import Author, Citation, Message, MessageKind
from core.looked_up import NotingRetriever
from core.ports.responder import Reply, TurnEvents
from core.ports.retriever import Retriever
from core.ports.store import TurnOutcome, TurnState
from core.storage.store import SqlStore
from core.turn import Turn
from tests.contract.stores.sayings import accept, claim_one, said
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.responders import NotedDesk, sorry

_CITED = (Citation("p1", "Pumps", "We sell pumps.", "pumps.md", 0.7),)
_UNKNOWN = Reply("I don't know.", MessageKind.UNKNOWN, offers_person=True, intent="question")
_ANSWER = Reply("Pumps. [1]", MessageKind.ANSWER, _CITED, 0.7, intent="question")


class FixedRetriever:
    """Implements Retriever: one document, as near as the query's last word says."""

    async def retrieve(
        self,
        query: str,
        *,
        limit: int = 5,
        category: str | None = None,
        language: str | None = None,
        audience: KnowledgeAudience = KnowledgeAudience.PUBLIC,
    ) -> Retrieval:
        passage = Passage("p1", "d1", "Pumps", "We sell pumps.", "pumps.md", float(query.split()[-1]), url="u")
        return Retrieval((passage,), 0.5)

    async def ready(self) -> bool:
        return True


class Looks:
    """A responder that looks up some queries, and replies what it is told to."""

    def __init__(self, reply: Reply, *queries: str) -> None:
        self._reply = reply
        self._queries = queries
        self._retriever: Retriever = NotingRetriever(FixedRetriever())

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        for query in self._queries:
            await self._retriever.retrieve(query)
        return self._reply


async def accept_and_claim(store: SqlStore, text: str) -> TurnState:
    await accept(store, said("e0", text))
    return await claim_one(store)


async def run(store: SqlStore, responder: Looks, *texts: str) -> tuple[TurnState, TurnOutcome]:
    for number, text in enumerate(texts or ("Do you sell bicycles?",)):
        await accept(store, said(f"e{number}", text))
    state = await claim_one(store)
    return state, await Turn(responder, NotedDesk(), {}, CountedMetrics(), sorry).run(state)


async def test_an_i_dont_know_is_kept_with_what_was_near(store: SqlStore) -> None:
    state, outcome = await run(store, Looks(_UNKNOWN, "bicycles 0.31"), "Verkauft ihr Fahrräder?", "Oder Roller?")
    (gap,) = outcome.gaps
    assert (gap.message_id, gap.asked) == (state.pending[-1].id, "Verkauft ihr Fahrräder?\nOder Roller?")
    assert (gap.looked_up, gap.why, gap.language) == ("bicycles 0.31", Why.NOT_FOUND, "de")
    assert gap.nearest == (Nearest("Pumps", 0.31, "u"),)
    assert ASKED_META not in outcome.messages[0].meta


async def test_of_several_messages_the_one_that_was_left_open_is_kept(store: SqlStore) -> None:
    half = replace(_ANSWER, offers_person=True)
    _, outcome = await run(
        store, Looks(half, "pumps 0.8", "bicycles 0.2"), "Hi! pumps 0.8?", "And bicycles 0.2?", "Thanks"
    )
    (gap,) = outcome.gaps
    assert (gap.asked, gap.looked_up) == ("And bicycles 0.2?", "bicycles 0.2")


@pytest.mark.parametrize("number", ["9", "٩ ?"])
async def test_a_number_that_chose_nothing_is_no_question(store: SqlStore, number: str) -> None:
    _, outcome = await run(store, Looks(_UNKNOWN, "nothing 0.1"), number)
    assert outcome.gaps == ()


@pytest.mark.parametrize("said", ["2", "neither", "Terms"])
async def test_what_is_said_to_a_question_back_stands_for_the_question_before_it(store: SqlStore, said: str) -> None:
    offered = choices_meta(tuple(Choice(one, one, one, "Where is my money?") for one in ("Terms", "Returns")))
    asked = await accept_and_claim(store, said)
    back = Message(
        "m0", "c", 0, Author.AGENT, "1 or 2?", asked.pending[0].created_at, kind=MessageKind.ANSWER, meta=offered
    )
    turn = Turn(Looks(_UNKNOWN, "Returns 0.1"), NotedDesk(), {}, CountedMetrics(), sorry)
    (gap,) = (await turn.run(replace(asked, history=(back,)))).gaps
    assert (gap.asked, gap.language) == ("Where is my money?", "en")


async def test_where_there_were_good_passages_it_was_withheld(store: SqlStore) -> None:
    _, outcome = await run(store, Looks(_UNKNOWN, "bicycles 0.8"))
    (gap,) = outcome.gaps
    assert (gap.why, gap.looked_up) == (Why.WITHHELD, "bicycles 0.8")


async def test_of_two_questions_the_one_without_an_answer_is_kept(store: SqlStore) -> None:
    half = replace(_ANSWER, offers_person=True)
    _, outcome = await run(store, Looks(half, "pumps 0.8", "bicycles 0.2"))
    (gap,) = outcome.gaps
    assert (gap.why, gap.looked_up, gap.nearest[0].score) == (Why.NOT_FOUND, "bicycles 0.2", 0.2)


async def test_what_goes_to_a_person_is_no_less_unanswered(store: SqlStore) -> None:
    handed = Reply("", MessageKind.NOTICE, escalation=Escalation("asked"), besides=_UNKNOWN)
    _, outcome = await run(store, Looks(handed, "bicycles 0.2"))
    assert outcome.transition is not None
    assert [gap.why for gap in outcome.gaps] == [Why.NOT_FOUND]


@pytest.mark.parametrize(
    ("reply", "queries"),
    [
        (_ANSWER, ("pumps 0.8",)),
        (_ANSWER, ("bicycles 0.2", "pumps 0.8")),
        (Reply("Which one?", MessageKind.ANSWER, intent="clarify"), ("bicycles 0.2",)),
        (Reply("I cannot search now.", MessageKind.FAILURE, offers_person=True), ()),
        (Reply("I cannot read it.", MessageKind.UNKNOWN, offers_person=True, intent="file"), ()),
        (Reply("Hello!", MessageKind.SMALL_TALK), ()),
        (Reply("", MessageKind.NOTICE, escalation=Escalation("asked")), ()),
    ],
)
async def test_everything_else_leaves_nothing_open(store: SqlStore, reply: Reply, queries: tuple[str, ...]) -> None:
    _, outcome = await run(store, Looks(reply, *queries))
    assert outcome.gaps == ()


async def test_an_answer_says_how_it_was_asked_in_case_it_is_rated_badly(store: SqlStore) -> None:
    _, outcome = await run(store, Looks(_ANSWER, "pumps 0.8"), "Do you have the pumps there as well?")
    assert outcome.messages[0].meta[ASKED_META] == {"language": "en", "looked_up": "pumps 0.8"}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Write to ada.l@example.co.uk or call 030/123456-7!", "Write to […] or call […]!"),
        ("My number is (030) 12 34 56 78.", "My number is […]."),
        ("Order #4711, TB-2026-44821 and 123456", "Order […], […] and […]"),
        ("Call +49 170 / 12 34 56 or +49 – 170 – 1234567", "Call […] or […]"),
        ("bob%40example.com, bob(at)example.com, bob [at] example.com", "[…], […], […]"),
        ("x" * 1_990 + " 0170 1234567", "x" * 1_990 + " […]"),
        ("رقمي ٠١٢٣٤٥٦٧٨٩", "رقمي […]"),
        ("Is the X200 from 2026 at 19.99 € better than the E1042?", None),
        ("24/7 from 9:00 to 17:30, within 30 days?", None),
    ],
)
def test_who_asked_is_not_kept(text: str, kept: str | None) -> None:
    assert masked(text) == (kept or text)


def test_since_when() -> None:
    now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    assert [since_of(text, now) for text in ("12h", "7d", "2 W")] == [
        now - timedelta(hours=12),
        now - timedelta(days=7),
        now - timedelta(days=14),
    ]
    assert since_of("2026-11-20", now) == datetime(2026, 11, 20, tzinfo=UTC)
    assert since_of("2026-11-20T10:00+01:00", now) == datetime(2026, 11, 20, 9, tzinfo=UTC)
    for text in ("", "soon", "7", "99999w", "-1d", "2026-13-01"):
        with pytest.raises(ValueError):
            since_of(text, now)
