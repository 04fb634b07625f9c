"""The Slack channel keeps the contract, over HTTP, in front of a strict fake."""

from __future__ import annotations

import html
import json
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from slack_sdk.signature import SignatureVerifier

from channels.slack.adapter import SlackChannel
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import ANNA, DIRECT, SECRET, TEAM
from core.clock import SystemClock
from core.domain.messages import OutboundMessage, RawEvent, WirePayload
from core.ports.channel import WebhookRequest
from tests.contract.channels.contract import ChannelContract, Peer, Sink
from tests.integration.slack_channel.world import Hub, outbound, serving, settings, store_in, surroundings
from tests.unit.slack_channel.fixture import load, raw


class SlackPeer(Peer):
    """A person who writes to the app directly."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.channel = hub.channel

    def raw(self, text: str, number: int) -> RawEvent:
        ts = f"1767225600.{number:06d}"
        event = {
            "type": "message",
            "channel": DIRECT,
            "channel_type": "im",
            "user": ANNA,
            "text": html.escape(text, quote=False),
            "ts": ts,
        }
        body = json.dumps(self.hub.fake.event(event)).encode()
        return RawEvent("slack", "default", body, {"content-type": "application/json"}, SystemClock().now())

    def recordings(self) -> Mapping[str, RawEvent]:
        return {name: raw(load(name)) for name in ("message_audio_clip", "message_video_clip")}

    async def receive(self, text: str) -> bool:
        status = await self.hub.push(self.hub.fake.say(text))
        assert status in (200, 503)
        return status == 200

    async def outbound(self, text: str) -> OutboundMessage:
        return outbound(text)

    async def seen(self) -> str:
        return "\n".join(self.hub.fake.shown())

    def text_of(self, payload: WirePayload, message: OutboundMessage) -> str:
        sections = [block["text"]["text"] for block in payload.body["blocks"] if block["type"] == "section"]
        return html.unescape("".join(sections))


@pytest.fixture
def sink() -> Sink:
    """What the channel hands its events to."""
    return Sink()


@pytest.fixture
async def peer(sink: Sink, tmp_path: Path) -> AsyncIterator[SlackPeer]:
    """A started channel, and a customer in the fake Slack."""
    async with SlackFake() as fake, store_in(tmp_path) as store:
        around = surroundings(store, tmp_path)
        hub = Hub(SlackChannel(settings(fake), around), around, sink, fake)
        async with serving(hub):
            yield SlackPeer(hub)


class TestSlackChannel(ChannelContract):
    """Every test of the contract."""

    async def test_a_request_that_is_signed_is_believed(self, peer: SlackPeer) -> None:
        stamp = str(int(time.time()))
        signature = SignatureVerifier(SECRET).generate_signature(timestamp=stamp, body="{}")
        headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": str(signature)}
        peer.channel.authenticate(WebhookRequest("POST", "https://hub.example/webhooks/slack", headers, b"{}"))
        assert peer.hub.fake.workspaces[next(iter(peer.hub.fake.workspaces))].team == TEAM
