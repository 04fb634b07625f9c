"""As much of a turn's text is read as is said; the rest is stored and shown, and the customer is told."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest

from core.agent.language import unaccented
from core.domain.analysed_text import MOST_READ
from core.domain.messages import Author, MessageKind
from core.ports.responder import Reply, TurnEvents
from core.ports.store import TurnState
from core.turn import Turn
from core.turn_messages import with_limit_told
from tests.contract.responders.world import message, turn_of
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.responders import Echo, NotedDesk, sorry

_LONG = "What does the team plan cost? " * 400


def _lengths(turn: TurnState) -> list[int]:
    return [len(one.text) for one in turn.as_read().pending]


def test_what_people_write_is_read_whole() -> None:
    turn = turn_of("What does it cost?", "a" * (MOST_READ - 100))
    assert turn.as_read() == turn


def test_a_long_message_is_read_up_to_a_word() -> None:
    (read,) = turn_of(_LONG).as_read().pending
    assert MOST_READ - 200 <= len(read.text) <= MOST_READ
    assert _LONG[len(read.text)] == " "


def test_a_burst_is_bounded_as_one() -> None:
    lengths = _lengths(turn_of(*["a" * 8_000] * 10))
    assert lengths == [MOST_READ // 10] * 10


def test_short_messages_stay_whole_beside_a_long_one() -> None:
    lengths = _lengths(turn_of("Hello", "a" * 50_000, "I want to talk to a person"))
    assert lengths == [5, MOST_READ - 31, 26]


def test_what_the_customer_said_before_is_read_in_part_too() -> None:
    before = [message("a" * 9_000, seq=1), message("b" * 9_000, seq=2, author=Author.AGENT)]
    earlier = turn_of("And now?", history=before).as_read().history
    assert [len(one.text) for one in earlier] == [2_000, 9_000]


def test_a_character_counts_for_as_many_as_it_is_folded_to() -> None:
    turn = turn_of("\ufdfa" * 8_000, "\ufdfa" * 100, history=[message("\ufdfa" * 8_000, seq=1)])
    read = turn.as_read()
    widths = [len(unicodedata.normalize("NFKC", one.text)) for one in (*read.pending, *read.history)]
    assert sum(widths[:2]) <= MOST_READ
    assert widths[1:] == [1_800, 1_998]
    told = with_limit_told(turn, Reply("It costs 9 euros.", MessageKind.ANSWER))
    assert told.text != "It costs 9 euros."


def test_letters_of_every_script_count_once() -> None:
    turn = turn_of("안녕é" * (MOST_READ // 3))
    assert turn.as_read() == turn


def test_accents_are_dropped_alike_wherever_they_stand() -> None:
    text = "Re\u0301union \u1e69 \ufdfa s\u0307\u0323 ﬁne안"
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    assert unaccented(text) == "".join(char for char in decomposed if not unicodedata.combining(char))
    assert unaccented("a" + "\u0316\u0300" * 4_000) == "a"


@pytest.mark.parametrize(("locale", "words"), [("en", "too long"), ("de", "zu lang"), ("fr", "trop long")])
def test_the_customer_is_told(locale: str, words: str) -> None:
    turn = turn_of("a " * 9_000, locale=locale)
    told = with_limit_told(turn, Reply("It costs 9 euros.", MessageKind.ANSWER))
    assert told.text.startswith("It costs 9 euros.\n\n")
    assert words in told.text


def test_nothing_is_told_where_all_was_read_or_nothing_was_answered() -> None:
    reply = Reply("It costs 9 euros.", MessageKind.ANSWER)
    assert with_limit_told(turn_of("What does it cost?"), reply) is reply
    sorry_for = replace(reply, kind=MessageKind.FAILURE)
    assert with_limit_told(turn_of(_LONG), sorry_for) is sorry_for


async def test_the_agent_reads_a_part_and_staff_all_of_it() -> None:
    seen: list[int] = []

    class Reads(Echo):
        async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
            seen.extend(len(one.text) for one in turn.pending)
            return Reply("It costs 9 euros.", MessageKind.ANSWER)

    outcome = await Turn(Reads(), NotedDesk(), {}, CountedMetrics(), sorry).run(turn_of(*[_LONG] * 3))
    assert sum(seen) <= MOST_READ
    assert "too long" in outcome.messages[0].text
