"""What was said, as Slack shows it to staff."""

from __future__ import annotations

from dataclasses import replace

from config.simulation.slack_rules import check_message, shown_in
from core.domain.attachments import Attachment, ExtractionStatus
from core.domain.keys import ConversationKey
from core.domain.messages import Author, MessageKind, OutboundMessage
from core.ports.outcomes import NewMessage
from handoff import posts
from handoff.slack.posts import bodies
from tests.contract.responders.world import message


def test_a_long_answer_of_the_agent_s_is_shown_to_its_end() -> None:
    sentence = "Parcels that you have opened can be returned & refunded within 30 days. "
    said = NewMessage(Author.AGENT, sentence * 60 + "The end.", MessageKind.ANSWER)
    post = posts.hub_post(said)
    feed = ConversationKey("desk", "default", "a.1")
    shown = bodies(OutboundMessage("m1", feed, post.author, post.text, post.kind, meta=post.meta))
    words = " ".join(shown_in(block) for body in shown for block in body["blocks"])
    assert words.count("within 30 days") == 60
    assert words.endswith("The end.")
    for body in shown:
        check_message(body["text"], body["blocks"])


def test_a_notification_of_formatted_words_has_no_marks() -> None:
    feed, told = ConversationKey("desk", "default", "a.1"), "**Yes**, see [prices](https://example.com/a_b_c) & `more`."
    for author in (Author.AGENT, Author.STAFF):
        post = posts.hub_post(NewMessage(author, told, MessageKind.ANSWER, author_name="Ben"))
        (body,) = bodies(
            OutboundMessage("m1", feed, post.author, post.text, post.kind, author_name="Ben", meta=post.meta)
        )
        assert body["text"].endswith("Yes, see prices (https://example.com/a_b_c) &amp; more.")


def test_what_a_voice_note_says_stands_with_its_message_marked_as_heard() -> None:
    voice = Attachment(
        "f1", "voice.ogg", "audio/ogg", 9, "0" * 64, "k", ExtractionStatus.READY, "Where is <my> parcel?"
    )
    spoken = replace(message("", attachments=[voice]), meta={"attachment_refs": [{"id": "1", "name": "voice.ogg"}]})
    (before,) = posts.transcript([spoken])
    brought = posts.late_file_posts(spoken)
    feed, words = ConversationKey("desk", "default", "a.1"), []
    for post in (posts.customer_post(spoken), before, *brought):
        made = bodies(OutboundMessage("m1", feed, post.author, post.text, post.kind, meta=post.meta))
        words.append("\n".join(shown_in(block) for body in made for block in body.get("blocks", ())))
    assert all("🎤 “Where is <my> parcel?”" in one for one in (words[0], words[1], words[3])), words
    assert "🎤" not in words[2], "the files' own line"


def test_what_somebody_else_may_have_written_says_so_and_mentions_nobody() -> None:
    feed = ConversationKey("desk", "default", "a.1")
    meta = {
        "post": "said",
        "missing": [],
        "coming": ["a <b>.png"],
        "caution": "Forged, says <@U1>.",
        "old": 1_700_000_000.0,
    }
    every = bodies(OutboundMessage("m1", feed, Author.CUSTOMER, "My account is 999", MessageKind.NOTICE, meta=meta))
    text = "\n".join(shown_in(block) for one in every for block in one["blocks"])
    assert ":warning: Forged, says <@U1>." in text
    assert "a <b>.png has not come yet." in text
    assert "An old message" in text
    assert "<!date^1700000000^" in text


def test_below_a_mail_stands_whom_a_reply_goes_to() -> None:
    feed = ConversationKey("desk", "default", "a.1")
    people = [
        ("ann@a.example", "Ann", True),
        ("bob@b.example", "Bob <boss@x.example>, *Eve*", True),
        ("c@c.example", None, False),
    ]
    readers = [{"address": one, "name": name, "named_in": "cc", "answered": answered} for one, name, answered in people]
    line = "A reply goes to Ann <ann@a.example>, bob@b.example; not to c@c.example"
    said = {"post": "said", "readers": readers}
    spoken = {"id": "m", "author": "customer", "name": "Ann", "text": "Hello", "at": 1.0, "files": [], "sources": []}
    before = {"post": "transcript", "lines": [{**spoken, "readers": readers}], "left_out": 0}
    for meta in (said, before):
        (body,) = bodies(OutboundMessage("m1", feed, Author.CUSTOMER, "Hello", MessageKind.NOTICE, meta=meta))
        assert line in "\n".join(shown_in(block) for block in body["blocks"])
        check_message(body["text"], body["blocks"])
    many = [{**readers[0], "address": f"{'a' * 200}{number}@a.example"} for number in range(20)]
    (body,) = bodies(
        OutboundMessage("m1", feed, Author.CUSTOMER, "Hi", MessageKind.NOTICE, meta={**said, "readers": many})
    )
    assert "".join(shown_in(block) for block in body["blocks"]).count("@a.example") == 20, "none is cut off"
    check_message(body["text"], body["blocks"])
    (alone,) = bodies(OutboundMessage("m1", feed, Author.CUSTOMER, "Hello", MessageKind.NOTICE, meta={"post": "said"}))
    assert "reply goes" not in "\n".join(shown_in(block) for block in alone["blocks"])


def test_a_message_that_was_edited_to_a_long_one_is_shown_to_its_end() -> None:
    sentence = "I have opened the parcel & it was broken already. "
    meta = {"post": "edited", "copy": "m0"}
    feed = ConversationKey("desk", "default", "a.1")
    long = OutboundMessage("m1", feed, Author.CUSTOMER, sentence * 130 + "The end.", MessageKind.NOTICE, meta=meta)
    first, *more = bodies(long)
    assert (first["do"], first["of"]) == ("update", "m0"), "in the place of what was shown"
    assert {body["do"] for body in more} == {"reply"}
    words = " ".join(shown_in(body["blocks"][0]) for body in (first, *more))
    assert words.count("broken already") == 130
    assert words.startswith("*Customer* _(edited)_\n")
    assert words.endswith("The end.")
    for body in (first, *more):
        check_message(body["text"], body["blocks"])
