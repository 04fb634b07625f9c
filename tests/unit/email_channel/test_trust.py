"""What our own server says about a sender, and nobody else (RFC 8601)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.email import letter
from tests.unit.email_channel.fixture import SETTINGS, mail, with_settings

_PASS = "dmarc=pass (p=reject) header.from=customer.example"


@pytest.mark.parametrize(
    ("results", "proven"),
    [
        ([f"mx.example.com; {_PASS}"], True),
        ([f"MX.Example.COM 1; spf=fail smtp.mailfrom=x.example; {_PASS}"], True),
        ([f"mx.example.com (our; server) ; {_PASS}"], True),
        ([f'"mx.example.com"; {_PASS}'], True),
        ([f"mx.evil.example; {_PASS}"], False),
        ([f"mx.evil.example; none (mx.example.com; {_PASS})"], False),
        ([f'mx.evil.example; spf=pass reason="; mx.example.com; {_PASS}"'], False),
        (["mx.example.com; none", f"mx.example.com; {_PASS}"], False),
        (["mx.evil.example; spf=pass", f"mx.example.com; {_PASS}"], True),
        (["mx.example.com; dmarc=fail header.from=customer.example; dkim=pass header.d=customer.example"], False),
        (["mx.example.com; dmarc=pass header.from=other.example"], False),
        (["mx.example.com; dmarc=pass"], False),
        ([f"mx.example.com; {_PASS}; dmarc=fail header.from=customer.example"], False),
        (["mx.example.com; dkim=pass header.d=customer.example header.i=@customer.example"], True),
        (["mx.example.com; dkim=pass header.d=evil.example"], False),
        (["mx.example.com; dkim=fail header.d=customer.example"], False),
        (["mx.example.com; spf=pass smtp.mailfrom=bounce@customer.example"], True),
        (["mx.example.com; spf=pass smtp.helo=customer.example"], False),
        (["mx.example.com; spf=softfail smtp.mailfrom=customer.example"], False),
        (["mx.example.com; iprev=pass policy.iprev=192.0.2.1"], False),
        ([""], False),
        ([], False),
    ],
)
def test_who_is_believed(results: list[str], proven: bool) -> None:
    body = b"".join(f"Authentication-Results: {value}\r\n".encode() for value in results) + mail()
    assert letter.read(body, SETTINGS.rules).proven is proven
    assert not letter.read(body, with_settings(authserv_id=None).rules).proven


@pytest.mark.parametrize(
    ("results", "refuted"),
    [
        (["mx.example.com; dmarc=fail (p=none) header.from=customer.example"], True),
        (["mx.example.com; dkim=pass header.d=evil.example; dmarc=fail"], True),
        (["mx.example.com; dmarc=fail header.from=other.example"], False),
        (["mx.example.com; dmarc=temperror header.from=customer.example"], False),
        ([f"mx.example.com; {_PASS}"], False),
        (["mx.evil.example; dmarc=fail header.from=customer.example"], False),
        ([f"mx.example.com; {_PASS}", "mx.example.com; dmarc=fail header.from=customer.example"], False),
        ([], False),
    ],
)
def test_who_is_refuted(results: list[str], refuted: bool) -> None:
    body = b"".join(f"Authentication-Results: {value}\r\n".encode() for value in results) + mail()
    read = letter.read(body, SETTINGS.rules)
    assert read.refuted is refuted
    assert not (read.refuted and read.proven)
    assert not letter.read(body, with_settings(authserv_id=None).rules).refuted


def test_of_two_authors_none_is_proven() -> None:
    body = f"Authentication-Results: mx.example.com; {_PASS}\r\nFrom: x@evil.example\r\n".encode() + mail()
    read = letter.read(body, SETTINGS.rules)
    assert read.several
    assert not read.proven


@given(st.text(max_size=200))
def test_whatever_is_written_there_nothing_breaks_and_nobody_is_believed(text: str) -> None:
    line = "".join(mark for mark in text if mark.isprintable())
    body = f"Authentication-Results: mx.elsewhere.example; {line}\r\n".encode() + mail()
    assert not letter.read(body, SETTINGS.rules).proven
