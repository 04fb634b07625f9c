"""What the sender of a mail calls a file, in each way in which mail programs write it down."""

from __future__ import annotations

from email import message_from_bytes

import pytest

from channels.email.mime import file_name


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="plan.pdf"', "plan.pdf"),
        ("attachment; filename*=UTF-8''R%C3%BCckgabe%202026.pdf", "Rückgabe 2026.pdf"),
        ("attachment;\r\n filename*0*=UTF-8''R%C3%BCck;\r\n filename*1=gabe.pdf", "Rückgabe.pdf"),
        ('attachment; filename*0="long-";\r\n filename*1="name.pdf"', "long-name.pdf"),
        ('attachment; filename="=?utf-8?B?UsO8Y2tnYWJlLnBkZg==?="', "Rückgabe.pdf"),
        ('attachment; filename="..\\\\..\\\\plan.pdf"', "plan.pdf"),
        ("attachment; filename*=nowhere''%ff.pdf", "\u00ff.pdf"),
        ("attachment", None),
    ],
)
def test_a_name_is_read(header: str, name: str | None) -> None:
    part = message_from_bytes(f"Content-Disposition: {header}\r\n\r\nx".encode())
    assert file_name(part) == name
