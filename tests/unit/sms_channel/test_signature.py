"""What Twilio signs is accepted, and nothing else."""

from __future__ import annotations

import hashlib
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict
from twilio.request_validator import RequestValidator

from channels.sms.signature import verify
from core.domain.errors import BadSignature
from core.ports.channel import WebhookRequest
from tests.unit.sms_channel.forms import form

TOKEN = "12345678901234567890123456789012"
URL = "https://hub.example/webhooks/twilio"
FORM = "application/x-www-form-urlencoded"
_WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def _request(url: str, body: bytes, signature: str, kind: str = FORM, **headers: str) -> WebhookRequest:
    return WebhookRequest("POST", url, {"X-Twilio-Signature": signature, "Content-Type": kind, **headers}, body)


def _accepts(request: WebhookRequest, *tokens: str) -> bool:
    try:
        verify(request, tokens or (TOKEN,))
    except BadSignature:
        return False
    return True


def test_the_example_of_the_documentation() -> None:
    """Twilio, "Webhooks security": this address, form and token give this signature."""
    fields = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675310",
        "Digits": "1234",
        "From": "+14158675310",
        "To": "+18005551212",
    }
    request = _request(
        "https://example.com/myapp.php?foo=1&bar=2", urlencode(fields).encode(), "L/OH5YylLD5NRKLltdqwSvS0BnU="
    )
    assert _accepts(request, "12345")


@given(fields=st.dictionaries(_WORDS.filter(bool), _WORDS, max_size=8), port=st.sampled_from(["", ":443", ":8443"]))
def test_what_the_library_signs_is_accepted_and_nothing_else(fields: dict[str, str], port: str) -> None:
    url = f"https://hub.example{port}/webhooks/twilio?a=1"
    signature = RequestValidator(TOKEN).compute_signature(url, fields)
    body = urlencode(fields).encode()
    assert _accepts(_request(url, body, signature))
    assert RequestValidator(TOKEN).validate(url, fields, signature)
    assert not _accepts(_request(url, body + b"&Body=more", signature))
    assert not _accepts(_request(url.replace("a=1", "a=2"), body, signature))
    assert not _accepts(_request(url, body, signature), "another")


@pytest.mark.parametrize(("signed", "arrived"), [("", ":443"), (":443", "")])
def test_the_port_may_be_named_or_not(signed: str, arrived: str) -> None:
    fields = form("sms")
    signature = RequestValidator(TOKEN).compute_signature(f"https://hub.example{signed}/x", fields)
    assert _accepts(_request(f"https://hub.example{arrived}/x", urlencode(fields).encode(), signature))


def test_a_name_that_occurs_twice_is_signed_with_each_value_once() -> None:
    twice = MultiDict([("MediaUrl", "b"), ("MediaUrl", "a"), ("MediaUrl", "b"), ("Body", "")])
    signature = RequestValidator(TOKEN).compute_signature(URL, twice)
    assert _accepts(_request(URL, urlencode(list(twice.items())).encode(), signature))


def test_json_is_proven_by_its_hash_in_the_address() -> None:
    body = b'{"MessageSid": "SM1"}'
    url = f"{URL}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    signature = RequestValidator(TOKEN).compute_signature(url, {})
    assert RequestValidator(TOKEN).validate(url, body.decode(), signature)
    assert _accepts(_request(url, body, signature, "application/json"))
    assert not _accepts(_request(url, body + b" ", signature, "application/json"))
    bare = RequestValidator(TOKEN).compute_signature(URL, {})
    assert not _accepts(_request(URL, body, bare, "application/json")), "no hash, no proof"


def test_a_shared_key_signs_with_sha256() -> None:
    fields = form("sms")
    signature = RequestValidator(TOKEN).compute_signature(URL, fields, "HMAC_SHA256")
    how = {"X-Twilio-Webhooks-Signature-Settings": "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"}
    body = urlencode(fields).encode()
    assert _accepts(_request(URL, body, signature, **how))
    assert not _accepts(_request(URL, body, signature))
    other = {"X-Twilio-Webhooks-Signature-Settings": "algorithm=MD5"}
    assert not _accepts(_request(URL, body, signature, **other))


@pytest.mark.parametrize("tokens", [(TOKEN, "new"), ("new", TOKEN)])
def test_either_of_two_tokens_is_enough(tokens: tuple[str, ...]) -> None:
    fields = form("sms")
    signature = RequestValidator(TOKEN).compute_signature(URL, fields)
    assert _accepts(_request(URL, urlencode(fields).encode(), signature), *tokens)


@pytest.mark.parametrize("signature", ["", "é", "x" * 5000, "AAAA"])
def test_nonsense_is_refused(signature: str) -> None:
    assert not _accepts(_request(URL, b"Body=Hello", signature))
    assert not _accepts(WebhookRequest("POST", URL, {}, b"Body=Hello"))
    assert not _accepts(_request("https://hub.example:port/x", b"\xff\xfe=%ff", signature))


def test_a_signature_of_raw_bytes_is_refused_like_any_other() -> None:
    """As HTTP headers come that are no text: a byte above 127 is half a surrogate pair to us."""
    assert not _accepts(_request(URL, b"Body=hello", "\udcff\udcfe"))
