"""The route of a turn: small talk, contact details, keywords, answers to offers."""

from __future__ import annotations

import pytest

from core.agent.contact import only_contact_details
from core.agent.routing import Intent, route, was_offered_person
from core.agent.small_talk import small_talk
from core.domain.contact_details import spot_contact_details
from core.domain.messages import Author, CustomerAction, MessageKind
from tests.contract.responders.world import message, text_file, turn_of


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("hi", "greeting"),
        ("Hello there!", "greeting"),
        ("Guten Tag", "greeting"),
        ("مرحبا", "greeting"),
        ("你好", "greeting"),
        ("Thank you so much, that helped!", "thanks"),
        ("merci beaucoup", "thanks"),
        ("👍", "thanks"),
        ("ok great, thanks, bye", "thanks"),
        ("Auf Wiedersehen", "farewell"),
        ("Are you a bot?", "identity"),
        ("I need help", "identity"),
    ],
)
def test_small_talk(text: str, kind: str) -> None:
    assert small_talk(text) == kind
    assert route(turn_of(text)).intent is Intent.SMALL_TALK


@pytest.mark.parametrize(
    "text", ["hi, how do I reset my password?", "thanks, and the price?", "???", "what", "refund", "😡", "🤬🤬", "..."]
)
def test_a_question_is_no_small_talk(text: str) -> None:
    assert small_talk(text) is None


@pytest.mark.parametrize(
    ("text", "email", "phone"),
    [
        ("ann@example.org", "ann@example.org", None),
        ("My e-mail is ann@x.org, phone +49 30 123 45 67", "ann@x.org", "+49 30 123 45 67"),
        ("reach me at 555-123-4567", None, "555-123-4567"),
        ("030 1234567", None, "030 1234567"),
    ],
)
def test_contact_details_alone_are_a_wish_to_be_reached(text: str, email: str | None, phone: str | None) -> None:
    found = only_contact_details(text)
    assert (found.email, found.phone) == (email, phone)
    way = route(turn_of(text))
    assert way.intent is Intent.CONTACT
    assert way.escalation is not None
    assert way.contact == found


@pytest.mark.parametrize("text", ["Change my e-mail to a@b.com", "order 1234567890", "it costs 1000", "version 3.11.7"])
def test_other_messages_with_figures_are_questions(text: str) -> None:
    assert not only_contact_details(text)
    assert route(turn_of(text)).intent is Intent.QUESTION


def test_the_contact_form_escalates_even_with_words_around() -> None:
    pressed = message("please write to me, a@b.com, in the evening", action=CustomerAction.CONTACT)
    way = route(turn_of(pressed))
    assert way.intent is Intent.CONTACT
    assert way.contact.email == "a@b.com"
    assert spot_contact_details("no details").email is None


def test_keywords_are_whole_words_in_any_case() -> None:
    assert route(turn_of("I will call my LAWYER!"), ["lawyer"]).intent is Intent.PERSON
    assert route(turn_of("lawyers are welcome"), ["lawyer"]).intent is Intent.QUESTION
    assert route(turn_of("anything"), ["", "  "]).intent is Intent.QUESTION


@pytest.mark.parametrize("kind", [MessageKind.UNKNOWN, MessageKind.FAILURE])
def test_a_bare_yes_accepts_an_offer_only_when_there_was_one(kind: MessageKind) -> None:
    offer = [message("Sorry. A person?", author=Author.AGENT, kind=kind)]
    assert route(turn_of("yes", history=offer)).intent is Intent.PERSON
    assert route(turn_of("Ja, bitte!", history=offer)).intent is Intent.PERSON
    assert route(turn_of("No, thank you", history=offer)).intent is Intent.DECLINED
    answer = [message("It costs 9.", author=Author.AGENT, kind=MessageKind.ANSWER)]
    assert route(turn_of("yes", history=answer)).intent is not Intent.PERSON


def test_an_offer_is_known_by_its_mark_and_not_from_staff() -> None:
    marked = message(
        "It costs 9. A person?", author=Author.AGENT, kind=MessageKind.ANSWER, meta={"offers_person": True}
    )
    assert was_offered_person([marked])
    assert not was_offered_person([message("yes?", author=Author.STAFF, meta={"offers_person": True})])
    assert not was_offered_person([])


def test_a_no_refuses_to_leave_contact_details_and_not_what_was_said_since() -> None:
    asked = message("Leave your number.", author=Author.SYSTEM, kind=MessageKind.NOTICE, meta={"asks_contact": True})
    assert route(turn_of("no thanks", history=[asked])).intent is Intent.DECLINED
    assert route(turn_of("no, how long does a parcel take?", history=[asked])).intent is Intent.QUESTION
    answer = message("Is it the red one?", author=Author.AGENT, kind=MessageKind.ANSWER)
    assert route(turn_of("no", history=[asked, answer])).intent is Intent.QUESTION


def test_any_message_of_a_burst_may_ask_for_a_person() -> None:
    assert route(turn_of("hello", "what a mess", "let me talk to a human", "now")).intent is Intent.PERSON


def test_an_empty_turn_is_nothing_unless_it_brings_a_file() -> None:
    assert route(turn_of("  ")).intent is Intent.NOTHING
    assert route(turn_of("?!")).intent is Intent.NOTHING
    assert route(turn_of(message("", attachments=[text_file("x")]))).intent is Intent.QUESTION


@pytest.mark.parametrize("action", [CustomerAction.GREETING, CustomerAction.START_OVER])
def test_a_start_button_is_greeted_whatever_stands_on_it(action: CustomerAction) -> None:
    way = route(turn_of(message("/start", action=action)))
    assert (way.intent, way.talk) == (Intent.SMALL_TALK, "greeting")
