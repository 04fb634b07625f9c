"""Slack's own SDK as a judge of our blocks and of the fake that the other tests trust; and who is believed by it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import Block
from slack_sdk.web.async_client import AsyncWebClient

from channels.slack.render import payloads
from channels.slack.signature import Signatures
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import BOT, DIRECT, PUBLIC, SECRET, TOKEN
from core.domain.errors import BadSignature
from core.domain.messages import Citation
from core.ports.clock import Clock
from tests.unit.slack_channel.test_render import LANGUAGES, message

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))


def headers(signature: str, stamp: str = STAMP) -> dict[str, str]:
    return {"X-Slack-Request-Timestamp": stamp, "x-slack-signature": signature}


def sign(secret: str, stamp: str, body: bytes) -> str:
    return f"v0={hmac.new(secret.encode(), b'v0:' + stamp.encode() + b':' + body, hashlib.sha256).hexdigest()}"


class Noon:
    """Implements core.ports.clock.Clock, as far as it is asked."""

    def now(self) -> datetime:
        return NOW


def verify(given: dict[str, str], body: bytes, secrets: Sequence[str]) -> None:
    Signatures(secrets, cast("Clock", Noon())).verify(given, body)


@pytest.mark.parametrize("secrets", [(SECRET,), ("another", SECRET), (SECRET, "another")])
@pytest.mark.parametrize("age", [0, 300, -300])
def test_what_slack_signed_lately_is_believed(secrets: Sequence[str], age: int) -> None:
    body, stamp = '{"a": "ü"}'.encode(), str(int(STAMP) - age)
    verify(headers(sign(SECRET, stamp, body), stamp), body, secrets)


@pytest.mark.parametrize(
    "given",
    [
        {},
        headers(sign("another", STAMP, b"{}")),
        headers(sign(SECRET, STAMP, b"[]")),
        headers(sign(SECRET, STAMP, b"{}").removeprefix("v0=")),
        headers("v0=ü"),
        headers(hashlib.sha256(b"{}").hexdigest()),
        headers(sign(SECRET, "", b"{}"), ""),
        headers(sign(SECRET, "-1", b"{}"), "-1"),
        headers(sign(SECRET, "١", b"{}"), "١"),
        headers(sign(SECRET, "9" * 30, b"{}"), "9" * 30),
        headers(sign(SECRET, "9" * 9_000, b"{}"), "9" * 9_000),
        headers(sign(SECRET, str(int(STAMP) - 300 - 1), b"{}"), str(int(STAMP) - 300 - 1)),
        headers(sign(SECRET, str(int(STAMP) + 300 + 1), b"{}"), str(int(STAMP) + 300 + 1)),
    ],
)
def test_nothing_else_is_believed(given: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        verify(given, b"{}", (SECRET,))


def test_without_a_secret_nobody_is_believed() -> None:
    with pytest.raises(BadSignature):
        verify(headers(sign("", STAMP, b"{}")), b"{}", ())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_blocks_are_slacks(language: str) -> None:
    source = Citation("p", "Title", "c", "s.md", 0.9, url="https://example.com")
    for payload in payloads(message("**Yes** [1]. " * 400, citations=(source,), locale=language), "en"):
        blocks = Block.parse_all(payload.body["blocks"])
        assert len(blocks) == len(payload.body["blocks"])
        for block in blocks:
            assert type(block) is not Block
            block.validate_json()
            for element in getattr(block, "elements", None) or []:
                element.validate_json()


async def test_the_fake_speaks_to_slacks_own_client() -> None:
    async with SlackFake() as fake:
        client = AsyncWebClient(TOKEN, base_url=fake.api_url)
        assert (await client.auth_test())["user_id"] == BOT
        root = fake.say("Hello", channel=PUBLIC)["event"]["ts"]
        posted = await client.chat_postMessage(channel=PUBLIC, text="Hi", thread_ts=root)
        listed = await client.conversations_replies(channel=PUBLIC, ts=root)
        assert [one["ts"] for one in listed["messages"]] == [root, posted["ts"]]
        stream = await client.chat_startStream(
            channel=PUBLIC, thread_ts=root, recipient_user_id="U0ANNA001", recipient_team_id="T0HOME001"
        )
        await client.chat_appendStream(channel=PUBLIC, ts=stream["ts"], markdown_text="**a**")
        await client.chat_stopStream(channel=PUBLIC, ts=stream["ts"])
        uploaded = await client.files_upload_v2(channel=DIRECT, content=b"a,b\n", filename="a.csv", title="a")
        assert fake.bytes[uploaded["file"]["id"]] == b"a,b\n"


@pytest.mark.parametrize(
    ("token", "channel", "text", "error"),
    [
        ("xoxb-wrong", DIRECT, "Hi", "invalid_auth"),
        (TOKEN, "C0NOWHERE", "Hi", "channel_not_found"),
        (TOKEN, DIRECT, "x" * 40_001, "msg_too_long"),
    ],
)
async def test_the_fake_refuses_what_slack_refuses(token: str, channel: str, text: str, error: str) -> None:
    async with SlackFake() as fake:
        with pytest.raises(SlackApiError) as raised:
            await AsyncWebClient(token, base_url=fake.api_url).chat_postMessage(channel=channel, text=text)
        assert raised.value.response["error"] == error


def test_a_body_that_is_no_text_is_not_believed() -> None:
    with pytest.raises(BadSignature):
        verify(headers(sign(SECRET, STAMP, b"\xff")), b"\xff", (SECRET,))
