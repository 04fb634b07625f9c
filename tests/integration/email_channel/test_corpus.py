"""Real e-mails from many mail programs: all parse, and what their writers said last is found.

The answers are what each corpus' own project expects, in short: how the text begins, how it ends, what is not in it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from channels.email.html_text import html_to_text
from channels.email.mime import content, opened
from channels.email.parse import Reader
from channels.email.reply_text import reply_text
from channels.email.settings import EmailSettings
from channels.email.tokens import Tokens
from core.domain.errors import InvalidInput
from core.domain.messages import MessageReceived, RawEvent
from tests.corpus import corpus_files

_SETTINGS = EmailSettings("support@example.com", "imap://u:p@h", "smtp://h", ("k" * 32,))
_READER = Reader(_SETTINGS, Tokens(_SETTINGS.secret_keys, _SETTINGS.account))
_ENVELOPE = {"folder": "INBOX", "validity": "1", "uid": "1", "thread": "t", "joined": "1"}
_AIM = 0.95


@dataclass(frozen=True)
class Known:
    """``whole``: begins and ends mark all of it, and it has so many lines with text."""

    begins: str
    ends: str
    lines: int
    without: tuple[str, ...] = ()


_ONE = {"Here is another email": ("email_BlackBerry", "email_iPhone", "email_multi_word_sent_from_my_mobile_device")}
_PLAIN = {
    "correct_sig": Known("this is an email", "-- signature.", 1),
    "email_1_1": Known("Hi folks", "Java HTTP API.", 4, ("mailing list", "Kona")),
    "email_1_2": Known("Hi,", 'delete them all individually."', 18, ("Hi folks", "mailing list", "On Tue")),
    "email_1_3": Known("Oh thanks.", "would be great.", 2),
    "email_1_4": Known("Awesome!", "problem with it.", 1),
    "email_1_5": Known("One: Here's", "for a while.", 12),
    "email_1_6": Known("I get proper", "torch of pixels", 2),
    "email_1_7": Known(":+1:", ":+1:", 1),
    "email_1_8": Known("I will reply", "under this.", 2, ("signature", "Tim")),
    "email_2_1": Known("Outlook with a reply", "Outlook with a reply", 1),
    "email_2_2": Known("Outlook with a reply", "directly above line", 1),
    "email_2_3": Known("Outlook with a reply", "directly above line", 1),
    "email_bullets": Known("test 2 this", "- and another", 5, ("Joe",)),
    "email_one_is_not_on": Known("Thank, this", "when I run...", 3),
    "email_sent_from_my_not_signature": Known("Here is another", "my mobile phone.", 2),
    "email_sig_delimiter_in_middle_of_line": Known("Hi there!", "kthxbai", 4),
    "greedy_on": Known("On your remote", "is not working.", 4),
    "pathological": Known("I think you're", "to a computer.", 2),
} | {name: Known(text, text, 1) for text, names in _ONE.items() for name in names}
_HELLO = ("android", "aol", "apple_mail", "apple_mail_2", "comcast", "gmail", "hotmail", "iphone", "outlook")
_MAILS = {name: Known("Hello", "Hello", 1) for name in (*_HELLO, "sparrow", "thunderbird", "yahoo")} | {
    "reply-quotations-share-block": Known("Hi Katharine.", "Joe " + "X" * 3, 2)
}
_PAGE = Known("Hi. I am fine.", "Alex", 3, ("Sasha", "How are you"))


def _is_right(text: str, known: Known) -> bool:
    lines = [line for line in text.split("\n") if line.strip()]
    whole = text.startswith(known.begins) and text.endswith(known.ends) and len(lines) == known.lines
    return whole and not any(part in text for part in known.without)


def test_the_reply_is_found() -> None:
    found: dict[str, bool] = {}
    for path in corpus_files("email/email_reply_parser", "*.txt"):
        if path.stem in _PLAIN:
            found[path.name] = _is_right(reply_text(path.read_text()), _PLAIN[path.stem])
    for path in corpus_files("email/talon", "*.eml"):
        found[path.name] = _is_right(reply_text(content(opened(path.read_bytes())).text), _MAILS[path.stem])
    for path in corpus_files("email/talon", "*.html"):
        found[path.name] = _is_right(reply_text(html_to_text(path.read_text(errors="replace"))), _PAGE)
    assert len(found) == len(_PLAIN) + len(_MAILS) + 9
    wrong = [name for name, right in found.items() if not right]
    assert 1 - len(wrong) / len(found) >= _AIM, wrong
    print(f"{len(found) - len(wrong)} of {len(found)} right; wrong: {wrong}")


def test_all_parse_and_none_takes_long() -> None:
    for path in corpus_files("email"):
        began = time.process_time()
        body = path.read_bytes() if path.suffix == ".eml" else _as_mail(path)
        raw = RawEvent("email", _SETTINGS.account, body, _ENVELOPE, datetime(2026, 11, 21, tzinfo=UTC))
        try:
            (event,) = _READER.read(raw)
        except (InvalidInput, ValueError):
            raise AssertionError(path.name) from None
        assert isinstance(event, MessageReceived)
        assert event.text.strip(), path.name
        assert time.process_time() - began < 20.0, path.name


def _as_mail(path: Path) -> bytes:
    kind = "html" if path.suffix == ".html" else "plain"
    head = f"From: a@b.example\nMessage-ID: <{path.name}@b.example>\nContent-Type: text/{kind}; charset=utf-8\n\n"
    return head.encode() + path.read_bytes()
