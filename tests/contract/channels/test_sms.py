"""The SMS channel keeps the contract, over Twilio's fake, on telephone numbers and on WhatsApp."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from urllib.parse import urlencode

import pytest
import regex
from aiohttp import web
from aiohttp.test_utils import TestServer

from api.problems import problems
from channels.sms import gsm
from channels.sms.adapter import SmsChannel
from config.simulation.twilio_fake import OURS, SID, THEIRS, WHATSAPP_OURS, WHATSAPP_THEIRS
from core.domain.keys import ConversationKey
from core.domain.messages import Author, MessageKind, OutboundMessage, RawEvent, WirePayload
from tests.contract.channels.contract import ChannelContract, Peer, Sink
from tests.integration.sms_channel.rig import Rig, running
from tests.unit.sms_channel.forms import form, raw

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class SmsPeer(Peer):
    """A customer with a telephone."""

    def __init__(self, rig: Rig, ours: str, theirs: str) -> None:
        self.channel: SmsChannel = rig.channel
        self._rig = rig
        self._ours = ours
        self._theirs = theirs

    def raw(self, text: str, number: int) -> RawEvent:
        form = {
            "MessageSid": f"SM{number:032x}",
            "AccountSid": SID,
            "From": self._theirs,
            "To": self._ours,
            "Body": text,
        }
        return RawEvent("sms", SID, urlencode(form).encode(), _FORM, self._rig.clock.now())

    async def pass_time(self) -> None:
        self._rig.clock.move(6)

    def recordings(self) -> Mapping[str, RawEvent]:
        return {name: raw(form(name)) for name in ("whatsapp_voice", "mms_voice", "mms_video")}

    async def receive(self, text: str) -> bool:
        status, _ = await self._rig.hear(text, by=self._theirs, to=self._ours)
        assert status in (200, 503)
        return status == 200

    async def outbound(self, text: str) -> OutboundMessage:
        key = ConversationKey("sms", SID, f"{self._ours}/{self._theirs}")
        return OutboundMessage("m1", key, Author.AGENT, text, MessageKind.ANSWER)

    async def seen(self) -> str:
        return "\n".join(self._rig.twilio.sent(self._theirs))

    def text_of(self, payload: WirePayload, message: OutboundMessage) -> str:
        text = regex.sub(r"^\(\d+/\d+\) ", "", str(payload.body["text"]))
        return text.rpartition("[1] A title")[0].removesuffix("\n\n") if "[1] A title" in text else text

    def size(self, text: str) -> int:
        return gsm.units16(text)


@pytest.fixture
def sink() -> Sink:
    """What the channel hands its events to."""
    return Sink()


@pytest.fixture(params=[(OURS, THEIRS), (WHATSAPP_OURS, WHATSAPP_THEIRS)], ids=["sms", "whatsapp"])
async def peer(sink: Sink, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[SmsPeer]:
    """A started channel behind a server, with Twilio on the other side."""
    async with running(tmp_path) as rig:
        await rig.stop()
        await rig.channel.start(sink)
        app = web.Application(middlewares=[problems])
        app.add_routes(rig.channel.routes())
        async with TestServer(app) as server:
            rig.twilio.hub = str(server.make_url("")).rstrip("/")
            yield SmsPeer(rig, *request.param)


class TestSmsChannel(ChannelContract):
    """Every test of the contract."""
