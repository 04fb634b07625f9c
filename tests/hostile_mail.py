"""Mails that are made to take long, by name: each grows with the number of bytes that is asked for.

``PARTS`` are texts for one place of a mail (a header's value, a body); ``MAILS`` are whole mails.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Mapping
from typing import Final

_HEAD: Final = (
    b"From: Mallory <mallory@customer.example>\r\nTo: support@example.com\r\nMessage-ID: <1@customer.example>\r\n"
)


def _again(piece: str) -> Callable[[int], str]:
    return lambda size: piece * (size // len(piece.encode()) + 1)


def _between(first: str, piece: str, last: str = "") -> Callable[[int], str]:
    return lambda size: first + _again(piece)(size) + last


HTML: Final[Mapping[str, Callable[[int], str]]] = {
    "nested links": _again('<a href="https://x.example/y">x'),
    "unfinished attributes": _again('<a b="'),
    "unfinished tags": _again("<a "),
    "angles": _again("<"),
    "unfinished comments": _again("<!--"),
    "dashes in a comment": _between("<!--", "-- "),
    "declarations": _again("<![x"),
    "entities": _again("&#x"),
    "ampersands": _again("&"),
    "attributes": lambda size: "<a " + " ".join(f"a{number}=1" for number in range(size // 8)) + ">x</a>",
    "open blocks": _again("<div>"),
    "open blocks and other ends": lambda size: "<div>" * (size // 10) + "</b>" * (size // 10),
    "inline tags": _again("<b>x</b>"),
    "tables": _again("<table><tr><td>"),
    "quotations": _again("<blockquote>x"),
    "lists": _again("<ul><li>x"),
    "preformatted": _between("<pre>", "x\n"),
    "spaces": _again("x \t"),
    "paragraph ends": _again("</p "),
    "hidden": _again('<p style="display:none">x'),
}
TEXT: Final[Mapping[str, Callable[[int], str]]] = {
    "one line": _again("x"),
    "spaces": _between("x", " ", "x"),
    "empty lines": _again("\n"),
    "quoted lines": _again("> x\n"),
    "quotation marks": _again(">"),
    "attributions": _again("On Monday, 1 May 2026 at 10:10 a@b.example wrote:\n"),
    "headers": _again("From: a@b.example\nSent: 1 May 2026\nTo: x\nSubject: y\n\n"),
    "labels": _again("From: \n"),
    "colons": _again("a:\n"),
    "On": _again("On "),
    "rules": _again("____________________________\n"),
    "signature marks": _again("-- \n"),
    "closings": _again("Regards\n"),
    "closings and names": _again("Best regards,\n\nAnn\n"),
    "sent from": _again("Sent from my iPhone\n"),
    "initials": _again("-Ann\n\n"),
    "forward marks": _again("-\n"),
    "digits": _again("+1 2 3 4 5 6 7 8 9 (\n"),
    "addresses": _again("a@"),
    "soft lines": _again("x \n"),
    "words without at": _again("a.b+c-"),
}
HEADER: Final[Mapping[str, Callable[[int], str]]] = {
    "one word": _again("x"),
    "spaces": _between("re", " ", "x"),
    "away": _between("away from", " ", "x"),
    "encoded words": _again("=?utf-8?q?a?= "),
    "unfinished encoded words": _again("=?a?q?"),
    "open encoded word": _again("=?"),
    "charsets": lambda size: " ".join(f"=?x-{number}?q?a?=" for number in range(size // 16)),
    "commas": _again(","),
    "addresses": lambda size: ", ".join(f"a{number}@b.example" for number in range(size // 18)),
    "open brackets": _again("<"),
    "comments": _again("("),
    "groups": _again("a:"),
    "one group": _between("a:", "a@b,"),
    "quotes": _again('"a" '),
    "an open quote": _between('"', "\\a"),
    "ats": _again("a@"),
    "dots": _again("a."),
    "ids": lambda size: " ".join(f"<{number}@x.example>" for number in range(size // 18)),
    "open ids": _again("<a@"),
    "parameters": _between("text/plain", "; a=b"),
    "semicolons in an open quote": _between('text/plain; a="', ";"),
    "continued parameters": lambda size: "text/plain" + "".join(f"; name*{number}*=a" for number in range(size // 12)),
    "results": _between("mx.example.com", "; a=b c.d=e"),
    "open results": _between("mx.example.com; a=b ", 'a.b="\\"'),
    "letters": _between("mx.example.com; dkim=pass ", "a"),
    "digits": _again("9"),
}
PLACES: Final = (
    *("From", "To", "Cc", "Reply-To", "Subject", "Date", "Received", "Message-ID", "In-Reply-To", "References"),
    *("Content-Type", "Content-Disposition", "Content-Language", "Content-Transfer-Encoding"),
    *("Authentication-Results", "Auto-Submitted", "X-Auto-Response-Suppress", "List-Id", "Precedence"),
)


def mail(body: bytes, kind: str = "text/plain; charset=utf-8", *more: bytes) -> bytes:
    """One part, with these further lines of its header."""
    return _HEAD + b"".join(line + b"\r\n" for line in more) + b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body


def with_header(name: str, value: str) -> bytes:
    """A mail with one header more, which stands before the others of its name."""
    head = _HEAD.replace(b"From: Mallory <mallory@customer.example>\r\n", b"") if name == "From" else _HEAD
    return f"{name}: {value}\r\n".encode() + head + b"\r\nHello\r\n"


def _nested(size: int) -> bytes:
    return _HEAD + b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (number, number)
        for number in range(size // 60)
    )


def _parts(size: int) -> bytes:
    return mail(b"--b\r\n\r\nx\r\n" * (size // 10), "multipart/mixed; boundary=b")


def _forwarded(size: int) -> bytes:
    return mail(b"Content-Type: message/rfc822\r\n\r\n" * (size // 32), "message/rfc822")


def _calendars(size: int) -> bytes:
    one = b"--b\r\nContent-Type: text/calendar\r\n\r\nBEGIN:VEVENT\nSUMMARY:" + b"x;" * 200 + b"\nEND:VEVENT\r\n"
    return mail(one * (size // len(one) + 1), "multipart/mixed; boundary=b")


def _tnef(size: int) -> bytes:
    data = struct.pack("<IH", 0x223E9F78, 1) + struct.pack("<BHHI", 1, 0x8004, 0, 0) * (size // 12)
    return mail(base64.encodebytes(data), "application/ms-tnef", b"Content-Transfer-Encoding: base64")


def promising_tnef() -> bytes:
    """A winmail.dat of a few bytes that announces four thousand million properties."""
    data = struct.pack("<I", 0xFFFFFFFF)
    return struct.pack("<IHBHHI", 0x223E9F78, 1, 1, 0x9003, 6, len(data)) + data + bytes(20)


def _reports(size: int) -> bytes:
    body = b"--b\r\nContent-Type: message/delivery-status\r\n\r\n" + b"Action: failed\r\n\r\n" * (size // 18)
    return mail(body, "multipart/report; report-type=delivery-status; boundary=b")


def _our_ids(size: int) -> bytes:
    one = b"<aaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbb.cccccccccccccccc@example.com>\r\n"
    return mail(one * (size // len(one) + 1) + b"550 5.1.1\r\n").replace(b"mallory@", b"mailer-daemon@")


def _flowed(size: int) -> bytes:
    return mail(b"x \r\n" * (size // 4), "text/plain; charset=utf-8; format=flowed; delsp=yes")


def _calendar(line: bytes) -> Callable[[int], bytes]:
    return lambda size: mail(b"BEGIN:VEVENT\n" + line * (size // len(line)) + b"\nEND:VEVENT\n", "text/calendar")


def _body(make: Callable[[int], str], kind: str) -> Callable[[int], bytes]:
    return lambda size: mail(make(size).encode(), kind)


def _header(place: str, make: Callable[[int], str]) -> Callable[[int], bytes]:
    return lambda size: with_header(place, make(size))


MAILS: Final[Mapping[str, Callable[[int], bytes]]] = {
    "nested parts": _nested,
    "many parts": _parts,
    "nested mails": _forwarded,
    "many invitations": _calendars,
    "many objects": _tnef,
    "many reports": _reports,
    "ids like ours": _our_ids,
    "flowed lines": _flowed,
    "many headers": lambda size: b"".join(b"X%d: a\r\n" % number for number in range(size // 9)) + _HEAD + b"\r\nHello",
    "the same header": lambda size: b"Reply-To: a@b.c\r\n" * (size // 17) + _HEAD + b"\r\nHello",
    "one folded header": lambda size: b"Subject: a\r\n" + b" a\r\n" * (size // 4) + _HEAD + b"\r\nHello",
    "no line's end": lambda size: _HEAD + b"\r\n" + b"x" * size,
    "only line ends": lambda size: _HEAD + b"\r\n" + b"\r" * size,
    "no header": lambda size: b"x" * size,
    "wrong base64": lambda size: mail(b"=A\n" * (size // 3), "text/plain", b"Content-Transfer-Encoding: base64"),
    "wrong quoted-printable": lambda size: mail(
        b"=" * size, "text/plain", b"Content-Transfer-Encoding: quoted-printable"
    ),
    "uuencoded": lambda size: mail(
        b"begin 644 a\n" + b"#86)C\n" * (size // 6), "text/plain", b"Content-Transfer-Encoding: x-uuencode"
    ),
    "no charset": lambda size: mail(bytes(range(128, 256)) * (size // 128), "text/plain; charset=utf-8"),
    "utf-7": lambda size: mail(b"+AGE-" * (size // 5), "text/plain; charset=utf-7"),
    "calendar folds": _calendar(b"SUMMARY:a\n b"),
    "calendar quotes": _calendar(b'A;""'),
    "calendar events": _calendar(b"END:VEVENT\nBEGIN:VEVENT\nSUMMARY:x\n"),
    "calendar escapes": _calendar(b"\\"),
    **{f"html: {name}": _body(make, "text/html") for name, make in HTML.items()},
    **{f"text: {name}": _body(make, "text/plain; charset=utf-8") for name, make in TEXT.items()},
    **{f"{place}: {name}": _header(place, make) for place in PLACES for name, make in HEADER.items()},
}
