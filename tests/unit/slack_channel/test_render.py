"""Markdown as Slack shows it, and messages as Slack takes them."""

from __future__ import annotations

import html
import re
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.slack.render import FILE, NOTHING, SECTION, mrkdwn, payloads
from channels.slack.words import words
from config.simulation.slack_rules import check_message
from core.domain.attachments import Attachment
from core.domain.choices import Choice, choices_meta
from core.domain.keys import ConversationKey
from core.domain.messages import Author, Citation, MessageKind, OutboundMessage

KEY = ConversationKey("slack", "default", "T0HOME001/D0ANNA001")
LANGUAGES = ["en", "de", "fr", "es", "ar"]


def message(text: str, **more: object) -> OutboundMessage:
    given: dict[str, object] = {"author": Author.AGENT, "kind": MessageKind.ANSWER, **more}
    return OutboundMessage(message_id="m1", conversation=KEY, text=text, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("**bold** and *italic* and ~~gone~~", "*bold* and _italic_ and ~gone~"),
        ("** bold**", "** bold**"),
        ("a `b < c` d", "a `b &lt; c` d"),
        ("``a`b``", "a`b"),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("<!channel> <@U123>", "&lt;!channel&gt; &lt;@U123&gt;"),
        ("[Prices](https://example.com/?a=1&b=2)", "<https://example.com/?a=1&amp;b=2|Prices>"),
        ("[a|b](https://example.com/a|b)", "<https://example.com/a%7Cb|a¦b>"),
        ("<https://example.com>", "<https://example.com>"),
        ("[mail](mailto:a@example.com)", "<mailto:a@example.com|mail>"),
        ("# Heading", "*Heading*"),
        ("# **Heading**", "*Heading*"),
        ("> quoted\n> more", "> quoted\n> more"),
        ("- one\n- two\n  1. deep", "• one\n• two\n  1. deep"),
        ("```python\nif a < b:\n    pass\n```", "```\nif a &lt; b:\n    pass\n```"),
        ("| a | b |\n|---|--:|\n| 1 | 22 |", "```\na   b\n-  --\n1  22\n```"),
    ],
)
def test_each_mark_becomes_slacks(markdown: str, shown: str) -> None:
    assert mrkdwn(markdown) == [shown]


@pytest.mark.parametrize(
    ("markdown", "told"),
    [
        ("**bold** and *italic* and `code`", "bold and italic and code"),
        ("[Prices](https://example.com/?a=1&b=2)", "Prices (https://example.com/?a=1&amp;b=2)"),
        ("# Heading", "Heading"),
        ("a < b & c", "a &lt; b &amp; c"),
        ("<!channel> <@U123>", "&lt;!channel&gt; &lt;@U123&gt;"),
    ],
)
def test_a_notification_has_no_marks(markdown: str, told: str) -> None:
    (payload,) = payloads(message(markdown), "en")
    assert payload.body["text"] == told
    (staff,) = payloads(message(markdown, author=Author.STAFF, author_name="Ben"), "en")
    assert staff.body["text"] == f"Ben: {told}"


def test_each_part_of_a_long_text_tells_its_own_words() -> None:
    text = "\n\n".join(f"**Part {number}** " + "word " * 200 for number in range(10))
    bodies = [one.body for one in payloads(message(text), "en")]
    assert len(bodies) > 2
    for body in bodies:
        assert body["text"] == body["blocks"][0]["text"]["text"].replace("*", "")


def test_a_wide_table_becomes_lines() -> None:
    wide = "x" * 60
    (shown,) = mrkdwn(f"| name | about |\n|---|---|\n| {wide} | {wide} |")
    assert shown == f"name: {wide}\nabout: {wide}"


def test_a_fence_in_code_does_not_end_it() -> None:
    (shown,) = mrkdwn("~~~\n```\ninside\n```\n~~~")
    assert shown.count("```") == 2


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=300))
def test_no_text_can_mention_anybody_or_break_out(text: str) -> None:
    for piece in mrkdwn(text):
        for control in re.findall(r"<[^>]*>?", piece):
            assert re.fullmatch(r"<(https?|mailto|tel):[^<>]*>", control, re.IGNORECASE)
        assert not re.search(r"&(?!amp;|lt;|gt;)", piece)


@given(
    st.lists(
        st.sampled_from(["word ", "**bold** ", "`a<b` ", "[l](https://e.com/x) ", "\n\n- item\n", "👩‍👩‍👧‍👦", "&"]),
        max_size=1500,
    )
)
def test_every_message_is_one_that_slack_takes(parts: list[str]) -> None:
    citation = Citation("p", "T" * 500, "c", "s", 0.9, section="S" * 500, url="https://e.com/" + "u" * 900)
    for payload in payloads(message("".join(parts), citations=(citation,) * 9), "en"):
        check_message(payload.body["text"], payload.body["blocks"])
        sections = [block["text"]["text"] for block in payload.body["blocks"] if block["type"] == "section"]
        assert all(len(text) <= SECTION for text in sections)


def test_sources_are_those_that_the_answer_refers_to() -> None:
    citations = tuple(Citation(f"p{n}", f"Title {n} <x>", "c", f"{n}.md", 0.9) for n in range(1, 4))
    (payload,) = payloads(message("Yes [2].", citations=citations, locale="es"), "en")
    assert payload.body["blocks"][1]["elements"][0]["text"] == "*Fuentes*\n[2] Title 2 &lt;x&gt;"


@pytest.mark.parametrize(
    ("kind", "blocks"),
    [
        (MessageKind.ANSWER, ["section", "context_actions", "actions"]),
        (MessageKind.UNKNOWN, ["section", "context_actions", "actions"]),
        (MessageKind.FAILURE, ["section", "actions"]),
        (MessageKind.SMALL_TALK, ["section"]),
        (MessageKind.NOTICE, ["section"]),
    ],
)
def test_buttons_stand_under_what_they_are_about(kind: MessageKind, blocks: list[str]) -> None:
    (payload,) = payloads(message("Text", kind=kind), "en")
    assert [block["type"] for block in payload.body["blocks"]] == blocks


def test_only_the_first_part_takes_the_streams_place_and_only_the_last_has_buttons() -> None:
    first, *_, last = payloads(message("word " * 2000, turn_id="t1"), "en")
    assert first.body["first"]
    assert "first" not in last.body
    assert [block["type"] for block in first.body["blocks"]] == ["section"]
    assert last.body["blocks"][-1]["type"] == "actions"


def test_a_file_alone_needs_no_text_and_carries_what_opens_it() -> None:
    file = Attachment("f1", "a.pdf", "application/pdf", 5, "ab", "k/1", text="x" * 9999)
    (payload,) = payloads(message("", attachments=(file,)), "de")
    assert payload.body == {
        "method": FILE,
        "label": "Ihre Datei",
        "attachment": {
            "id": "f1",
            "name": "a.pdf",
            "media_type": "application/pdf",
            "size": 5,
            "sha256": "ab",
            "storage_key": "k/1",
        },
    }


def test_nothing_at_all_is_still_a_message() -> None:
    (payload,) = payloads(message("", kind=MessageKind.NOTICE), "en")
    check_message(payload.body["text"], payload.body["blocks"])
    assert payload.body["text"] == NOTHING


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_word_and_fits_a_button(language: str) -> None:
    said = words(language)
    for name in (one.name for one in fields(said)):
        assert getattr(said, name)
    assert max(map(len, (said.person, said.helpful, said.unhelpful))) <= 75
    if language != "en":
        assert said != words("en")


@pytest.mark.parametrize(("locale", "like"), [("de-AT", "de"), ("ar_EG", "ar"), (None, "fr"), ("xx", "fr")])
def test_a_region_is_its_language_and_an_unknown_one_the_default(locale: str | None, like: str) -> None:
    assert words(locale, "fr") == words(like)


def test_escaping_is_undone_by_readers() -> None:
    assert html.unescape(mrkdwn("a < b & c > d")[0]) == "a < b & c > d"


def test_what_is_asked_back_can_be_pressed_and_is_not_rated() -> None:
    choices = tuple(Choice(label, label, label, "What?") for label in ("Refunds", "R" * 72))
    asked = message("Which one?", kind=MessageKind.ANSWER, meta=choices_meta(choices))
    (payload,) = payloads(asked, "en")
    check_message(payload.body["text"], payload.body["blocks"])
    actions = [block for block in payload.body["blocks"] if block["type"] == "actions"]
    assert [one["text"]["text"] for one in actions[0]["elements"]] == ["Refunds", "R" * 72]
    assert len({one["action_id"] for one in actions[0]["elements"]}) == 2
    assert not any(block["type"] == "context_actions" for block in payload.body["blocks"])
