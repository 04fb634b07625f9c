"""Where customers write from, in words that staff know, and under whose name their words stand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unittest.mock import AsyncMock

import pytest

from config.simulation.slack_rules import shown_in
from core.domain.case import Case
from core.domain.conversation import Conversation, Escalation, OwnershipState, Sharing
from core.domain.customer import ContactDetails, Customer, Evidence
from core.domain.keys import ConversationKey
from core.domain.messages import REACTED_BY, Author, Change, ChangeKind, Message
from core.ports.store import Claim, TurnState
from handoff import posts
from handoff.mail.letters import following, opening
from handoff.places import place_name, place_of, with_names
from handoff.settings import HandoffSettings
from handoff.slack.card import card
from handoff.slack_desk import _named
from handoff.thread.desk_views import DeskViews, _About
from tests.unit.handoff.test_mail_letters import _out

AT = datetime(2026, 11, 21, 9, tzinfo=UTC)


def conversation(channel: str, thread: str, shared: Sharing = Sharing.NEVER) -> Conversation:
    key = ConversationKey(channel, "main", thread)
    return Conversation("c", key, "k1", OwnershipState.QUEUED, None, 1, 1, 1, 0, 0, AT, shared=shared)


def turn(channel: str, writers: dict[str, str], customer: Customer, said: list[Message], **more: Any) -> TurnState:
    shared = Sharing.ALWAYS if len(writers) > 1 else Sharing.NEVER
    home = conversation(channel, "t", shared)
    return TurnState(Claim("c", 1), home, customer, tuple(said), (), addresses=writers, **more)


def message(customer_id: str | None = None, name: str | None = None, author: Author = Author.CUSTOMER) -> Message:
    return Message("m1", "c", 1, author, "Hello", AT, author_name=name, customer_id=customer_id)


@pytest.mark.parametrize(
    ("channel", "thread", "place"),
    [
        ("sms", "+15550001111/+15552223333", "SMS"),
        ("sms", "whatsapp:+15550001111/whatsapp:+15552223333", "WhatsApp"),
        ("email", "x", "E-mail"),
        ("telegram", "1", "Telegram"),
        ("fax", "1", "fax"),
    ],
)
def test_a_place_is_called_what_people_call_it(channel: str, thread: str, place: str) -> None:
    assert place_name(place_of(ConversationKey(channel, "main", thread)), "en") == place


@pytest.mark.parametrize(
    ("channel", "external_id", "shown"),
    [
        ("sms", "+15552223333", "+15552223333"),
        ("sms", "whatsapp:+15552223333", "+15552223333"),
        ("email", "ann@x.example", "ann@x.example"),
        ("slack", "U123", "A visitor"),
    ],
)
@pytest.mark.parametrize("name", [None, "Ann"])
def test_a_card_and_a_letter_say_from_where_somebody_writes(
    channel: str, external_id: str, shown: str, name: str | None
) -> None:
    case = Case("c.1", "c", 1, "asked", "customer", "normal", AT)
    thread = f"ours/{external_id}"
    who = Customer("k1", external_id, name, contact=ContactDetails())
    post = posts.card(case, conversation(channel, thread), who, Escalation("asked"), "A visitor", "TKT-1")
    expected = name if channel == "slack" and name else shown
    (line, where) = shown_in(card(post.meta["facts"])[0]).split("\n")[:2]
    assert (name or shown) in line
    assert expected in f"{line} {where}"
    assert f"{line} {where}".count(expected) == 1
    first = Message("p1", "c.1", 1, Author.SYSTEM, "", AT, meta=post.meta)
    assert expected in opening("c.1", [first], "en", "//").text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "not verified, the number was proven by a code"),
        ("de", "nicht bestätigt, die Nummer wurde durch einen Code bewiesen"),
    ],
)
def test_the_number_is_named_and_not_the_person_where_anybody_could_have_written(language: str, words: str) -> None:
    """Of a text message the number alone was proven by a code; WhatsApp proves each message."""
    case = Case("c.1", "c", 1, "asked", "customer", "normal", AT)
    forged = Customer("k1", "+4930123456", "Alice", evidence=Evidence.PROVEN)
    for who, name in ((forged, "+4930123456"), (replace(forged, verified=True), "Alice")):
        post = posts.card(case, conversation("sms", "us/them"), who, Escalation("asked"), "A visitor", "TKT-1")
        first = Message("p1", "c.1", 1, Author.SYSTEM, "", AT, meta=post.meta)
        head = shown_in(card(post.meta["facts"], language)[0])
        for shown in (head, opening("c.1", [first], language, "//").text):
            assert ("Alice" in shown, words in shown) == (name == "Alice", name != "Alice")
            assert name in shown
        (said,) = with_names(turn("sms", {"k1": who.external_id}, who, [message()])).pending
        assert said.author_name == name
        assert _named(post.meta["facts"], who)["customer"] == name
    page = posts.card(case, conversation("web", "t"), forged, Escalation("asked"), "A visitor", "TKT-1")
    assert "Alice" in (shown := shown_in(card(page.meta["facts"])[0]))
    assert "proven by a code" in shown
    assert "not verified" not in shown


@pytest.mark.parametrize(
    ("verified", "evidence", "words"),
    [
        (False, Evidence.PROVEN, "the number was proven by a code"),
        (False, Evidence.CLAIMED, "has not proved who they are"),
        (True, Evidence.PROVEN, None),
    ],
)
async def test_the_history_says_so_too(verified: bool, evidence: Evidence, words: str | None) -> None:
    files: Any = AsyncMock()
    files.past.return_value = []
    views = DeskViews(AsyncMock(), files, AsyncMock(), HandoffSettings(staff_locale="en"))
    customer = Customer("k1", "+4930123456", "Alice", verified=verified, evidence=evidence)
    case = Case("c.1", "c", 1, "asked", "customer", "normal", AT)
    about = _About(case, conversation("sms", "us/them"), customer, {"address": "+4930123456"})
    view = await views._history(about, {}, 0)
    said = "\n".join(shown_in(block) for block in view["blocks"])
    assert ("proven" in said or "proved" in said) is (words is not None)
    assert words is None or words in said


def test_words_stand_under_a_name_or_an_address_and_never_under_anothers_name() -> None:
    ann = Customer("k1", "ann@x.example", "Ann")
    writers = {"k1": "ann@x.example", "k2": "bob@y.example"}
    said = [message(), message("k2"), message("k2", "Bob"), message(None, None, Author.AGENT)]
    named = with_names(turn("email", writers, ann, said))
    assert [one.author_name for one in named.pending] == ["Ann", "bob@y.example", "Bob", None]
    assert (
        following("c.1", _out(posts.customer_post(named.pending[1])), "en", "//").text.splitlines()[-2]
        == "bob@y.example:"
    )
    known = with_names(turn("slack", {"k1": "U1", "k2": "U2"}, Customer("k2", "U2"), [message("k2"), message()]))
    assert [one.author_name for one in known.pending] == [None, None]


def test_only_where_one_customer_is_alone_a_nameless_reaction_is_theirs() -> None:
    ann = Customer("k1", "U1", "Ann")
    by_staff = message(None, "Grace", Author.STAFF)
    change = Change(ChangeKind.REACTED, 2, by_staff, {"emoji": "👍", "present": True})
    for writers, expected in (({"k1": "U1"}, "Ann"), ({"k1": "U1", "k2": "U2"}, None)):
        (told,) = with_names(turn("slack", writers, ann, [], changes=(change,))).changes
        assert told.detail.get(REACTED_BY) == expected
        assert posts.change_post(told, None).author_name == expected
