"""What the log holds, as clients read it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

from api import schemas
from channels.web import render
from channels.web.tokens import Session
from core.domain.attachments import Attachment
from core.domain.choices import Choice, choices_meta
from core.domain.keys import ConversationKey
from core.domain.messages import Author, Citation, Message, MessageKind, OutboundMessage
from core.ports.channel import StreamFrame
from core.ports.event_log import LoggedFrame

CITATION = Citation("p1", "Title", "Content", "a.pdf", 0.5, section="S", page=3, url="https://x.example", category="c")
STORED = Message(
    id="m1",
    conversation_id="c1",
    seq=2,
    author=Author.AGENT,
    text="Yes [1]",
    created_at=datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC),
    kind=MessageKind.ANSWER,
    citations=(CITATION,),
    attachments=(Attachment("f1", "a.pdf", "application/pdf", 7, "hash", "key", text="its text"),),
    meta={"confidence": 0.5, "status": "bot", "in_reply_to": "m0", "correlation_id": "internal"},
)
OUT = OutboundMessage(
    "m1", ConversationKey("web", "default", "s"), Author.AGENT, "Yes", MessageKind.ANSWER, turn_id="t"
)


def _link(file: str) -> str:
    return f"/{file}"


def _with_choices() -> Message:
    choices = (Choice("Refunds", "p1", "Refunds\nMoney?", "Money?"), Choice("Returns", "p2", "Returns", "Money?"))
    return replace(STORED, meta={**STORED.meta, **choices_meta(choices)})


def test_what_is_asked_back_can_be_chosen() -> None:
    asked = _with_choices()
    shown = render.message(LoggedFrame(7, "complete", {}, "t1", asked), _link)
    assert shown["choices"] == ["Refunds", "Returns"]
    session = Session("s_1", datetime(2026, 1, 2, tzinfo=UTC))
    posted = render.answer([LoggedFrame(7, "complete", {}, "t1", asked)], session, "c1")
    assert posted["choices"] == ["Refunds", "Returns"]
    assert "choices" not in render.answer([LoggedFrame(7, "complete", {}, "t1", STORED)], session, "c1")


def test_what_staff_wrote_is_a_click_from_its_translation() -> None:
    meta = {"status": "staff", "original": "It comes on Tuesday", "original_title": "Original"}
    said = replace(STORED, author=Author.STAFF, text="Es kommt am Dienstag", citations=(), meta=meta)
    shown = render.message(LoggedFrame(7, "message", {}, None, said), _link)
    assert shown["content"] == "Es kommt am Dienstag"
    assert [(one["title"], one["content"]) for one in shown["sources"]] == [("Original", "It comes on Tuesday")]
    part = render.message(LoggedFrame(8, "message", {"content": "…", "part": 1}, None, said), _link)
    assert part["sources"] == []
    own = replace(said, author=Author.CUSTOMER)
    assert render.message(LoggedFrame(7, "message", {}, None, own), _link)["sources"] == []


def test_a_message_has_exactly_the_fields_of_the_protocol() -> None:
    shown = render.frame(LoggedFrame(7, "complete", {}, "t1", STORED, "up"), _link)
    assert shown == {
        "type": "complete",
        "id": "m1",
        "cursor": 7,
        "author": "agent",
        "name": None,
        "content": "Yes [1]",
        "timestamp": "2026-01-01T12:00:00.123Z",
        "client_id": None,
        "attachments": [{"id": "f1", "name": "a.pdf", "media_type": "application/pdf", "size": 7, "url": "/f1"}],
        "sources": [
            {
                "id": "p1",
                "title": "Title",
                "content": "Content",
                "metadata": {"source": "a.pdf", "page": 3, "section": "S", "url": "https://x.example"},
                "relevance_score": 0.5,
            }
        ],
        "requires_escalation": False,
        "confidence": 0.5,
        "status": "bot",
        "in_reply_to": "m0",
        "kind": "answer",
        "feedback": "up",
        "intent": None,
        "sentiment": None,
        "ticket": None,
        "turn_id": "t1",
    }
    assert "internal" not in json.dumps(shown)
    assert "its text" not in json.dumps(shown)


def test_the_api_description_has_exactly_these_fields() -> None:
    logged = LoggedFrame(7, "complete", {}, "t1", _with_choices())
    shown = render.message(logged, _link)
    answer = render.answer([logged], Session("s_1", datetime(2026, 1, 2, tzinfo=UTC)), "c1")
    (file,), (source,) = shown["attachments"], shown["sources"]
    for model, served in (
        (schemas.ConversationMessage, shown),
        (schemas.MessageAnswer, answer),
        (schemas.File, file),
        (schemas.Source, source),
        (schemas.SourceMetadata, source["metadata"]),
    ):
        assert set(model.model_fields) == set(served)


def test_a_frame_carries_intent_sentiment_and_ticket_as_the_posted_answer_does() -> None:
    meta = {**STORED.meta, "intent": "refund", "sentiment": "negative", "ticket": "T-7"}
    frame = LoggedFrame(7, "complete", {}, "t1", replace(STORED, meta=meta))
    shown = render.frame(frame, _link)
    posted = render.answer([frame], Session("s_1", datetime(2026, 1, 2, tzinfo=UTC)), "c1")
    for name in ("intent", "sentiment", "ticket"):
        assert shown[name] == posted[name] == meta[name]


def test_small_talk_is_an_answer_to_clients() -> None:
    shown = render.message(LoggedFrame(1, "message", {}, None, replace(STORED, kind=MessageKind.SMALL_TALK)), _link)
    assert shown["kind"] == "answer"


def test_an_agents_answer_completes_its_turn_and_staff_just_speak() -> None:
    (answer,) = render.payloads(OUT, 100)
    (staff,) = render.payloads(replace(OUT, author=Author.STAFF, turn_id=None), 100)
    assert answer.body == {"kind": "complete", "message_id": "m1", "turn_id": "t"}
    assert staff.body == {"kind": "message", "message_id": "m1"}


def test_a_notice_appends_the_status_in_the_same_commit() -> None:
    notice = replace(OUT, author=Author.SYSTEM, kind=MessageKind.NOTICE, meta={"status": "queued"})
    (payload,) = render.payloads(notice, 100)
    message, status = render.log_frames(payload, "key")
    assert (message.kind, message.turn_id, message.dedupe) == ("message", "t", "key")
    assert (status.kind, status.body, status.dedupe) == ("status", {"status": "queued"}, "key:status")


def test_the_parts_of_a_long_message_have_ids_of_their_own() -> None:
    long = replace(OUT, text="word " * 50)
    frames = [frame for payload in render.payloads(long, 100) for frame in render.log_frames(payload, "k")]
    assert [frame.kind for frame in frames] == ["complete", "message", "message"]
    stored = replace(STORED, text=long.text)
    shown = [
        render.message(LoggedFrame(number, frame.kind, frame.body, frame.turn_id, stored), _link)
        for number, frame in enumerate(frames)
    ]
    assert [message["id"] for message in shown] == ["m1", "m1.1", "m1.2"]
    assert "".join(message["content"] for message in shown) == long.text
    assert {render.message_id(message["id"]) for message in shown} == {"m1"}


def test_provisional_frames() -> None:
    text = render.provisional(StreamFrame("text", "t", 3, 1, {"delta": "Yes."}))
    assert (text.kind, text.turn_id, text.body) == ("text", "t", {"epoch": 3, "delta": "Yes.", "index": 1})
    shown = render.frame(LoggedFrame(5, "text", text.body, "t"), _link)
    assert shown == {"type": "text", "cursor": 5, "epoch": 3, "delta": "Yes.", "index": 1, "turn_id": "t"}
    sources = render.provisional(StreamFrame("sources", "t", 3, 0, {"citations": [CITATION]}))
    assert sources.body["sources"][0]["metadata"]["page"] == 3
