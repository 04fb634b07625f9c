"""What staff ask the app in a case's thread is told from what they write to the customer, also when it is edited."""

from __future__ import annotations

from typing import Any

import pytest

from channels.slack.parse import Reader
from channels.slack.place import Place
from core.domain.messages import Audience, InboundEvent, MessageDeleted, MessageEdited, MessageReceived, StaffAction
from core.ports.channel import WebhookReply
from tests.unit.slack_channel.fixture import NoNames, raw

TEAM, STAFF, BOT, GRACE = "T0HOME001", "C0STAFF01", "U0BOT0001", "U0GRACE01"
CARD, SAID = "1767225600.000100", "1767225700.000200"
THREAD = f"{TEAM}/{STAFF}/{CARD}"
QUESTIONS = f"{THREAD}/agent"


def read(event: dict[str, Any], own: str | None = BOT) -> list[InboundEvent]:
    whole: dict[str, Any] = {"type": "event_callback", "event_id": "Ev1", "team_id": TEAM, "event": event}
    if own:
        whole["authorizations"] = [{"team_id": TEAM, "user_id": own, "is_bot": True}]
    found = Reader("default", NoNames(), staff_channels=frozenset({STAFF})).events(raw(whole))
    assert not isinstance(found, WebhookReply)
    return list(found)


def said(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "message", "channel": STAFF, "user": GRACE, "ts": SAID, "thread_ts": CARD, "text": text, **more}


def changed(old: str, new: str) -> dict[str, Any]:
    before, after = said(old), said(new, edited={"user": GRACE, "ts": "1767225800.000300"})
    body = {"type": "message", "subtype": "message_changed", "channel": STAFF, "ts": "1767225800.000300"}
    return {**body, "message": after, "previous_message": before}


@pytest.mark.parametrize(
    "text",
    [
        f"<@{BOT}> what is our refund policy?",
        f"<@{BOT}|help>: what is our refund policy?",
        f"Say, <@{BOT}>, what about refunds",
    ],
)
def test_what_mentions_the_app_is_a_question_to_the_agent(text: str) -> None:
    (event,) = read(said(text))
    assert isinstance(event, MessageReceived)
    assert event.action is StaffAction.ASK
    assert event.audience is Audience.STAFF
    assert event.conversation.thread == QUESTIONS
    assert BOT not in event.text
    assert Place.of(event.conversation.thread) == Place(TEAM, STAFF, CARD)


def test_the_same_question_as_a_mention_and_as_a_message_is_one() -> None:
    text = f"<@{BOT}> what is our refund policy?"
    (as_message,) = read(said(text))
    (as_mention,) = read({**said(text), "type": "app_mention"})
    assert as_message == as_mention


@pytest.mark.parametrize("text", ["Hello", "<@U0LINUS01> can you look?", f"What about {BOT}?"])
def test_everything_else_goes_its_usual_way(text: str) -> None:
    (event,) = read(said(text))
    assert isinstance(event, MessageReceived)
    assert event.action is None
    assert event.conversation.thread == THREAD


def test_an_edited_question_stays_a_question() -> None:
    (event,) = read(changed(f"<@{BOT}> refnds?", f"<@{BOT}> refunds?"))
    assert isinstance(event, MessageEdited)
    assert (event.conversation.thread, event.text) == (QUESTIONS, "refunds?")
    (event,) = read(changed(f"<@{BOT}> refnds?", "refunds?"))
    assert event.conversation.thread == QUESTIONS, "to take the mention away sends nothing to the customer"


def test_a_message_that_is_edited_into_a_question_is_taken_back_from_the_customer() -> None:
    gone, asked = read(changed("what is our refund policy?", f"<@{BOT}> what is our refund policy?"))
    assert isinstance(gone, MessageDeleted)
    assert gone.conversation.thread == THREAD
    assert isinstance(asked, MessageReceived)
    assert (asked.action, asked.conversation.thread) == (StaffAction.ASK, QUESTIONS)
    assert asked.text == "what is our refund policy?"
    assert asked.key != gone.key


def test_a_deleted_question_is_looked_for_where_it_was_asked() -> None:
    body = {"type": "message", "subtype": "message_deleted", "channel": STAFF, "ts": "1767225800.000300"}
    (event,) = read({**body, "deleted_ts": SAID, "previous_message": said(f"<@{BOT}> refunds?")})
    assert isinstance(event, MessageDeleted)
    assert event.conversation.thread == QUESTIONS


def test_what_staff_write_and_edit_comes_out_as_markdown() -> None:
    (event,) = read(said("*Thanks* :smile: ~no~ <https://x.example/~a~|there>"))
    assert isinstance(event, MessageReceived)
    assert event.text == "**Thanks** 😄 ~~no~~ [there](<https://x.example/~a~>)"
    (event,) = read(changed("Thanks", "*Thanks* :wave:"))
    assert isinstance(event, MessageEdited)
    assert event.text == "**Thanks** 👋"
