"""What customers see: HTML that Telegram reads without a complaint, in pieces that it takes."""

from __future__ import annotations

from typing import Any

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from channels.markdown.parse import parse
from channels.markdown.tree import Table
from channels.telegram import render
from channels.telegram.entities import units
from channels.telegram.html import plain_of
from config.simulation.telegram_api import check_call
from config.simulation.telegram_html import read_html
from core.domain.attachments import Attachment
from core.domain.choices import Choice, choices_meta
from core.domain.keys import ConversationKey
from core.domain.messages import Author, Citation, MessageKind, OutboundMessage

CHAT = ConversationKey("telegram", "123456789", "4711")


def message(text: str, **more: Any) -> OutboundMessage:
    """From the agent, to one customer."""
    fields: dict[str, Any] = {"author": Author.AGENT, "kind": MessageKind.ANSWER, "conversation": CHAT} | more
    return OutboundMessage(message_id="m1", text=text, **fields)


def written(text: str, **more: Any) -> str:
    """The HTML of a message of one piece."""
    (payload,) = render.payloads(message(text, **more))
    return str(payload.body["params"]["text"])


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("Hello", "Hello"),
        ("1 < 2 & 3 > 2", "1 &lt; 2 &amp; 3 &gt; 2"),
        ("**bold** and *italic* and ~~gone~~", "<b>bold</b> and <i>italic</i> and <s>gone</s>"),
        ("***both***", "<i><b>both</b></i>"),
        ("`a<b`", "<code>a&lt;b</code>"),
        ("**see `x` now**", "<b>see </b><code>x</code><b> now</b>"),
        ("# Head **line**", "<b>Head line</b>"),
        ("[text](https://a.example/?x=1&y=2)", '<a href="https://a.example/?x=1&amp;y=2">text</a>'),
        ("[write us](mailto:help@acme.example)", "write us (help@acme.example)"),
        ("[`code`](https://a.example)", '<a href="https://a.example">code</a>'),
        ("> said", "<blockquote>said</blockquote>"),
        ("> one\n>> two", "<blockquote>one\n\ntwo</blockquote>"),
        ("```python\nx = 1 < 2\n```", '<pre><code class="language-python">x = 1 &lt; 2</code></pre>'),
        ("```\nplain\n```", "<pre>plain</pre>"),
        ("- one\n- two", "• one\n• two"),
        ("1. one\n2. two", "1. one\n2. two"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("| a | b |\n|---|--:|\n| 1 | 22 |", "<pre>a   b\n-  --\n1  22</pre>"),
        ("| a | b |\n|---|---|\n| [x](https://a.example) | 2 |", 'a: <a href="https://a.example">x</a>\nb: 2'),
    ],
)
def test_marks_become_telegrams_own(markdown: str, html: str) -> None:
    assert written(markdown) == html
    read_html(written(markdown))


MARKS = st.lists(
    st.sampled_from(
        ["**", "*", "_", "~~", "`", "```\n", "> ", ">> ", "- ", "1. ", "# ", "\n", "\n\n", "[", "](https://a.example/)", "|",
         "|---|---|\n", "<b>", "</b>", "&amp;", "&", "<", ">", '"', "a", "word ", "👩‍👩‍👧‍👦", "ش", "\\", "    "]
    ),
    max_size=60,
).map("".join)  # fmt: skip


@given(text=st.one_of(MARKS, st.text(max_size=300)))
@example("> a\n> ```\n> code\n> ```\n> - **b `c`**")
@example("**[a `b`](https://x.example) c**")
@example("- > - ```\n      x\n      ```")
def test_whatever_was_written_parses_and_shows_every_character(text: str) -> None:
    shown = ""
    for payload in render.payloads(message(text)):
        check_call(payload.body["method"], payload.body["params"])
        piece, _ = read_html(payload.body["params"]["text"])
        assert piece == plain_of(payload.body["params"]["text"])
        shown += piece
    for word in regex.findall(r"\w+", _visible(text)):
        assert word in shown


@settings(max_examples=20)
@given(text=MARKS, times=st.integers(50, 300))
def test_long_texts_parse_in_every_piece_and_fit(text: str, times: int) -> None:
    payloads = render.payloads(message(text * times, citations=(_source(1), _source(2))))
    for payload in payloads:
        piece, _ = read_html(payload.body["params"]["text"])
        assert 0 < units(piece) <= 4096


def test_the_limit_counts_utf16_units_not_characters() -> None:
    pieces = render.payloads(message("👍" * 2000))
    assert len(pieces) == 2
    assert sum(plain_of(piece.body["params"]["text"]).count("👍") for piece in pieces) == 2000


def test_marks_do_not_count() -> None:
    text = " ".join(["[a](https://acme.example/a/very/long/address/that/nobody/sees)"] * 1000)
    assert len(render.payloads(message(text))) == 1


def test_sources_are_footnotes_with_links() -> None:
    html = written("Nine to five [1].", citations=(_source(1),), locale="de")
    assert "<b>Quellen</b>" in html
    assert '<a href="https://acme.example/1">Title 1</a>' in html


def test_staff_sign_with_their_name() -> None:
    html = written("I am looking into it.", author=Author.STAFF, author_name="Ann <Ops>", kind=MessageKind.NOTICE)
    assert html == "<b>Ann &lt;Ops&gt;</b>\n\nI am looking into it."


@pytest.mark.parametrize(
    ("locale", "label"), [("ar", "التحدث إلى شخص"), ("fr-CA", "Parler à une personne"), ("ja", "Talk to a person")]
)
def test_a_person_is_offered_below_the_last_piece(locale: str, label: str) -> None:
    said = message("I do not know. " * 600, kind=MessageKind.UNKNOWN, meta={"offers_person": True}, locale=locale)
    first, *_, last = [payload.body["params"] for payload in render.payloads(said)]
    assert "reply_markup" not in first
    ((button,),) = last["reply_markup"]["inline_keyboard"]
    assert button == {"text": label, "callback_data": "person"}


def test_no_person_is_offered_below_an_answer() -> None:
    (payload,) = render.payloads(message("Nine to five."))
    assert "reply_markup" not in payload.body["params"]


def test_a_topic_is_named_in_every_call() -> None:
    topic = ConversationKey("telegram", "123456789", "-1001/7")
    bodies = [
        one.body
        for one in render.payloads(message("Hi", conversation=topic, attachments=(_file("a.pdf", "application/pdf"),)))
    ]
    assert [(body["params"]["chat_id"], body["params"]["message_thread_id"]) for body in bodies] == [(-1001, 7)] * 2


@pytest.mark.parametrize("thread", ["nobody", "--5", "", "5/x", "٣", "9" * 30])
def test_a_thread_that_is_none_of_telegrams_is_for_telegram_to_refuse(thread: str) -> None:
    where = render.place(ConversationKey("telegram", "123456789", thread))
    assert where == {"chat_id": 5 if thread == "5/x" else thread}


@pytest.mark.parametrize(
    ("media_type", "size", "method"),
    [
        ("image/jpeg", 5, "sendPhoto"),
        ("image/png", 10 * 1024 * 1024, "sendPhoto"),
        ("image/png", 10 * 1024 * 1024 + 1, "sendDocument"),
        ("image/gif", 5, "sendDocument"),
        ("video/mp4", 5, "sendVideo"),
        ("video/quicktime", 5, "sendDocument"),
        ("audio/mpeg", 5, "sendAudio"),
        ("audio/mp4", 5, "sendAudio"),
        ("audio/ogg", 5, "sendVoice"),
        ("audio/wav", 5, "sendDocument"),
        ("application/pdf", 5, "sendDocument"),
    ],
)
def test_pictures_go_as_pictures_and_the_rest_as_documents(media_type: str, size: int, method: str) -> None:
    file = _file("f", media_type, size)
    text, sent = render.payloads(message("See:", attachments=(file,)))
    assert text.body["method"] == "sendMessage"
    assert sent.body["method"] == method
    assert Attachment(**sent.body["file"]) == file


def test_a_file_alone_needs_no_text() -> None:
    (payload,) = render.payloads(message("", attachments=(_file("a.pdf", "application/pdf"),)))
    assert payload.body["method"] == "sendDocument"


def test_nothing_at_all_is_still_something_that_telegram_takes() -> None:
    assert written("") == "…"


def _visible(text: str) -> str:
    """The words that a reader should find, whatever marks are around them."""
    found: list[str] = []

    def walk(nodes: Any) -> None:
        for node in nodes:
            if isinstance(node, Table):
                continue  # the head of a column without any field is left out
            if hasattr(node, "text"):
                found.append(node.text)
            walk(getattr(node, "children", ()))

    walk(parse(text))
    return " ".join(found)


def _source(number: int) -> Citation:
    return Citation(f"p{number}", f"Title {number}", "content", "faq.json", 0.9, url=f"https://acme.example/{number}")


def _file(name: str, media_type: str, size: int = 5) -> Attachment:
    return Attachment("a1", name, media_type, size, "0" * 64, f"key/{name}")


def test_what_is_asked_back_can_be_pressed() -> None:
    choices = tuple(Choice(label, label, label, "What?") for label in ("Refunds", "R" * 72))
    said = message("Which one?\n\n1. Refunds\n2. …", meta=choices_meta(choices))
    (payload,) = render.payloads(said)
    assert payload.body["params"]["reply_markup"]["inline_keyboard"] == [
        [{"text": "Refunds", "callback_data": "choice/1"}],
        [{"text": "R" * 72, "callback_data": "choice/2"}],
    ]
