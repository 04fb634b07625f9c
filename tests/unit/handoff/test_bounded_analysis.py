"""Of a flood the desk analyses as much as of one long message, and relays all of it. Characters are counted, not seconds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from core.domain.analysed_text import MOST_READ
from core.domain.case import Case, feed
from core.domain.conversation import Conversation, Escalation
from core.domain.messages import Author, Message, MessageKind
from core.ports.desk import ASKS_RATING, DeskReply, ForStaff, Point
from core.ports.outcomes import NewMessage
from core.ports.responder import Reply, TurnEvents
from core.ports.store import CrossConversationWrite, TurnState
from core.ports.translator import Translation
from handoff import policy, posts, teams
from handoff.briefing import Briefing
from handoff.customer_language import written
from handoff.rating.ratings import Ratings
from handoff.settings import HandoffSettings
from handoff.teams import Team, team_for
from handoff.thread.seen_before import CaseMatter
from handoff.translating.translated_desk import TranslatedDesk
from handoff.waits import contact
from handoff.waits.unstaffed_desk import UnstaffedDesk
from tests.contract.responders.world import NOW, message, turn_of
from tests.contract.stores.manual_clock import ManualClock
from tests.unit.core.responders import NotedDesk

MESSAGES = 40
FLOOD = [f"I wait since {place} days! " * 320 for place in range(MESSAGES)]
"""Each is nearly as long as the widget lets it be."""
CASE = Case("c1.1", "c1", 1, "", "customer", "normal", NOW, NOW)


def _history(author: Author = Author.CUSTOMER) -> list[Message]:
    return [message(text, seq=place + 1, author=author) for place, text in enumerate(FLOOD)]


@pytest.fixture
def flood() -> TurnState:
    """So much at once, after as much before."""
    return turn_of(*FLOOD, history=_history())


class Counted:
    """Characters that an analyser was given."""

    def __init__(self) -> None:
        self.characters = 0

    def first(self, function: Any) -> Any:
        """The function, counting its first argument."""

        def counting(text: str, *more: Any, **named: Any) -> Any:
            self.characters += len(text)
            return function(text, *more, **named)

        return counting


@pytest.fixture
def counted() -> Counted:
    return Counted()


def test_contact_details_are_looked_for_in_as_much_as_is_analysed(
    flood: TurnState, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contact, "_last_email", counted.first(contact._last_email))
    last = message("I am ada@example.com", seq=99)
    found = UnstaffedDesk().contact(replace(flood, pending=(*flood.pending, last)))
    assert found is not None
    assert found.email == "ada@example.com", "a short message beside long ones is read whole"
    assert 0 < counted.characters <= MOST_READ


def test_words_of_teams_are_looked_for_in_as_much_as_is_analysed(
    flood: TurnState, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teams, "_says", counted.first(teams._says))
    team_for(replace(flood, history=()), [Team("Sales", keywords=("invoice",))])
    assert 0 < counted.characters <= MOST_READ


@pytest.mark.parametrize("judge", [policy.moods_of, policy.last_mood])
def test_moods_are_of_as_much_as_is_analysed(
    flood: TurnState, counted: Counted, monkeypatch: pytest.MonkeyPatch, judge: Any
) -> None:
    monkeypatch.setattr(policy, "measure", counted.first(policy.measure))
    judge(flood)
    assert 0 < counted.characters <= MOST_READ


async def test_a_briefing_is_made_of_as_much_as_is_analysed(flood: TurnState) -> None:
    asked: list[Message] = []
    besides: list[Message] = []
    summed: list[Message] = []

    class Drafter:
        async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
            asked.extend(turn.pending)
            return Reply("", MessageKind.UNKNOWN)

    class Summarizer:
        async def summarize(self, said: Sequence[Message], language: str) -> Mapping[str, Point]:
            summed.extend(said[-MESSAGES:])
            return {}

    def questions(said: tuple[Message, ...]) -> tuple[Message, ...]:
        besides.extend(said[-MESSAGES:])
        return said

    card = NewMessage(
        Author.SYSTEM, "", MessageKind.NOTICE, meta={"facts": {"asked_by": "customer", "customer": "Ada"}}
    )
    answered = message("In two days.", seq=MESSAGES + 1, author=Author.AGENT, kind=MessageKind.ANSWER)
    turn = replace(flood, history=(*flood.history, answered))
    told = await Briefing(Summarizer(), Drafter(), besides=questions).posts(card, turn, (), "en")
    for seen in (asked, besides, summed):
        assert 0 < sum(len(one.text) for one in seen) <= MOST_READ
    said = [one.text for one in told if one.meta.get("post") == "said"]
    assert said == FLOOD, "staff see all of it"


class CountingTranslator:
    """Implements Translator. Its customers write ``language``."""

    def __init__(self, language: str) -> None:
        self._language = language
        self.translated: list[str] = []
        self.looked_at: set[str] = set()

    async def translate(self, text: str, language: str) -> Translation:
        """See Translator."""
        self.translated.append(text)
        return Translation(text.upper())

    async def language_of(self, texts: Sequence[str]) -> str | None:
        """See Translator."""
        self.looked_at.update(texts)
        return self._language


class RelayingDesk(NotedDesk):
    """Shows what was written, as the desk does."""

    async def relay(self, turn: TurnState) -> DeskReply:
        """See Desk."""
        return DeskReply(staff=_for_staff([posts.customer_post(one) for one in turn.pending]))

    async def opened(self, turn: TurnState, escalation: Escalation, said: Sequence[NewMessage]) -> ForStaff:
        """See Desk."""
        return _for_staff([*posts.transcript(turn.history), *(posts.customer_post(one) for one in turn.pending)])


def _for_staff(told: Sequence[NewMessage]) -> ForStaff:
    return ForStaff((CrossConversationWrite(feed("main", "c1.1"), tuple(told)),))


class NoRecords:
    """Whose conversations are not asked for."""

    async def conversation(self, conversation_id: str) -> Conversation | None:
        raise AssertionError

    async def customer(self, conversation_id: str, case_id: str | None = None) -> None:
        raise AssertionError

    async def messages(self, conversation_id: str, *, after: int = 0, limit: int = 100) -> Sequence[Message]:
        raise AssertionError


@pytest.mark.parametrize("opens", [True, False])
async def test_as_much_is_translated_as_is_analysed_and_the_rest_says_that_it_is_not(
    flood: TurnState, opens: bool
) -> None:
    translator = CountingTranslator("de")
    desk = TranslatedDesk(RelayingDesk(), translator, NoRecords(), "en")
    short = replace(flood, pending=(*flood.pending, message("Wo ist es?", seq=99)))
    if opens:
        staff = await desk.opened(short, Escalation("", requested_by="customer"), ())
    else:
        staff = (await desk.relay(short)).staff
    assert sum(map(len, translator.translated)) <= MOST_READ
    assert sum(map(len, translator.looked_at)) <= 2 * MOST_READ
    said = [one for one in staff.cross_writes[0].messages if one.meta["post"] == "said"]
    assert [one.meta.get("original", one.text) for one in said] == [*FLOOD, "Wo ist es?"]
    assert [one.text for one in said if one.text.isupper()] == [FLOOD[0].upper(), "WO IST ES?"]
    assert all("below" in one.meta for one in said[1:-1])


@pytest.mark.parametrize("pending", [FLOOD, ["I wait. " * MOST_READ]], ids=["many messages", "one long message"])
async def test_what_needs_no_translation_is_not_said_to_lack_one(pending: Sequence[str]) -> None:
    desk = TranslatedDesk(RelayingDesk(), CountingTranslator("en"), NoRecords(), "en")
    staff = (await desk.relay(turn_of(*pending))).staff
    assert [one.text for one in staff.cross_writes[0].messages] == pending
    assert not [one for one in staff.cross_writes[0].messages if "below" in one.meta]


async def test_thanks_and_ratings_are_looked_for_in_as_much_as_is_analysed(flood: TurnState, counted: Counted) -> None:
    class Cases:
        async def case(self, case_id: str) -> Case | None:
            return replace(CASE, conversation_id=flood.conversation.id)

    def only_thanks(text: str, names: Collection[str]) -> bool:
        return True

    asks = message("How was it?", seq=98, author=Author.SYSTEM, meta={ASKS_RATING: True, "case": "c1.1"})
    turn = replace(flood, history=(*flood.history, asks))
    ratings = Ratings(Cases(), "main", ManualClock(), HandoffSettings(), counted.first(only_thanks))  # type: ignore[arg-type]
    answer = await ratings.rated(turn)
    assert 0 < counted.characters <= 2 * MOST_READ, "once for a rating, once for thanks"
    assert answer is not None
    assert [one.text for one in answer.staff.cross_writes[0].messages] == FLOOD, "staff see all of it"


async def test_what_a_case_is_about_is_looked_for_in_as_much_as_is_analysed(counted: Counted) -> None:
    class Records:
        async def conversation(self, conversation_id: str) -> Conversation | None:
            return turn_of("").conversation

        async def messages(self, conversation_id: str, *, after: int = 0, limit: int = 100) -> Sequence[Message]:
            return _history()

    matter = await CaseMatter(Records(), counted.first(str)).question_text(CASE)
    assert matter.endswith("I wait since 39 days!")
    assert 0 < counted.characters <= MOST_READ


def test_the_language_is_told_by_as_much_as_is_analysed() -> None:
    found = written(_history())
    assert found[0].startswith("I wait since 39 days!")
    assert sum(map(len, found)) <= MOST_READ
