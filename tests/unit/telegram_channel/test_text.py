"""Texts as Telegram counts and marks them, and who is meant in a group."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import Message, MessageEntity

from channels.telegram.addressing import Bot, Command, addressed, command_of, is_for, without_mention
from channels.telegram.entities import Marked, units
from channels.telegram.html import TelegramHtml
from channels.telegram.words import COMMANDS, FILE_LINK, FILE_LOST, HEARD, TALK, TOO_LATE, say
from config.simulation.telegram_html import BadMarks, read_html

BOT = Bot(123456789, "acme_help_bot")
LANGUAGES = {"en", "de", "fr", "es", "ar"}


@given(text=st.text(max_size=50))
def test_units_are_what_utf16_has(text: str) -> None:
    assert units(text) == len(text.encode("utf-16-le", "surrogatepass")) // 2


@given(before=st.text(max_size=10), word=st.text(min_size=1, max_size=10), after=st.text(max_size=10))
def test_an_entity_marks_the_same_words_that_telegram_meant(before: str, word: str, after: str) -> None:
    entity = MessageEntity("mention", units(before), units(word))
    ((_, marked),) = Marked(before + word + after, [entity]).stretches("mention")
    assert marked == word


@given(before=st.text(max_size=10), word=st.text(min_size=1, max_size=10), after=st.text(max_size=10))
def test_a_hidden_address_stands_behind_its_words(before: str, word: str, after: str) -> None:
    url = "https://acme.example/hidden"
    entity = MessageEntity("text_link", units(before), units(word), url)
    assert Marked(before + word + after, [entity]).readable() == f"{before}{word} ({url}){after}"


def test_an_address_that_is_shown_is_not_repeated() -> None:
    entity = MessageEntity("text_link", 0, 20, "https://acme.example")
    assert Marked("https://acme.example", [entity]).readable() == "https://acme.example"


@pytest.mark.parametrize(
    ("text", "length", "read"),
    [
        ("https://bank.example", 20, "https://bank.example (https://evil.example)"),
        ("Bank or https://evil.example", 4, "Bank (https://evil.example) or https://evil.example"),
        ("evil.example", 12, "evil.example (https://evil.example)"),
    ],
)
def test_words_never_hide_where_they_lead(text: str, length: int, read: str) -> None:
    assert Marked(text, [MessageEntity("text_link", 0, length, "https://evil.example")]).readable() == read


@given(offset=st.integers(-5, 99), length=st.integers(-5, 99))
def test_an_entity_that_points_anywhere_breaks_nothing(offset: int, length: int) -> None:
    entity = MessageEntity("text_link", offset, length, "https://a.example")
    assert "Hello" in Marked("Hello", [entity]).readable().replace(" (https://a.example)", "")


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/start", Command("start", "")),
        ("/START", Command("start", "")),
        ("/start order-4711", Command("start", "order-4711")),
        ("/human@acme_help_bot my parcel\nis late", Command("human", "my parcel\nis late")),
        ("/Human@ACME_help_bot", Command("human", "")),
        ("/help@weather_bot", None),
        ("/weather", None),
        ("help", None),
        ("see /help", None),
        ("/start_now", None),
    ],
)
def test_commands(text: str, command: Command | None) -> None:
    assert command_of(text, BOT) == command


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("@acme_help_bot when?", "when?"),
        ("@Acme_Help_Bot: when?", "when?"),
        ("when? @acme_help_bot", "when?"),
        ("is @acme_help_bot there?", "is @acme_help_bot there?"),
        ("@acme_help_bots are two", "@acme_help_bots are two"),
        ("@acme_help_bot", "@acme_help_bot"),
        ("mail me@acme_help_bot.example now", "mail me@acme_help_bot.example now"),
    ],
)
def test_a_form_of_address_is_no_part_of_the_text(text: str, meant: str) -> None:
    assert without_mention(text, BOT) == meant


def _group(text: str, **more: Any) -> Message:
    return Message.de_json({"message_id": 1, "date": 1, "chat": {"id": -1, "type": "group"}, "text": text, **more})


def _answering(author: int, **more: Any) -> Message:
    user = {"id": author, "is_bot": False, "first_name": "Somebody"}
    answered = {"message_id": 2, "date": 1, "chat": {"id": -1, "type": "group"}, "from": user, **more}
    return _group("yes", reply_to_message=answered)


@pytest.mark.parametrize(
    ("message", "ours"),
    [
        (_group("Lunch?"), False),
        (_group("@acme_help_bot hi", entities=[{"type": "mention", "offset": 0, "length": 14}]), True),
        (_group("@ACME_HELP_BOT hi", entities=[{"type": "mention", "offset": 0, "length": 14}]), True),
        (_group("@weather_bot hi", entities=[{"type": "mention", "offset": 0, "length": 12}]), False),
        (
            _group(
                "Acme hi",
                entities=[
                    {
                        "type": "text_mention",
                        "offset": 0,
                        "length": 4,
                        "user": {"id": 123456789, "is_bot": True, "first_name": "Acme"},
                    }
                ],
            ),
            True,
        ),
        (
            _group(
                "Acme hi",
                entities=[
                    {
                        "type": "text_mention",
                        "offset": 0,
                        "length": 4,
                        "user": {"id": 5, "is_bot": False, "first_name": "Ada"},
                    }
                ],
            ),
            False,
        ),
        (_group("/order@acme_help_bot 5", entities=[{"type": "bot_command", "offset": 0, "length": 20}]), True),
        (_answering(123456789), True),
        (_answering(5), False),
        (_answering(123456789, forum_topic_created={"name": "Parcels", "icon_color": 1}), False),
    ],
)
def test_who_is_meant_in_a_group(message: Message, ours: bool) -> None:
    assert is_for(BOT, message, Marked(message.text or "", message.entities), ()) is ours


_TO_US = {"type": "mention", "offset": 9, "length": 14}
_TO_BEN = {"type": "text_mention", "offset": 0, "length": 3, "user": {"id": 5, "is_bot": False, "first_name": "Ben"}}
_ANSWER = {
    "message_id": 2,
    "date": 1,
    "chat": {"id": -1, "type": "group"},
    "from": {"id": 123456789, "is_bot": True, "first_name": "Help"},
}


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (_group("@acme_help_bot hi", entities=[{"type": "mention", "offset": 0, "length": 14}]), True),
        (_group("/human@acme_help_bot", entities=[{"type": "bot_command", "offset": 0, "length": 20}]), True),
        (_answering(123456789), True),
        (
            _group("@ben look", entities=[{"type": "mention", "offset": 0, "length": 4}], reply_to_message=_ANSWER),
            False,
        ),
        (_group("Ben look", entities=[_TO_BEN], reply_to_message=_ANSWER), False),
        (_group("Ben look @acme_help_bot", entities=[_TO_BEN, _TO_US], reply_to_message=_ANSWER), True),
        (_group("a further picture"), None),
    ],
)
def test_an_answer_to_the_bot_may_be_for_somebody_else(message: Message, says: bool | None) -> None:
    assert addressed(BOT, message, Marked(message.text or "", message.entities)) is says


def test_before_the_bot_knows_its_name_no_mention_is_its_own() -> None:
    message = _group("@acme_help_bot hi", entities=[{"type": "mention", "offset": 0, "length": 14}])
    assert not is_for(Bot(123456789), message, Marked(message.text or "", message.entities), ())


@pytest.mark.parametrize("words", [TALK, HEARD, TOO_LATE, FILE_LINK, FILE_LOST, COMMANDS], ids=range(6))
def test_everything_is_said_in_five_languages(words: dict[str, Any]) -> None:
    assert set(words) == LANGUAGES
    assert all(words.values())


def test_notices_are_as_short_as_telegram_wants_them() -> None:
    assert all(units(text) <= 200 for text in (*TOO_LATE.values(), *HEARD.values()))
    assert all(units(text) <= 64 for text in TALK.values())


@pytest.mark.parametrize(
    ("locale", "language"), [("de-AT", "de"), ("AR", "ar"), ("es_MX", "es"), ("ja", "en"), (None, "en"), ("", "en")]
)
def test_a_language_is_found_by_its_tag(locale: str | None, language: str) -> None:
    assert say(TALK, locale) == TALK[language]


@pytest.mark.parametrize(
    "written",
    [
        "a < b",
        "a & b",
        "<b>open",
        "</b>",
        "<b><i>x</b></i>",
        "<p>x</p>",
        "<code><b>x</b></code>",
        "<b><code>x</code></b>",
        '<a href="javascript:x">x</a>',
        "<blockquote><blockquote>x</blockquote></blockquote>",
    ],
)
def test_the_fake_refuses_what_is_badly_marked(written: str) -> None:
    with pytest.raises(BadMarks, match="can't parse entities"):
        read_html(written)


def test_the_fake_reads_what_is_well_marked() -> None:
    assert read_html('👍 <b>x &amp; <i>y</i></b> <a href="https://a.example/?x&amp;y">z</a>') == (
        "👍 x & y z",
        [
            {"type": "italic", "offset": 7, "length": 1},
            {"type": "bold", "offset": 3, "length": 5},
            {"type": "text_link", "offset": 9, "length": 1, "url": "https://a.example/?x&y"},
        ],
    )


@given(text=st.text(alphabet="<>&\"'/ab ;#x1", max_size=40), language=st.text(max_size=12))
def test_code_of_any_kind_parses(text: str, language: str) -> None:
    dialect = TelegramHtml()
    for written in (dialect.code(text), dialect.code_block(text, language), dialect.text(text)):
        assert read_html(written)[0] == text
