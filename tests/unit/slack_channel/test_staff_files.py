"""What staff send in a thread besides words: files that Slack only points at, and what they forward."""

from __future__ import annotations

from core.domain.messages import MessageEdited, MessageReceived
from tests.unit.slack_channel.test_staff_questions import GRACE, STAFF, read, said

DRIVE = "https://docs.google.com/document/d/1"
SHEET = {"id": "F1", "mode": "external", "name": "Prices", "external_type": "gdrive", "url_private": DRIVE}
HELD = {"id": "F2", "mode": "hosted", "name": "plan.pdf", "mimetype": "application/pdf", "size": 4}
FORWARDED = {"is_share": True, "is_msg_unfurl": True, "text": "He is a *fraud*", "fallback": "[…] He is a fraud"}


def test_a_file_that_lives_elsewhere_goes_out_as_its_address() -> None:
    (event,) = read(said("", subtype="file_share", files=[SHEET, HELD]))
    assert isinstance(event, MessageReceived)
    assert event.text == DRIVE
    assert [one.name for one in event.attachments] == ["plan.pdf"]
    (event,) = read(said("Our prices", subtype="file_share", files=[SHEET]))
    assert isinstance(event, MessageReceived)
    assert event.text == f"Our prices\n{DRIVE}"


def test_an_edit_keeps_the_address() -> None:
    before = said("Our prizes", files=[SHEET])
    after = said("Our prices", files=[SHEET], edited={"user": GRACE, "ts": "1767225800.000300"})
    body = {"type": "message", "subtype": "message_changed", "channel": STAFF, "ts": "1767225800.000300"}
    (event,) = read({**body, "message": after, "previous_message": before})
    assert isinstance(event, MessageEdited)
    assert event.text == f"Our prices\n{DRIVE}"


def test_what_is_forwarded_is_not_said_and_not_lost() -> None:
    for text in ("", "See this"):
        (event,) = read(said(text, attachments=[FORWARDED]))
        assert isinstance(event, MessageReceived)
        assert event.text == text
        assert event.left_out == ("He is a *fraud*",)


def test_what_slack_shows_of_a_link_is_no_part_of_a_message() -> None:
    shown = {"is_msg_unfurl": True, "text": "An old message", "from_url": "https://example.slack.com/archives/C1/p1"}
    (event,) = read(said("Look", attachments=[shown, {"title": "A page", "text": "Its first words"}]))
    assert isinstance(event, MessageReceived)
    assert event.left_out == ()
