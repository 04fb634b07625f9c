"""Whatever a customer writes, wherever staff see it: it is text, and no link, mention, emoji, mark or line of the hub's."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.simulation.slack_rules import check_message
from config.simulation.slack_views import check_modal
from core.domain.attachments import Attachment
from core.domain.gaps import GapCluster
from core.domain.keys import ConversationKey
from core.domain.messages import Author, Message, MessageKind, OutboundMessage
from core.domain.ticket import Ticket, TicketPriority, TicketStatus
from core.ports.case_files import PastCase, PastConversation
from core.ports.outcomes import NewMessage
from handoff import posts
from handoff.learning.gaps_post import gaps_post
from handoff.slack import forms
from handoff.slack.posts import bodies
from handoff.texts import say
from tests.property.slack_marks import lines_in, marks_in, marks_of, read_in

AT = datetime(2026, 11, 21, 9, tzinfo=UTC)
FEED = ConversationKey("desk", "default", "c.1")
TRICKS = (
    "<!channel>",
    "<!here|here>",
    "@here @channel @everyone",
    "<@U0GRACE>",
    "<!subteam^S0NCALL>",
    "<#C0STAFF01|general>",
    "<https://evil.example|https://bank.example>",
    "[https://bank.example](https://evil.example)",
    "![logo](https://evil.example/pixel.png)",
    "<mailto:evil@evil.example|boss@bank.example>",
    "javascript:alert(1) data:text/html,x slack://user?id=U1",
    "https://evil.example/a_b_c?x=*1*&y=<2>",
    "*Case closed by Anna*",
    "_Grace has resolved this case._",
    "~not paid~ `code` ```block```",
    ":white_check_mark: Resolved :lock:",
    "> *Grace* wrote:\n> pay at once",
    ">>> quoted to the end",
    "hello\n*Grace* :lock: _note_\nRefund him at once",
    "hello\r\nHub: verified\x0bHub: verified\u2028Hub: verified\x85x",
    "\u202egnp.exe\u202c \u2066x\u2069 \u200fy \u061cz",
    "pay\u200bpal\u2060 \ufeff\u00ad \u3164",
    "<!date^1^{date}^https://evil.example|x>",
    "\u200b",
    "![x](https://evil.example/pixel.png)",
    "&lt;!channel&gt; &amp;lt;@U1&amp;gt;",
    "{name} {files} {0} %s \ue000name\ue001",
    "\ud800 \x00 \x1b[31m",
)
HOSTILE = st.one_of(
    st.sampled_from(TRICKS),
    st.lists(
        st.one_of(st.sampled_from(TRICKS), st.sampled_from(list("*_~`<>|:@#!&\n \t\u202e\u200b[]()x"))), max_size=12
    ).map("".join),
    st.text(max_size=60),
)
HARMLESS = "harmless"


def shown(post: NewMessage, language: str = "en") -> list[Any]:
    """The calls that show it."""
    out = OutboundMessage("m", FEED, post.author, post.text, post.kind, author_name=post.author_name, meta=post.meta)
    return bodies(out, language)


def a_card(text: str) -> list[Any]:
    facts = {
        **dict.fromkeys(
            ("customer", "email", "phone", "language", "reason", "mood", "team", "category", "ticket"), text
        ),
        "case": "c.1",
        "number": 2,
        "verified": False,
        "channel": "web",
        "state": "queued",
        "owner": text,
        "urgency": "high",
        "opened_at": AT.timestamp(),
        "earlier": {"case": "c.0", "number": 1},
        "summary": [{"kind": kind, "text": text, "place": 1} for kind in ("asked", "tried", "last")],
        "suggestion": {"text": text, "sources": [text, text]},
    }
    old = {name: value for name, value in facts.items() if name != "summary"} | {"last": text, "state": "staff"}
    now = NewMessage(Author.SYSTEM, f"{text}: {text}", MessageKind.NOTICE, meta={"post": "card", "facts": facts})
    return [*shown(now), *shown(replace(now, meta={"post": "card_now", "facts": old}))]


def said(text: str, **meta: Any) -> Message:
    files = (Attachment("a", text, "text/plain", 1, "0", ""),)
    name = meta.pop("name", text)
    return Message("m", "c", 1, Author.CUSTOMER, text, AT, author_name=name, attachments=files, meta=meta, sent_at=AT)


def a_message(text: str) -> list[Any]:
    here = said(text, caution=text, for_record=True)
    refs = replace(here, attachments=(), meta={"attachment_refs": [{"name": text}]})
    return [*shown(posts.customer_post(here)), *shown(posts.customer_post(refs))]


def a_change(text: str) -> list[Any]:
    kinds = ("edited", "deleted", "reacted")
    made = NewMessage(Author.CUSTOMER, text, MessageKind.NOTICE, author_name=text)
    metas = [{"post": kind, "copy": None, "emoji": text, "present": True} for kind in kinds]
    return [body for meta in metas for body in shown(replace(made, meta=meta))]


def a_transcript(text: str) -> list[Any]:
    agents = replace(said(HARMLESS), author=Author.AGENT, author_name=None, attachments=())
    told = [*posts.transcript([said(text), agents, said(text)]), *posts.files([said(text)])]
    return [body for post in told for body in shown(post)]


def a_translation(text: str) -> list[Any]:
    meta = {"post": "said", "original": text, "below": text}
    return shown(NewMessage(Author.CUSTOMER, text, MessageKind.NOTICE, author_name=text, meta=meta))


def a_comment(text: str) -> list[Any]:
    return shown(posts.remark(say("staff_commented", "en", comment=" ".join(text.split()))))


def gaps(text: str) -> list[Any]:
    cluster = GapCluster("1", 2, text, AT, AT, ("en",))
    return shown(gaps_post([cluster], "en"))


def a_proposal(text: str) -> list[Any]:
    meta = {"post": "proposal", "origin": HARMLESS, "question": text, "answer": HARMLESS, "case": "c.1"}
    return shown(NewMessage(Author.SYSTEM, text, MessageKind.NOTICE, meta=meta))


def a_history(text: str) -> list[Any]:
    case = PastCase(1, text, AT, AT, "TKT-1", "resolved", 5, text)
    ticket = Ticket("TKT-2", "ada", "c1", text, TicketStatus.OPEN, TicketPriority.NORMAL, AT, AT)
    past = [PastConversation("c1", ConversationKey("web", "main", "c1"), AT, text, 3, (case,), (ticket,))]
    carried = {"case": "c.1", "thread": "T1/C1/1.1"}
    view = forms.history(carried, "en", past, "c1", page=0, more=False, proof="card_unverified")
    return [dict(view), dict(forms.reply(carried, "en", text, [], claims=True, sources=[text]))]


PLACES: Sequence[Callable[[str], list[Any]]] = (
    a_card,
    a_message,
    a_change,
    a_transcript,
    a_translation,
    a_comment,
    gaps,
    a_proposal,
    a_history,
)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
@given(text=HOSTILE)
def test_what_a_customer_wrote_is_only_text(place: Callable[[str], list[Any]], text: str) -> None:
    payloads, harmless = place(text), place(HARMLESS)
    assert _kinds(marks_in(payloads)) <= _kinds(marks_in(harmless))
    for payload in payloads:
        read = read_in({name: value for name, value in payload.items() if name != "text"})
        assert not [one for one in read if one != "\n" and one not in "\u200c\u200d" and _unseen(one)], "nothing hides"
        if "do" in payload:
            check_message(payload["text"], payload["blocks"])
            assert "\n" not in payload["text"]
        else:
            check_modal(payload)


@pytest.mark.parametrize("place", [a_card, a_comment, gaps, a_proposal], ids=lambda place: place.__name__)
@given(text=HOSTILE)
def test_no_line_of_theirs_stands_among_the_hubs(place: Callable[[str], list[Any]], text: str) -> None:
    if " ".join(text.split()).strip() and read_in(place(text)).strip():
        assert max(lines_in(place(text))) <= max(lines_in(place(HARMLESS)))


def test_an_address_is_read_as_it_was_written() -> None:
    address = "https://evil.example/a_b_c?x=*1*&y=<2>&z=_3_"
    assert address in read_in([one["blocks"] for one in a_message(address)])


def test_of_the_agents_links_nothing_hides_where_they_lead() -> None:
    text = "Pay at [https://bank.example](https://evil.example/x) or [here](https://evil.example)"
    agents = posts.hub_post(NewMessage(Author.AGENT, text, MessageKind.ANSWER))
    links = [one for kind, one in marks_in([body["blocks"] for body in shown(agents)]) if kind == "angle"]
    assert links == ["https://evil.example/x", "https://evil.example"]


@pytest.mark.parametrize("mrkdwn", ["<!here>", "*a*", "_a_", "~a~", "`a`", "&gt; a", ":x:", "<https://a|b>"])
def test_the_interpreter_sees_marks(mrkdwn: str) -> None:
    assert marks_of(f"{mrkdwn} b")


def _kinds(marks: list[tuple[str, str]]) -> set[tuple[str, str]]:
    return set(marks)


def _unseen(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Co", "Cs")
