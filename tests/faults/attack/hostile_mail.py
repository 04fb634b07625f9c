"""Mails that a stranger writes to make a program read them for long: as text, as HTML, and in the way that a mail is built."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from tests.faults.attack.hostile_text import KINDS

_PLAIN = "text/plain; charset=utf-8"
_HTML = "text/html; charset=utf-8"

HTML: dict[str, tuple[str, ...]] = {
    "nested links": ('<a href="x">', "<blockquote>", "<div><table><tr><td>"),
    "attributes": ('<a b="', "<a b=' ", "<a " + "b=c "),
    "unfinished tags": ("<", "<!--", "<![CDATA["),
    "characters by name": ("&amp", "&#1", "&"),
    "styles and scripts": ("<style>", "<script><!--", "<title>"),
}

_HEADS: dict[str, tuple[str, str]] = {
    "references": ("References", "<1@a> "),
    "addresses": ("To", '"a" <b@c>, '),
    "comments": ("To", "(("),
    "encoded words": ("Subject", "=?utf-8?q?a?= "),
    "dates": ("Date", "1 (( "),
    "results": ("Authentication-Results", "x; dmarc=fail (( "),
}

_REPLIES: dict[str, str] = {
    "quotes in quotes": ">> " * 30 + "\n",
    "signatures": "-- \nAnn\n",
    "quoted heads": "On Monday, Ann <a@b.c> wrote:\n",
    "lines of nothing": " \t\n",
    "lines of rules": "_" * 70 + "\n",
}


def hostile_mails(size: int) -> Iterator[tuple[str, bytes, bytes]]:
    """Name, headers and body of each: both end without an empty line, so that more headers may follow."""
    for kind, units in KINDS.items():
        yield f"text: {kind}", *_one(_PLAIN, _filled(units[0], size))
    for kind, units in HTML.items():
        for number, unit in enumerate(units):
            yield f"html: {kind} {number}", *_one(_HTML, _filled(unit, size))
    for kind, line in _REPLIES.items():
        yield f"reply: {kind}", *_one(_PLAIN, _filled(line, size))
    for kind, (name, unit) in _HEADS.items():
        text = _folded(_filled(unit, size // 4))
        yield f"head: {kind}", f"{name}: {text}\r\nContent-Type: {_PLAIN}".encode(), b"Hello\r\n"
    yield from _built(size)


def _filled(unit: str, size: int) -> str:
    return unit * (size // len(unit) + 1)


def _folded(text: str) -> str:
    """In lines that a mail server takes (RFC 5322, section 2.1.1)."""
    return "\r\n ".join(text[start : start + 900] for start in range(0, len(text), 900))


def _one(media_type: str, text: str) -> tuple[bytes, bytes]:
    encoded = base64.encodebytes(text.encode()).replace(b"\n", b"\r\n")
    return f"Content-Type: {media_type}\r\nContent-Transfer-Encoding: base64".encode(), encoded


def _built(size: int) -> Iterator[tuple[str, bytes, bytes]]:
    """Parts in parts, many parts, parts that do not end, mails in mails, and content that is not what it is called."""
    depth = min(500, size // 100)
    nested = "".join(f'--b{n}\r\nContent-Type: multipart/mixed; boundary="b{n + 1}"\r\n\r\n' for n in range(depth))
    yield "built: parts in parts", b'Content-Type: multipart/mixed; boundary="b0"', nested.encode()
    many = "--b\r\n\r\na\r\n" * (size // 10)
    yield "built: many parts", b'Content-Type: multipart/mixed; boundary="b"', many.encode()
    open_ended = "--b\r\nContent-Type: text/html\r\n\r\n" + "--\r\n--c\r\n" * (size // 10)
    yield "built: no end", b'Content-Type: multipart/alternative; boundary="b"', open_ended.encode()
    mails = "Content-Type: message/rfc822\r\n\r\n" * depth
    yield "built: mails in mails", b"Content-Type: message/rfc822", mails.encode()
    yield (
        "built: bad base64",
        f"Content-Type: {_PLAIN}\r\nContent-Transfer-Encoding: base64".encode(),
        b"=A\r\n" * (size // 4),
    )
    calendar = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" + "RRULE:FREQ=SECONDLY\r\n " * (size // 25)
    yield "built: calendar", b"Content-Type: text/calendar; method=REQUEST", calendar.encode()
    yield "built: winmail", b"Content-Type: application/ms-tnef; name=winmail.dat", b"\x78\x9f\x3e\x22" + b"\1" * 500
