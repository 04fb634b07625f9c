"""Each rule by itself, what switches it off, and what it must not do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from core.domain.conversation import Conversation, Escalation, OwnershipState
from core.domain.customer import ContactDetails, Customer
from core.domain.keys import ConversationKey
from core.domain.messages import Author, CustomerAction, Message, MessageKind
from core.ports.responder import TOOLS_FAILED_META, Reply
from core.ports.store import Claim, TurnState
from handoff.mood import Mood, MoodWords
from handoff.policy import (
    EscalationRules,
    messages_judged,
    moods_of,
    reason_to_escalate,
)

NOW = datetime(2026, 11, 21, tzinfo=UTC)
RULES = EscalationRules()
CALM, CROSS, FURIOUS = Mood(0.0, 0.0), Mood(-0.5, 0.6), Mood(-0.9, 0.9)
UNKNOWN = Reply("I do not know.", MessageKind.UNKNOWN)
ANSWER = Reply("So.", MessageKind.ANSWER, confidence=0.9)
FAILURE = Reply("Sorry.", MessageKind.FAILURE)


def _said(text: str, author: Author = Author.CUSTOMER, **more: Any) -> Message:
    return Message("m", "c", 1, author, text, NOW, **more)


def _agent(reply: Reply) -> Message:
    return _said(
        reply.text, Author.AGENT, kind=reply.kind, meta={"confidence": reply.confidence, "intent": reply.intent}
    )


def _turn(
    *pending: str | Message, history: tuple[Message, ...] = (), state: OwnershipState = OwnershipState.BOT
) -> TurnState:
    conversation = Conversation(
        "c", ConversationKey("web", "a", "1"), "u1", state, None, 1, 1, 1, 0, 0, NOW, locale="en"
    )
    said = tuple(_said(each) if isinstance(each, str) else each for each in pending)
    return TurnState(Claim("c", 1), conversation, Customer("u1", "ada@example.com", verified=True), said, history)


def _reason(
    turn: TurnState, reply: Reply | None = None, rules: EscalationRules = RULES, moods: tuple[Mood, ...] = (CALM,)
) -> str:
    found = reason_to_escalate(turn, reply, rules, moods)
    assert found is None or (found.requested_by == "rule" and found.reason.endswith("."))
    return f"{found.urgency}: {found.reason}" if found else ""


def test_a_calm_question_that_is_answered_needs_nobody() -> None:
    assert _reason(_turn("Where is it?"), ANSWER) == _reason(_turn("Where is it?")) == ""


def test_one_furious_message_is_urgent() -> None:
    assert _reason(_turn("x"), moods=(CALM, Mood(0.0, 0.8))) == "high: The customer is very frustrated (0.8 of 1)."
    assert _reason(_turn("x"), moods=(CALM, Mood(0.0, 0.79))) == ""
    assert _reason(_turn("x"), moods=(FURIOUS, CALM)) == ""
    assert "very frustrated" in _reason(_turn("x", "y"), moods=(FURIOUS, CALM))


def test_three_frustrated_messages_are_enough_when_the_newest_is_one() -> None:
    off = replace(RULES, decline=None)
    assert (
        _reason(_turn("x"), rules=off, moods=(CROSS, CALM, CROSS, CROSS))
        == "normal: 3 of the customer's messages were frustrated."
    )
    assert _reason(_turn("x"), rules=off, moods=(CROSS, CROSS)) == ""
    assert _reason(_turn("x"), rules=off, moods=(CROSS, CROSS, CROSS, CALM)) == ""


def test_a_declining_mood_counts_below_its_threshold() -> None:
    falling = (Mood(0.4, 0.0), Mood(0.0, 0.2), Mood(-0.4, 0.4))
    assert _reason(_turn("x"), moods=falling).startswith("normal: The customer's mood is getting worse")
    assert _reason(_turn("x"), moods=falling[1:]) == ""
    assert _reason(_turn("x"), moods=falling[::-1]) == ""
    assert _reason(_turn("x"), moods=(Mood(0.9, 0.0), Mood(0.6, 0.0), Mood(0.3, 0.0))) == ""


def test_two_replies_in_a_row_without_an_answer() -> None:
    asked = _said("a")
    said = "normal: The agent had no sure answer (2× in a row)."
    assert _reason(_turn("b", history=(asked, _agent(UNKNOWN))), UNKNOWN) == said
    assert _reason(_turn("b"), UNKNOWN) == ""
    assert _reason(_turn("b", history=(asked, _agent(UNKNOWN))), ANSWER) == ""
    assert _reason(_turn("b", history=(asked, _agent(UNKNOWN), _agent(ANSWER))), UNKNOWN) == ""


def test_small_talk_between_does_not_count_but_declining_an_offer_does() -> None:
    small = Reply("You are welcome.", MessageKind.SMALL_TALK, intent="thanks")
    no = Reply("All right.", MessageKind.SMALL_TALK, intent="declined")
    assert _reason(_turn("b", history=(_agent(UNKNOWN), _agent(small))), UNKNOWN) != ""
    assert _reason(_turn("b", history=(_agent(UNKNOWN), _agent(no))), UNKNOWN) == ""


def test_a_question_back_between_is_neither_an_answer_nor_the_lack_of_one() -> None:
    asks_back = Reply("Which one?", MessageKind.ANSWER, intent="clarify")
    assert _reason(_turn("b", history=(_agent(UNKNOWN), _agent(asks_back))), UNKNOWN) != ""
    assert _reason(_turn("b", history=(_agent(asks_back),)), UNKNOWN) == ""
    assert _reason(_turn("9", history=(_agent(UNKNOWN), _agent(asks_back))), asks_back) == ""


def test_an_unsure_answer_is_none_where_the_company_says_so() -> None:
    unsure = Reply("Perhaps.", MessageKind.ANSWER, confidence=0.2)
    asks_back = Reply("Which one?", MessageKind.ANSWER, intent="clarify")
    strict = replace(RULES, answer_confidence=0.5)
    history = (_agent(UNKNOWN), _agent(unsure))
    assert _reason(_turn("b", history=history), unsure, strict) == "normal: The agent had no sure answer (3× in a row)."
    assert _reason(_turn("b", history=history), unsure) == ""
    assert _reason(_turn("b", history=history), asks_back, strict) == ""


def test_a_failed_model_and_a_failed_tool() -> None:
    assert "the model" in _reason(_turn("a"), FAILURE)
    tried = replace(ANSWER, meta={TOOLS_FAILED_META: ["refund", "lookup_account"]})
    assert _reason(_turn("a"), tried) == "normal: A tool failed for good: refund, lookup_account."


def test_important_customers_are_those_whom_the_channel_proved() -> None:
    def reason(customer: Customer, *vip: str) -> str:
        return _reason(replace(_turn("a"), customer=customer), rules=EscalationRules(vip=vip))

    ada = Customer("u1", "Ada@Example.com", verified=True)
    assert reason(ada, "*@example.com").startswith("high: ")
    assert reason(ada, "u1") == reason(ada, "ada@example.com") != ""
    assert reason(ada, "*@example.org", "u", "example.com") == ""
    assert reason(replace(ada, verified=False), "*@example.com", "u1") == ""
    signed = Customer("u3", "user:Eve-7", verified=True)
    assert reason(signed, "eve-7") == reason(signed, "user:eve-7") != ""
    typed = Customer("u2", "x", verified=True, contact=ContactDetails(email="ada@example.com"))
    assert reason(typed, "*@example.com") == ""


def test_an_important_customer_who_was_handed_back_is_not_passed_on_with_every_message() -> None:
    rules = EscalationRules(vip=("u1",))
    assert _reason(_turn("Hello", history=(_said("Hi"), _agent(ANSWER))), rules=rules) != ""
    assert _reason(_turn("Thanks", history=(_said("Done.", Author.STAFF),)), rules=rules) == ""


def test_every_reason_is_told_and_the_most_urgent_decides() -> None:
    told = _reason(_turn("x", history=(_agent(UNKNOWN),)), UNKNOWN, moods=(FURIOUS,))
    assert told == "high: The customer is very frustrated (0.9 of 1). The agent had no sure answer (2× in a row)."


@pytest.mark.parametrize(
    ("moods", "reply", "off"),
    [
        ((FURIOUS,), ANSWER, {"frustration": None}),
        ((CROSS, CROSS, CROSS), ANSWER, {"frustrated_messages": 0}),
        ((Mood(0.4, 0.0), Mood(0.0, 0.2), Mood(-0.4, 0.4)), ANSWER, {"decline": None}),
        ((CALM,), UNKNOWN, {"unanswered": 0}),
        ((CALM,), FAILURE, {"model_failed": False, "unanswered": 0}),
        ((CALM,), replace(ANSWER, meta={TOOLS_FAILED_META: ["refund"]}), {"tool_failed": False}),
    ],
)
def test_each_rule_can_be_switched_off(moods: tuple[Mood, ...], reply: Reply, off: dict[str, Any]) -> None:
    turn = _turn("x", history=(_agent(UNKNOWN),))
    assert _reason(turn, reply, RULES, moods) != ""
    assert _reason(turn, reply, replace(RULES, **off), moods) == ""


def test_the_agents_own_wish_stands_as_it_is() -> None:
    wish = Escalation("The customer needs a refund.", urgency="high")
    assert reason_to_escalate(_turn("a"), replace(FAILURE, escalation=wish), RULES, (FURIOUS,)) is wish


@pytest.mark.parametrize("state", [OwnershipState.QUEUED, OwnershipState.STAFF])
def test_where_people_are_already_there_is_nothing_to_do(state: OwnershipState) -> None:
    assert _reason(_turn("a", state=state), FAILURE, moods=(FURIOUS,)) == ""


@pytest.mark.parametrize(
    "border",
    [
        _said("Hello, I am Grace.", Author.STAFF),
        _said("A person will be with you.", Author.SYSTEM, kind=MessageKind.NOTICE, meta={"requires_escalation": True}),
        _said("/start", action=CustomerAction.START_OVER),
    ],
)
def test_what_was_before_a_person_is_not_counted_again(border: Message) -> None:
    history = (_said("This is useless!"), _agent(UNKNOWN), border, _said("Thanks"))
    turn = _turn("One more question", history=history)
    assert [message.text for message in messages_judged(turn)] == ["Thanks", "One more question"]
    assert _reason(turn, UNKNOWN, moods=moods_of(turn)) == ""


def test_moods_are_those_of_written_messages_with_what_was_said_before() -> None:
    question = "Where is my order 4711?"
    history = (
        _said(question),
        _agent(ANSWER),
        _said("gone", deleted_at=NOW),
        _said("Talk", action=CustomerAction.REQUEST_PERSON),
    )
    turn = _turn(question, "  ", "WHERE IS MY ORDER 4711?!", history=history)
    moods = moods_of(turn)
    assert len(moods) == len(messages_judged(turn)) == 3
    assert moods[0].frustration == 0 < moods[1].frustration < moods[2].frustration
    assert moods_of(_turn("purple"), MoodWords(added=(("purple", "furious"),)))[0].frustration > 0.8


@pytest.mark.parametrize(
    "wrong",
    [{"frustration": 1.2}, {"decline": -0.1}, {"declined_to": 0.3}, {"unanswered": -1}, {"frustrated_messages": -1}],
)
def test_rules_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"goes from|0 or more"):
        EscalationRules(**wrong)
