"""What is understood as an answer to a question back, and how long it can be given."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.agent.asking_back import ask_again, ask_back
from core.agent.choosing import Sense, pick_of
from core.agent.texts import Texts
from core.domain.choices import choices_in
from core.domain.knowledge import Passage, Retrieval
from core.domain.messages import Author, CustomerAction, Message, MessageKind
from core.ports.desk import HANDED_BACK
from core.ports.responder import Reply
from tests.contract.responders.world import NOW, PASSWORD, PRICE, REFUNDS, RETURNS, message, text_file

TEXTS = Texts("en", "Tidepool")
QUESTION = "What about my money?"


def back(*passages: Passage, question: str = QUESTION) -> Reply:
    found = Retrieval(tuple(replace(one, score=0.4) for one in passages), 0.5, 0.3)
    reply = ask_back(found, question, (), TEXTS)
    assert reply is not None
    return reply


def exchange(asked: str, reply: Reply, *, after: list[Message] | None = None) -> list[Message]:
    """What was said so far, with one more question and its reply."""
    before = after or []
    seq = len(before)
    said = message(reply.text, seq=seq + 2, author=Author.AGENT, kind=reply.kind, meta=reply.meta)
    return [*before, message(asked, seq=seq + 1), said]


ASKED = exchange(QUESTION, back(REFUNDS, RETURNS))
TALK = Reply("Welcome!", MessageKind.SMALL_TALK)


def heard(*said: str | Message, history: list[Message] = ASKED) -> tuple[Sense, list[str]] | None:
    pick = pick_of([one if isinstance(one, Message) else message(one, seq=90) for one in said], history)
    return None if pick is None else (pick.sense, [choice.passage for choice in pick.choices])


SECOND = (Sense.CHOSEN, [RETURNS.id])
BOTH = (Sense.CHOSEN, [REFUNDS.id, RETURNS.id])
AGAIN = (Sense.MISSED, [REFUNDS.id, RETURNS.id])
NONE = (Sense.NONE, [REFUNDS.id, RETURNS.id])


@pytest.mark.parametrize(
    "said", ["2", "nr. 2", "the second one", "die zweite", "le deuxième", "la segunda", "الثاني", "２", "send back"]
)
def test_the_second_one(said: str) -> None:
    assert heard(said) == SECOND


@pytest.mark.parametrize("said", ["both", "1 and 2", "beide", "les deux", "ambos", "كلاهما"])
def test_both(said: str) -> None:
    assert heard(said) == BOTH


@pytest.mark.parametrize("said", ["9", "3", "0", "12", "12.5", "the third one", "2 and 9", "yes", "ja", "ok"])
def test_a_slip_chooses_nothing_and_loses_nothing(said: str) -> None:
    assert heard(said) == AGAIN


@pytest.mark.parametrize("said", ["none of these", "neither", "no", "nein", "keins davon", "aucun des deux"])
def test_none_of_these(said: str) -> None:
    assert heard(said) == NONE


@pytest.mark.parametrize(
    "said", ["2 users, please", "", "What does it cost?", "2026", "thanks", "I want a person", "bye"]
)
def test_what_is_no_answer_to_it(said: str) -> None:
    assert heard(said) is None


@pytest.mark.parametrize("said", ["2", "both", "9", "no", "yes", "none of these", "Terms › Refunds"])
def test_where_nothing_was_asked_back_nothing_is_chosen(said: str) -> None:
    assert heard(said, history=exchange("Hello", TALK)) is None


def test_a_word_of_one_title_is_enough_and_of_two_is_not() -> None:
    history = exchange(QUESTION, back(PASSWORD, replace(RETURNS, question="How do I change it back?")))
    assert heard("the password", history=history) == (Sense.CHOSEN, [PASSWORD.id])
    plans = exchange(QUESTION, back(PRICE, replace(PRICE, id="x", title="Plans for schools")))
    assert heard("plans", history=plans) is None


def test_what_belongs_to_a_title_is_no_number() -> None:
    plans = [replace(PRICE, id=f"plan-{number}", title=f"Plan {number}") for number in (2, 1)]
    history = exchange(QUESTION, back(*plans))
    assert heard("Plan 2", history=history) == (Sense.CHOSEN, ["plan-2"])
    assert heard("2", history=history) == (Sense.CHOSEN, ["plan-1"])


@pytest.mark.parametrize("said", ["never mind", "forget it", "vergiss es", "laissez tomber", "olvídalo", "انس الأمر"])
def test_never_mind(said: str) -> None:
    assert heard(said) == (Sense.DROPPED, [REFUNDS.id, RETURNS.id])
    assert heard(f"{said}. What does it cost?") is None
    assert heard(said, history=exchange("Hello", TALK)) is None


def test_small_talk_a_slip_and_a_failure_between_lose_nothing() -> None:
    thanked = exchange("thanks", TALK, after=ASKED)
    slipped = exchange("9", ask_again(choices_in(back(REFUNDS, RETURNS).meta), TEXTS), after=thanked)
    failed = exchange("2", Reply("Sorry.", MessageKind.FAILURE), after=slipped)
    for history in (thanked, slipped, failed):
        assert heard("2", history=history) == SECOND


def test_a_yes_or_no_is_an_answer_only_to_what_was_said_last() -> None:
    thanked = exchange("thanks", TALK, after=ASKED)
    assert heard("yes", history=thanked) is None
    assert heard("no", history=thanked) is None


@pytest.mark.parametrize(
    ("asked", "reply"),
    [
        ("What does it cost?", Reply("9 euros.", MessageKind.ANSWER)),
        ("What does it cost?", Reply("I don't know.", MessageKind.UNKNOWN)),
        ("What does it cost?", Reply("Sorry.", MessageKind.FAILURE)),
        ("1", Reply("5 days.", MessageKind.ANSWER)),
        ("A person!", Reply("Somebody will answer.", MessageKind.NOTICE)),
    ],
)
def test_another_question_and_an_answer_end_it(asked: str, reply: Reply) -> None:
    assert heard("2", history=exchange(asked, reply, after=ASKED)) is None


def test_a_person_ends_it_also_when_they_have_given_it_back() -> None:
    staff = message("I'll see.", seq=3, author=Author.STAFF, kind=MessageKind.ANSWER)
    notice = message("Back.", seq=4, author=Author.SYSTEM, kind=MessageKind.NOTICE, meta={HANDED_BACK: True})
    assert heard("2", history=[*ASKED, staff]) is None
    assert heard("2", history=[*ASKED, notice]) is None


def test_what_was_taken_back_was_not_asked() -> None:
    gone = [ASKED[0], replace(ASKED[1], deleted_at=NOW)]
    assert heard("2", history=gone) is None


def test_the_button_of_an_older_question_means_what_stands_on_it() -> None:
    later = exchange("And the password?", back(PASSWORD, PRICE), after=ASKED)
    assert heard("Terms › Refunds", history=later) == (Sense.CHOSEN, [REFUNDS.id])
    answered = exchange("1", Reply("Click it.", MessageKind.ANSWER), after=later)
    assert heard("Terms › Refunds", history=answered) == (Sense.CHOSEN, [REFUNDS.id])
    assert heard("2", history=later) == (Sense.CHOSEN, [PRICE.id])


def test_a_button_pressed_twice_is_one_choice_and_two_buttons_are_two() -> None:
    label = RETURNS.question or ""
    assert heard(label, label) == SECOND
    assert heard("1", label) == BOTH
    assert heard("9", "2") == SECOND
    assert heard("2", "thanks") == SECOND
    assert heard("2", "What does it cost?") is None


def test_files_and_other_buttons_are_no_choice() -> None:
    assert heard(message("1", seq=3, attachments=[text_file("x")])) is None
    assert heard(message("1", seq=3, action=CustomerAction.REQUEST_PERSON)) is None


@pytest.mark.parametrize(
    "said",
    [
        "> 1. Terms › Refunds\n> 2. How do I send something back?\n\n2",
        "2\n\nBest regards,\nAda Lovelace\nAnalytical Engines Ltd",
        "Hello,\n\nthe second one\n\nThanks\nAda",
        "Guten Tag\n\ndie zweite bitte\n\nMit freundlichen Grüßen\nAda Lovelace",
        "> Is it about one of these?\nsend back",
    ],
)
def test_a_mail_is_read_without_what_it_quotes_and_how_it_is_signed(said: str) -> None:
    assert heard(said) == SECOND


def test_what_is_asked_below_a_number_is_not_lost() -> None:
    assert heard("2\n\nAnd what does it cost?") is None
    assert heard("2\n\nThanks\nBy the way, what does it cost?") is None
