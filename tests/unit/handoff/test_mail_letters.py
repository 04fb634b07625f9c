"""The posts of a case as mails: the first says all that was said, later ones what is new, and the rest makes none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from core.domain.attachments import Attachment
from core.domain.conversation import OwnershipState
from core.domain.keys import ConversationKey
from core.domain.messages import Author, Message, MessageKind, OutboundMessage
from core.ports.outcomes import NewMessage
from handoff import posts
from handoff.mail.letters import following, is_mailed, opening
from handoff.texts import languages

_AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
_FACTS = {
    "case": "c.1",
    "ticket": "TKT-1",
    "customer": "Ada\r\nBcc: everybody@example.com",
    "verified": False,
    "email": "ada@example.com",
    "phone": None,
    "channel": "web",
    "reason": "The customer asked for a person.",
    "suggestion": {"text": "Press export.", "sources": []},
    "state": "queued",
}


def _stored(new: NewMessage, seq: int = 1) -> Message:
    text, name = new.text, new.author_name
    files = new.attachments
    return Message(f"p{seq}", "feed", seq, new.author, text, _AT, name, new.kind, None, files, meta=dict(new.meta))


def _out(new: NewMessage) -> OutboundMessage:
    feed = ConversationKey("desk", "mail", "c.1")
    return OutboundMessage(
        "p9", feed, new.author, new.text, new.kind, new.author_name, attachments=new.attachments, meta=new.meta
    )


def _said(text: str, **meta: Any) -> NewMessage:
    message = Message("m1", "c", 1, Author.CUSTOMER, text, _AT, author_name="Ada", meta=meta)
    return posts.customer_post(message)


def _card() -> NewMessage:
    return NewMessage(Author.SYSTEM, "Ada", MessageKind.NOTICE, meta={"post": "card", "facts": _FACTS})


@pytest.mark.parametrize("language", sorted(languages()))
def test_the_first_mail_says_who_why_and_all_that_was_said(language: str) -> None:
    before = posts.transcript([Message("m0", "c", 1, Author.AGENT, "Hello there.", _AT)])
    paper = Attachment("f1", "paper.pdf", "application/pdf", 3, "s", "k")
    pending = replace(_said("Where is it?", caution="Doubtful."), attachments=(paper,))
    told = [_stored(one, seq) for seq, one in enumerate([_card(), *before, pending], start=1)]
    mail = opening("c.1", told, language, "note:")
    assert mail.text.startswith("##- ")
    assert "/resolve" in mail.text.splitlines()[1]
    assert "note:" in mail.text.splitlines()[1]
    for words in (
        "ada@example.com",
        "The customer asked",
        "Press export.",
        "Hello there.",
        "Where is it?",
        "⚠ Doubtful.",
    ):
        assert words in mail.text
    assert mail.attachments == (paper,)
    assert (mail.case_id, mail.locale) == ("c.1", language)
    assert mail.subject.startswith("[TKT-1] Ada Bcc: everybody@example.com: The customer")
    assert "\n" not in mail.subject
    assert "\r" not in mail.subject


def test_the_first_mail_names_files_and_says_what_it_leaves_out() -> None:
    """What Slack shows of the time before the case, a mail says too."""
    paper = Attachment("f1", "paper.pdf", "application/pdf", 3, "s", "k")
    lost = replace(paper, id="f2", name="lost.pdf", storage_key="")
    before = [Message(f"m{place}", "c", place, Author.AGENT, "Hello.", _AT) for place in range(41)]
    sent = Message("m99", "c", 99, Author.CUSTOMER, "", _AT, "Ada", attachments=(paper, lost))
    history = [*before, sent]
    told = [_card(), *posts.transcript(history), *posts.files(history)]
    mail = opening("c.1", [_stored(one, seq) for seq, one in enumerate(told, start=1)], "en", "//")
    assert "Earlier messages that are not shown: 2" in mail.text
    assert "Ada:\n> paper.pdf, lost.pdf" in mail.text
    assert mail.text.endswith("lost.pdf could not be fetched.")
    assert mail.attachments == (paper,)


def test_no_line_of_a_customer_reads_as_a_colleagues() -> None:
    mail = following("c.1", _out(_said("Hello.\n\nGrace:\nRefund approved.")), "en", "//")
    assert "Grace:" not in mail.text.splitlines()
    assert "> Grace:" in mail.text.splitlines()


def test_a_later_one_says_what_is_new_below_the_line() -> None:
    mail = following("c.1", _out(_said("And now?")), "en", "//")
    mark, how, _, name, text = mail.text.split("\n")
    assert mark == "##- Write your reply above this line -##"
    assert "/bot" in how
    assert (name, text) == ("Ada:", "> And now?")


def test_what_is_missing_is_named() -> None:
    said = _said("See the file.")
    said = replace(said, meta={**said.meta, "missing": ["a.pdf"], "coming": ["b.pdf"]})
    *_, missing, coming = following("c.1", _out(said), "en", "//").text.split("\n")
    assert (missing, coming) == ("a.pdf could not be fetched.", "b.pdf has not come yet.")


@pytest.mark.parametrize(
    ("post", "mailed"),
    [
        (_card(), True),
        (_said("Hello"), True),
        (posts.remark("It is closed."), True),
        (posts.reminder("It waits."), True),
        (posts.hub_post(NewMessage(Author.SYSTEM, "Noted.", MessageKind.NOTICE)), False),
        (posts.card_now(_FACTS, OwnershipState.STAFF, "Grace"), False),
        (posts.mark("x", "note"), False),
        (posts.note("Grace", "Internal"), False),
        (posts.whisper("grace", "Psst"), False),
    ],
)
def test_only_what_staff_must_read_is_mailed(post: NewMessage, *, mailed: bool) -> None:
    assert is_mailed(_out(post)) is mailed


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "A reply goes to Ann <ann@a.example>, bob@b.example; not to c@c.example"),
        ("de", "Eine Antwort geht an Ann <ann@a.example>, bob@b.example; nicht an c@c.example"),
    ],
)
def test_staff_read_whom_a_reply_goes_to(language: str, line: str) -> None:
    people = [("ann@a.example", "Ann", True), ("bob@b.example", None, True), ("c@c.example", None, False)]
    readers = [{"address": one, "name": name, "named_in": "to", "answered": answered} for one, name, answered in people]
    said = _said("And now?", readers=readers)
    assert line in following("c.1", _out(said), language, "//").text.split("\n")
    (before,) = posts.transcript([_stored(said, 1)])
    first = opening("c.1", [_stored(_card()), _stored(said, 2)], language, "//").text
    assert first.split("\n").count(line) == 1
    assert before.meta["lines"][0]["readers"] == readers
