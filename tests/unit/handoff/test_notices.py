"""What customers are told while they wait for staff: true, in their language, and asking only for what would help."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from core.domain.conversation import Conversation, OwnershipState, Sharing
from core.domain.customer import ContactDetails, Customer
from core.domain.keys import ConversationKey
from core.domain.messages import Author, CustomerAction, Message, MessageKind
from core.ports.store import Claim, NewMessage, TurnState
from handoff.hours import parse_hours
from handoff.settings import HandoffSettings
from handoff.texts import languages, say
from handoff.waits.notices import Notices

NIGHT = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
DAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
SETTINGS = HandoffSettings(hours=parse_hours("Mon-Fri 09:00-17:30", "Europe/Berlin"), zone=ZoneInfo("Europe/Berlin"))
ADA = ContactDetails("ada@example.com")
OPENINGS = {
    "en": "tomorrow at 9:00",
    "de": "morgen um 9:00",
    "fr": "demain à 9:00",
    "es": "mañana a las 9:00",
    "ar": "9:00",
}


def customer_says(text: str, action: CustomerAction | None = None) -> Message:
    """What is pending."""
    return Message("m1", "c", 7, Author.CUSTOMER, text, NIGHT, action=action)


def turn(
    *pending: Message,
    said: tuple[NewMessage, ...] = (),
    contact: ContactDetails | None = None,
    locale: str = "en",
    channel: str = "web",
) -> TurnState:
    """A turn of a conversation that waits; ``said``: what the hub has told before."""
    key = ConversationKey(channel, "default", "s1")
    conversation = Conversation("c", key, "u", OwnershipState.QUEUED, None, 1, 1, 9, 0, 0, NIGHT, locale=locale)
    history = tuple(
        Message(f"n{seq}", "c", seq, one.author, one.text, NIGHT, kind=one.kind, meta=one.meta)
        for seq, one in enumerate(said)
    )
    customer = Customer("u", "anon:s1", contact=contact or ContactDetails())
    return TurnState(Claim("c", 1), conversation, customer, pending or (customer_says("Hello"),), history)


@pytest.mark.parametrize("language", sorted(OPENINGS))
def test_the_opening_is_said_in_the_customers_language(language: str) -> None:
    notice = Notices(SETTINGS, NIGHT).transfer(turn(locale=language), None)
    assert OPENINGS[language] in notice.text.replace("\u200f", "")
    assert notice.text.endswith(say("ask_contact", language))
    assert (notice.author, notice.kind) == (Author.SYSTEM, MessageKind.NOTICE)


def test_every_notice_exists_in_every_language_and_differs() -> None:
    assert frozenset(OPENINGS) == languages()
    for key in ("staffed_closed", "staffed_kept", "staffed_longer", "staffed_longer_closed", "ask_contact"):
        said = {say(key, language, opening="OPENING") for language in OPENINGS}
        assert len(said) == len(OPENINGS)
        assert all("OPENING" in text for text in said) is (
            key in ("staffed_closed", "staffed_kept", "staffed_longer_closed")
        )


def test_while_staff_are_there_no_opening_is_named() -> None:
    notices = Notices(SETTINGS, DAY)
    assert notices.transfer(turn(), None).text == say("staffed_transfer", "en")
    assert notices.relayed(turn(), None) == ()
    assert notices.longer("web", "en", ADA).meta == {"desk_notice": "staffed_longer"}


@pytest.mark.parametrize("channel", ["sms", "telegram", "email", "slack"])
def test_who_can_be_written_to_later_is_not_asked_how(channel: str) -> None:
    notice = Notices(SETTINGS, NIGHT).transfer(turn(channel=channel), None)
    assert say("ask_contact", "en") not in notice.text


def test_what_is_known_is_not_asked_for() -> None:
    notices = Notices(SETTINGS, NIGHT)
    for known in (notices.transfer(turn(contact=ADA), None), notices.transfer(turn(), ADA)):
        assert "The team can also reach you at ada@example.com." in known.text
        assert say("ask_contact", "en") not in known.text


def test_an_opening_is_told_once_and_the_next_one_again() -> None:
    transfer = Notices(SETTINGS, NIGHT).transfer(turn(), None)
    assert Notices(SETTINGS, NIGHT).relayed(turn(said=(transfer,)), None) == ()
    later = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
    (kept,) = Notices(SETTINGS, later).relayed(turn(said=(transfer,)), None)
    assert kept.text.startswith("Your message is kept for our team. Nobody is there right now; we are back tomorrow")
    assert Notices(SETTINGS, later).relayed(turn(said=(transfer, kept)), None) == ()


def test_a_wait_that_is_over_is_no_part_of_the_next_one() -> None:
    transfer = Notices(SETTINGS, NIGHT).transfer(turn(), None)
    joined = NewMessage(Author.SYSTEM, "Grace has joined.", MessageKind.NOTICE, meta={"desk_notice": "joined"})
    assert len(Notices(SETTINGS, NIGHT).relayed(turn(said=(transfer, joined)), None)) == 1


def test_contact_details_are_confirmed_and_unclear_ones_asked_for_again() -> None:
    notices = Notices(SETTINGS, NIGHT)
    (saved,) = notices.relayed(turn(customer_says("ada@example.com")), ADA)
    assert saved.text == say("contact_saved", "en", contact=ADA)
    assert notices.relayed(turn(contact=ADA, said=(saved,)), ADA) == ()
    (unclear,) = notices.relayed(turn(customer_says("you know it", CustomerAction.CONTACT)), None)
    assert unclear.text == say("contact_unclear", "en")


def test_a_team_that_never_opens_promises_no_opening() -> None:
    never = replace(SETTINGS, hours=parse_hours("Mon 09:00-10:00; closed 01-01..12-31", "Europe/Berlin"))
    assert Notices(never, NIGHT).transfer(turn(), None).text == say("staffed_transfer", "en")


@pytest.mark.parametrize("language", sorted(OPENINGS))
def test_a_number_that_comes_with_the_wish_is_acknowledged(language: str) -> None:
    left = ContactDetails(phone="+49 170 1234567")
    told = Notices(SETTINGS, DAY).transfer(turn(locale=language), left).text
    assert told.startswith(say("staffed_transfer", language))
    assert "+49 170 1234567" in told.replace("\u2066", "").replace("\u2069", "")


@pytest.mark.parametrize("language", sorted(OPENINGS))
@pytest.mark.parametrize("clock", [DAY, NIGHT])
def test_where_others_read_no_contact_detail_is_repeated_or_asked_for(language: str, clock: datetime) -> None:
    private = turn(contact=ADA, locale=language, channel="email")
    public = replace(private, conversation=replace(private.conversation, shared=Sharing.ALWAYS))
    notices, new = Notices(SETTINGS, clock), ContactDetails("bob@example.com")
    told = [notices.transfer(public, new), *notices.relayed(public, new), *notices.relayed(public, None)]
    told.append(notices.longer("email", language, ADA, private=False))
    for one in told:
        assert "@" not in one.text
        assert say("ask_contact", language) not in one.text
    assert "@" in notices.relayed(private, new)[0].text
    assert say("contact_noted", language) in notices.relayed(public, new)[0].text
