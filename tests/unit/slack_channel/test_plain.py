"""What people write on Slack, as the agent reads it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.email.html import HtmlDialect
from channels.markdown.pieces import render
from channels.markdown.plain import PlainDialect
from channels.slack.emoji import character
from channels.slack.mrkdwn import MrkdwnDialect, escaped
from channels.slack.place import Place, message_key, time_of
from channels.slack.plain import addressed, markdown, mentions, plain
from channels.telegram.html import TelegramHtml
from core.domain.errors import InvalidInput
from tests.unit.slack_channel.fixture import NoNames
from tests.unit.slack_channel.test_parse import Known


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("&amp;lt;", "&lt;"),
        ("<https://example.com/a?b=1&amp;c=2>", "https://example.com/a?b=1&c=2"),
        ("<http://example.com|example.com>", "http://example.com"),
        ("<https://example.com/p|our prices>", "our prices (https://example.com/p)"),
        ("<mailto:a@example.com|a@example.com>", "a@example.com"),
        ("<tel:+4930123|030 123>", "030 123 (+4930123)"),
        ("ask <@U0BEN0001>", "ask @Ben"),
        ("ask <@U0OTHER01>", "ask @someone"),
        ("ask <@U0OTHER01|pat>", "ask @pat"),
        ("in <#C0SALE001|>", "in #sales"),
        ("in <#C0OTHER01|random>", "in #random"),
        ("in <#C0OTHER01>", "in #a-channel"),
        ("<!here> <!channel>", "@here @channel"),
        ("<!subteam^S0123|@support>", "@support"),
        ("<!date^1392734382^{date}|February 18th, 2014>", "February 18th, 2014"),
        ("<!date^1392734382^{date}>", ""),
        ("*bold* _it_ ~no~ `code`", "*bold* _it_ ~no~ `code`"),
        ("<>", "<>"),
    ],
)
def test_marks_are_resolved(text: str, read: str) -> None:
    assert plain(text, Known()) == read


PRICES = "https://example.com/p?a=1&amp;b=(2)"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (f"See <{PRICES}|our *new* [prices]>", r"See [our \*new\* \[prices\]](<https://example.com/p?a=1&b=(2)>)"),
        ("<mailto:a@example.com|write us>", "[write us](<mailto:a@example.com>)"),
        ("<https://example.com|example.com>", "https://example.com"),
        ("<https://a.example|https://b.example>", "[https://b.example](<https://a.example>)"),
        ("<slack://open|the app>", "the app (slack://open)"),
    ],
)
def test_what_staff_label_stays_labelled(text: str, written: str) -> None:
    assert plain(markdown(text), NoNames(), links=True) == written


@pytest.mark.parametrize(
    ("dialect", "shown"),
    [
        (MrkdwnDialect(), "<https://example.com/p?a=1&amp;b=(2)|our *new* prices>"),
        (TelegramHtml(), '<a href="https://example.com/p?a=1&amp;b=(2)">our *new* prices</a>'),
        (HtmlDialect(), '<p><a href="https://example.com/p?a=1&amp;b=(2)">our *new* prices</a></p>'),
        (PlainDialect(), "our *new* prices (https://example.com/p?a=1&b=(2))"),
    ],
)
def test_a_label_of_staff_reaches_each_channel(dialect: PlainDialect, shown: str) -> None:
    said = plain(markdown(f"<{PRICES}|our *new* prices>"), NoNames(), links=True)
    assert render(said, dialect, limit=1000) == [shown]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("<@U0BOT0001> hello", "hello"),
        ("hello <@U0BOT0001>", "hello"),
        ("is <@U0BOT0001|help> there?", "is there?"),
        ("<@U0BOT0001>", ""),
    ],
)
def test_the_apps_own_mention_goes(text: str, read: str) -> None:
    assert plain(text, NoNames(), own="U0BOT0001") == read


@given(st.text(max_size=200))
def test_what_slack_escapes_is_read_as_it_was_written(text: str) -> None:
    assert plain(escaped(text), NoNames()) == text.strip()


def test_who_and_what_is_named_is_looked_up() -> None:
    people, channels = mentions("<@U0BEN0001> and <@U0PAT0001|pat> in <#C0SALE001|sales> <https://example.com>")
    assert people == {"U0BEN0001", "U0PAT0001"}
    assert channels == {"C0SALE001"}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("+1", "👍"),
        ("thumbsup::skin-tone-6", "👍🏿"),
        ("fire", "🔥"),
        ("rocket", "🚀"),
        ("white_check_mark", "✅"),
        ("party_parrot", ":party_parrot:"),
        ("latin_small_letter_a", ":latin_small_letter_a:"),
        ("digit-one", ":digit-one:"),
    ],
)
def test_an_emoji_is_its_character_or_its_name(name: str, shown: str) -> None:
    assert character(name) == shown
    assert all(unicodedata.category(one) != "Cc" for one in shown)


@pytest.mark.parametrize("thread", ["T0A/C0B", "T0A/C0B/1767225600.000100", "T0A/D0B", "E0A/U0B"])
def test_a_place_survives_being_written(thread: str) -> None:
    assert str(Place.of(thread)) == thread


@pytest.mark.parametrize(
    "thread", ["", "nobody", "T0A", "T0A/", "t0a/C0B", "T0A/C0B/yesterday", "T0A/C0B/1.2/3", "T0A/../1.2"]
)
def test_what_is_no_place_is_refused(thread: str) -> None:
    with pytest.raises(InvalidInput):
        Place.of(thread)


@pytest.mark.parametrize("ts", ["1767225600", "nan", "1e9.0", "999999999999.000100", "1767225600.000100 ", "١.٢"])
def test_what_is_no_time_is_refused(ts: str) -> None:
    with pytest.raises(InvalidInput):
        time_of(ts)


def test_a_message_is_named_by_its_channel_and_time() -> None:
    assert message_key("default", "C0B", "1.2").provider_event_id == "m/C0B/1.2"


@pytest.mark.parametrize(
    ("slack", "said"),
    [
        ("*bold* and _italic_ and ~gone~", "**bold** and _italic_ and ~~gone~~"),
        ("Thanks :smile: :+1::skin-tone-3:", "Thanks 😄 👍🏼"),
        ("*see <https://x.example/~a~/*b*|this>*", "**see <https://x.example/~a~/*b*|this>**"),
        ("`*code* :smile:` and\n```*x* ~y~```", "`*code* :smile:` and\n```*x* ~y~```"),
        ("2 * 3 * 4, a*b*c, ~5 and ~6", "2 * 3 * 4, a*b*c, ~5 and ~6"),
        ("at 10:30:45, 1:100:2, :no_such_thing:", "at 10:30:45, 1:100:2, :no_such_thing:"),
        ("**twice** :smile::heart:", "**twice** 😄❤️"),
        ("* one\n* two", "* one\n* two"),
        ("", ""),
    ],
)
def test_slacks_marks_become_markdown(slack: str, said: str) -> None:
    assert markdown(slack) == said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<@U0BOT0001> hello", True),
        ("hello <@U0BOT0001|help> and <@U0BEN0001>", True),
        ("<@U0BEN0001> hello", False),
        ("<!subteam^S0123|@support> hello", False),
        ("<!here> hello", False),
        ("<!channel> hello", False),
        ("<!date^1392734382^{date}|today> in <#C0SALE001> <https://example.com>", None),
        ("hello @help", None),
        ("<^a> and <|a>", None),
        ("<|> <@> <!> <#> <^> <||> <@|> hello <@U0BOT0001>", True),
    ],
)
def test_a_message_may_say_whom_it_is_for(text: str, says: bool | None) -> None:
    assert addressed(text, "U0BOT0001") is says
    assert addressed(text, None) is None, "who we are, only Slack can say"


@pytest.mark.parametrize(
    ("text", "read"), [("<^a> b", "^a b"), ("<|a> b", "a b"), ("<|> b", "b"), ("<mailto:|Ada>", "Ada"), ("<!>", "")]
)
def test_a_mark_without_a_target_is_its_label(text: str, read: str) -> None:
    assert plain(text, NoNames()) == read
    mentions(text)
