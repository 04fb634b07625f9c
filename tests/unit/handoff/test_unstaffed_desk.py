"""A desk without staff says what is true, once, in the customer's language."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.domain.conversation import Conversation, OwnershipState, Sharing
from core.domain.customer import ContactDetails, Customer
from core.domain.keys import ConversationKey
from core.domain.messages import CAME_BY, Author, CustomerAction, Message, MessageKind
from core.ports.desk import ASKS_CONTACT
from core.ports.store import Claim, NewMessage, TurnState
from handoff.hours import parse_hours
from handoff.settings import HandoffSettings
from handoff.texts import languages, say
from handoff.waits.unstaffed_desk import UnstaffedDesk
from tests.contract.stores.manual_clock import ManualClock

_NOW = datetime(2026, 11, 21, tzinfo=UTC)
_LANGUAGES = ("en", "de", "fr", "es", "ar")
_LIVE_CLAIMS = re.compile(r"connecting you|verbinde sie|je vous mets en relation|le conecto|سأوصلك", re.IGNORECASE)


def _customer_says(text: str, seq: int = 1, action: CustomerAction | None = None) -> Message:
    return Message(f"m{seq}", "c", seq, Author.CUSTOMER, text, _NOW, action=action)


def _as_history(message: NewMessage, seq: int) -> Message:
    return Message(f"n{seq}", "c", seq, message.author, message.text, _NOW, kind=message.kind, meta=message.meta)


def _turn(
    *pending: Message,
    history: tuple[Message, ...] = (),
    contact: ContactDetails | None = None,
    locale: str | None = "en",
) -> TurnState:
    key = ConversationKey("web", "default", "s1")
    conversation = Conversation("c", key, "u", OwnershipState.QUEUED, None, 1, 1, 1, 0, 0, _NOW, locale=locale)
    customer = Customer("u", "anon:s1", contact=contact or ContactDetails())
    return TurnState(Claim("c", 1), conversation, customer, pending, history)


@pytest.mark.parametrize("language", _LANGUAGES)
def test_the_transfer_notice_promises_nobody(language: str) -> None:
    notice = UnstaffedDesk().transfer_notice(_turn(_customer_says("a person please"), locale=f"{language}-XX"))
    assert notice.text == say("transfer", language)
    assert notice.author is Author.SYSTEM
    assert notice.kind is MessageKind.NOTICE
    assert not _LIVE_CLAIMS.search(notice.text)


@pytest.mark.parametrize("language", _LANGUAGES)
async def test_a_wish_taken_back_is_confirmed_and_a_new_one_starts_over(language: str) -> None:
    desk = UnstaffedDesk()
    taken_back = desk.taken_back_notice(_turn(_customer_says("never mind"), locale=language))
    assert (taken_back.text, taken_back.kind) == (say("taken_back", language), MessageKind.NOTICE)
    old = [desk.transfer_notice(_turn(_customer_says("person"))), taken_back]
    history = (*(_as_history(m, n) for n, m in enumerate(old)), _as_history(old[0], 9))
    assert (await desk.relay(_turn(_customer_says("hello", 10), history=history, locale=language))).messages


def test_every_sentence_exists_in_every_language_and_differs() -> None:
    assert languages() == frozenset(_LANGUAGES)
    contact = ContactDetails("ada@example.com", "+49 30 901820")
    for key in ("transfer", "transfer_known", "kept", "kept_known", "contact_saved", "contact_unclear", "taken_back"):
        said = {say(key, language, contact=contact) for language in _LANGUAGES}
        assert len(said) == len(_LANGUAGES)
        if key in ("transfer_known", "kept_known", "contact_saved"):
            assert all("ada@example.com" in text and "+49 30 901820" in text for text in said)


def test_an_unknown_language_falls_back() -> None:
    assert say("kept", "nl", fallback="de") == say("kept", "de")
    assert say("kept", None, fallback="xx") == say("kept", "en")


async def test_each_further_wish_gets_one_answer() -> None:
    desk = UnstaffedDesk()
    turn = _turn(_customer_says("a person", 3), _customer_says("a person!", 4))
    assert desk.leaves_to_agent(turn)
    for _ in range(2):
        assert [message.text for message in (await desk.relay(turn)).messages] == [say("kept", "en")]
    assert (await desk.relay(_turn())).messages == ()


async def test_what_staff_owned_while_a_desk_was_connected_is_confirmed_once() -> None:
    desk, history = UnstaffedDesk(), []
    spoken: list[NewMessage] = []
    for seq in range(3, 9):
        turn = _turn(_customer_says("hello?", seq), history=tuple(history))
        owned = replace(turn.conversation, state=OwnershipState.STAFF)
        reply = await desk.relay(replace(turn, conversation=owned))
        spoken += reply.messages
        history += [_customer_says("hello?", seq), *(_as_history(m, seq) for m in reply.messages)]
    assert [message.text for message in spoken] == [say("kept", "en")]


async def test_details_are_understood_stored_and_thanked_for() -> None:
    desk = UnstaffedDesk()
    notice = _as_history(desk.transfer_notice(_turn(_customer_says("a person"))), 2)
    first = await desk.relay(_turn(_customer_says("ada@example.com", 3), history=(notice,)))
    assert first.contact == ContactDetails(email="ada@example.com")
    assert "ada@example.com" in first.messages[0].text
    history = (notice, _as_history(first.messages[0], 4))
    again = await desk.relay(_turn(_customer_says("ada@example.com", 5), history=history, contact=first.contact))
    assert "ada@example.com" in again.messages[0].text
    other = await desk.relay(_turn(_customer_says("rather eve@example.com", 6), history=history, contact=first.contact))
    assert other.contact == ContactDetails(email="eve@example.com")
    assert "eve@example.com" in other.messages[0].text


async def test_a_turn_run_again_after_a_crash_says_the_same() -> None:
    desk = UnstaffedDesk()
    turn = _turn(_customer_says("call me: +49 30 901820", 3))
    assert await desk.relay(turn) == await desk.relay(turn)


async def test_unreadable_details_are_asked_for_again() -> None:
    turn = _turn(_customer_says("ada at example", 3, CustomerAction.CONTACT))
    reply = await UnstaffedDesk().relay(turn)
    assert [message.text for message in reply.messages] == [say("contact_unclear", "en")]
    assert reply.contact is None


@pytest.mark.parametrize("text", ["0171 2345678", "My phone number is 212-736-5000, please call me"])
async def test_a_number_of_no_known_country_is_asked_for_again_with_its_code(text: str) -> None:
    """It could be anybody's, so it is not kept; to ask as if nothing had been said would ask for ever."""
    reply = await UnstaffedDesk().relay(_turn(_customer_says(text)))
    assert reply.contact is None
    assert [one.text for one in reply.messages] == [say("contact_unclear", "en")]
    known = await UnstaffedDesk().relay(_turn(_customer_says(text), contact=ContactDetails(email="ada@example.com")))
    assert [one.text for one in known.messages] == [say("kept_known", "en", contact=ContactDetails("ada@example.com"))]


async def test_known_details_are_not_asked_for_again() -> None:
    contact = ContactDetails(email="ada@example.com")
    desk = UnstaffedDesk()
    assert desk.transfer_notice(_turn(_customer_says("a person"), contact=contact)).text == say(
        "transfer_known", "en", contact=contact
    )
    reply = await desk.relay(_turn(_customer_says("hello", 3), contact=contact))
    assert [message.text for message in reply.messages] == [say("kept_known", "en", contact=contact)]


def test_details_in_the_message_that_asks_for_a_person_are_used() -> None:
    turn = _turn(_customer_says("A person please, ada@example.com"))
    desk = UnstaffedDesk()
    assert desk.contact(turn) == ContactDetails(email="ada@example.com")
    assert "ada@example.com" in desk.transfer_notice(turn).text


async def test_a_second_escalation_starts_over() -> None:
    desk = UnstaffedDesk()
    old = [
        desk.transfer_notice(_turn(_customer_says("person"))),
        (await desk.relay(_turn(_customer_says("hi")))).messages[0],
    ]
    history = (*(_as_history(m, n) for n, m in enumerate(old)), _as_history(old[0], 9))
    assert (await desk.relay(_turn(_customer_says("hello", 10), history=history))).messages


async def test_what_staff_or_the_agent_wrote_is_no_contact_of_the_customer() -> None:
    agent = Message("a", "c", 1, Author.AGENT, "Write to help@example.com", _NOW)
    assert UnstaffedDesk().contact(_turn(agent)) is None


async def test_only_what_asks_for_contact_details_can_be_refused() -> None:
    desk, known = UnstaffedDesk(), ContactDetails("ada@example.com")
    asking = desk.transfer_notice(_turn(_customer_says("a person")))
    content = desk.transfer_notice(_turn(_customer_says("a person"), contact=known))
    assert asking.meta.get(ASKS_CONTACT)
    assert ASKS_CONTACT not in content.meta


async def test_outside_the_hours_the_next_opening_is_told() -> None:
    """It is Saturday, 9:00 in UTC."""
    clock = ManualClock()
    weekdays = HandoffSettings(hours=parse_hours("Mon-Fri 09:00-17:00", "UTC"))
    desk = UnstaffedDesk(weekdays, clock)
    transfer = desk.transfer_notice(_turn(_customer_says("a person")))
    assert transfer.text == f"{say('transfer', 'en')} Our team is back on Monday at 9:00."
    (kept,) = (await desk.relay(_turn(_customer_says("hello", 3)))).messages
    assert kept.text.endswith("Our team is back on Monday at 9:00.")
    clock.move(2 * 86_400 + 3_600)
    assert desk.transfer_notice(_turn(_customer_says("a person"))).text == say("transfer", "en")


@pytest.mark.parametrize("language", _LANGUAGES)
async def test_where_others_read_it_speaks_of_contact_details_and_repeats_none(language: str) -> None:
    desk, known = UnstaffedDesk(), ContactDetails("ada@example.com", "+49 30 901820")
    private = _turn(_customer_says("my mail is bob@example.com"), contact=known, locale=language)
    public = replace(private, conversation=replace(private.conversation, shared=Sharing.SOMETIMES))
    told = [desk.transfer_notice(public), *(await desk.relay(public)).messages]
    told += (await desk.relay(replace(public, pending=(_customer_says("hello"),)))).messages
    assert [one.meta["desk_notice"] for one in told] == ["transfer_known", "contact_saved", "kept_known"]
    assert not [one.text for one in told if "@" in one.text or "+49" in one.text]
    assert "ada@example.com" in desk.transfer_notice(replace(private, pending=(_customer_says("hello"),))).text


def test_by_a_road_none_is_repeated_either() -> None:
    """Whoever has the address that was left reads it, and need not be who left it."""
    by_mail = replace(_customer_says("a person please"), meta={CAME_BY: {"channel": "email", "account": "a"}})
    notice = UnstaffedDesk().transfer_notice(_turn(by_mail, contact=ContactDetails(phone="+49 30 901820")))
    assert "+49" not in notice.text
