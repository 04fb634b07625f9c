"""Any structure of parts, sensible or not: it is read, and what is in it is found."""

from __future__ import annotations

import struct
from contextlib import suppress
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.email.mime import content, opened
from core.domain.errors import InvalidInput
from tests.unit.email_channel.fixture import events, mail, received

_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60)
_CHARSETS = st.sampled_from(
    ["utf-8", "us-ascii", "iso-8859-1", "x-unknown", "unicode-1-1-utf-7", "hex", "rot13", "", "\x00"]
)
_ENCODINGS = st.sampled_from(["7bit", "8bit", "base64", "quoted-printable", "x-uuencode", "bogus"])
_ODD = (
    "message/delivery-status",
    "message/partial",
    "bogus",
    "text/plain; charset*=x''%FF",
    "application/octet-stream",
)
_TYPES = st.sampled_from(
    [
        *_ODD,
        "text/plain",
        "text/html",
        "text/calendar",
        "text/rtf",
        "image/png",
        "application/ms-tnef",
        "message/rfc822",
    ]
)


@st.composite
def _parts(draw: Any, depth: int = 3) -> bytes:
    if depth and draw(st.booleans()):
        kind = draw(st.sampled_from(["mixed", "alternative", "related", "report", "signed", "digest", "bogus"]))
        boundary = draw(st.sampled_from(["b", "b b", "--", "b" * 70]))
        children = draw(st.lists(_parts(depth - 1), max_size=3))
        closed = draw(st.booleans())
        lines = [f'Content-Type: multipart/{kind}; boundary="{boundary}"'.encode(), b""]
        for child in children:
            lines += [f"--{boundary}".encode(), child]
        return b"\r\n".join([*lines, *([f"--{boundary}--".encode()] if closed else [])])
    head = f"Content-Type: {draw(_TYPES)}; charset={draw(_CHARSETS)}\r\nContent-Transfer-Encoding: {draw(_ENCODINGS)}"
    if draw(st.booleans()):
        head += f'\r\nContent-Disposition: attachment; filename="{draw(_TEXT)}"'
    body = draw(st.one_of(st.binary(max_size=80), _TEXT.map(str.encode)))
    return head.encode("utf-8", "replace") + b"\r\n\r\n" + body


@given(part=_parts(), subject=_TEXT)
def test_no_structure_breaks_anything(part: bytes, subject: str) -> None:
    head = f"From: a@b.example\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n".encode()
    with suppress(InvalidInput):
        for event in events(head + part):
            assert "\x00" not in repr(event)


@given(st.binary(max_size=400))
def test_no_bytes_break_anything(data: bytes) -> None:
    with suppress(InvalidInput):
        content(opened(data))


@given(text=_TEXT.filter(lambda text: bool(text.strip())), cte=st.sampled_from(["base64", "quoted-printable", "8bit"]))
def test_what_was_written_is_read(text: str, cte: str) -> None:
    message = EmailMessage()
    message["From"] = "a@b.example"
    message.set_content(text, cte=cte)
    message.add_alternative("<p>In another form</p>", subtype="html")
    message.add_attachment(b"data", maintype="application", subtype="x-test", filename="f.bin")
    found = content(opened(message.as_bytes()))
    assert " ".join(found.text.split()) == " ".join(text.split())
    assert [(file.name, file.data) for file in found.files] == [("f.bin", b"data")]


def test_layers_without_end_are_no_trouble() -> None:
    inner = MIMEText("deep")
    for _ in range(80):
        outer = MIMEMultipart()
        outer.attach(inner)
        inner = outer  # type: ignore[assignment]
    data = b"From: a@b.example\r\n" + inner.as_bytes()
    with suppress(InvalidInput):
        content(opened(data))
    bomb = b"From: a@b.example\r\n" + b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (number, number) for number in range(3000)
    )
    with suppress(InvalidInput):
        content(opened(bomb))


def test_deep_html_is_read() -> None:
    body = mail("<div>" * 5000 + "deep").replace(b"text/plain", b"text/html")
    assert received(body).text == "deep"


def test_winmail_is_unpacked() -> None:
    body = _tnef([(2, 0x800C, 2, b"Hello from Outlook\r\n\x00")], "report.txt", b"the report")
    message = EmailMessage()
    message["From"] = "a@b.example"
    message.add_attachment(body, maintype="application", subtype="ms-tnef", filename="winmail.dat")
    event = received(message.as_bytes())
    assert event.text == "Hello from Outlook"
    assert [ref.name for ref in event.attachments] == ["report.txt"]


@pytest.mark.parametrize("data", [b"not tnef", b"\x78\x9f\x3e\x22\x01\x00\x02"])
def test_a_broken_winmail_is_a_file_like_others(data: bytes) -> None:
    message = EmailMessage()
    message["From"] = "a@b.example"
    message.set_content("See the file")
    message.add_attachment(data, maintype="application", subtype="ms-tnef", filename="winmail.dat")
    event = received(message.as_bytes())
    assert event.text == "See the file"
    assert [ref.name for ref in event.attachments] == ["winmail.dat"]


def test_a_file_name_is_only_a_name() -> None:
    message = EmailMessage()
    message["From"] = "a@b.example"
    message.add_attachment(b"x", maintype="text", subtype="x-sh", filename="../../etc/cron.d/x")
    assert [ref.name for ref in received(message.as_bytes()).attachments] == ["x"]


def _tnef(attributes: list[tuple[int, int, int, bytes]], name: str, data: bytes) -> bytes:
    """[MS-OXTNEF] 2.1: a signature, a key, then attributes with a level, an id, a type, a length and a checksum."""
    whole = [
        (1, 0x9006, 8, struct.pack("<I", 0x10000)),
        *attributes,
        (2, 0x9002, 6, b"\x01\x00" + b"\xff" * 4 + b"\x00" * 8),
        (2, 0x8010, 1, name.encode() + b"\x00"),
        (2, 0x800F, 6, data),
    ]
    written = struct.pack("<IH", 0x223E9F78, 1)
    for level, identifier, kind, value in whole:
        level = 1 if identifier == 0x800C else level
        written += struct.pack("<BHHI", level, identifier, kind, len(value)) + value
        written += struct.pack("<H", sum(value) & 0xFFFF)
    return written
