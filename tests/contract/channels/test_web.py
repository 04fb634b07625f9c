"""The web channel keeps the contract, over a real store and a real server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from api.problems import problems
from channels.web import reception
from channels.web.adapter import WebChannel
from channels.web.settings import WebSettings
from channels.web.tokens import Session, Tokens
from core.attachments.file_store import FileStore
from core.clock import SystemClock
from core.domain.messages import Author, MessageKind, MessageReceived, OutboundMessage, RawEvent, WirePayload
from core.ports.store import Acceptable, NewMessage, TurnOutcome
from core.storage.store import SqlStore
from core.storage.wake_local import LocalWake
from tests.contract.channels.contract import ChannelContract, Peer, Sink
from tests.servers.sqlite import new_sqlite

SETTINGS = WebSettings(secret_keys=("k" * 32,))


class WebPeer(Peer):
    """A browser with one session."""

    def __init__(self, store: SqlStore, channel: WebChannel, session: Session, token: str) -> None:
        self.channel = channel
        self._store = store
        self._session = session
        self._token = token
        self.url = ""

    def raw(self, text: str, number: int) -> RawEvent:
        body = json.dumps({"type": "message", "content": text, "client_id": f"c{number}"}).encode()
        return RawEvent("web", "default", body, reception.envelope(self._session), SystemClock().now())

    def recordings(self) -> Mapping[str, RawEvent]:
        body = json.dumps({"type": "message", "content": "", "client_id": "r1", "attachments": ["stored1"]}).encode()
        return {"upload": RawEvent("web", "default", body, reception.envelope(self._session), SystemClock().now())}

    async def receive(self, text: str) -> bool:
        path = f"{self.url}/api/chat/sessions/{self._session.id}/messages?wait=0"
        headers = {"Authorization": f"Bearer {self._token}"}
        async with aiohttp.ClientSession() as http, http.post(path, json={"message": text}, headers=headers) as answer:
            assert answer.status in (202, 503)
            return answer.status == 202

    async def outbound(self, text: str) -> OutboundMessage:
        parsed = self.channel.parse(self.raw("A question", 1))
        assert isinstance(parsed, list)
        event = parsed[0]
        assert isinstance(event, MessageReceived)
        await self._store.accept([Acceptable(event, in_log=True)])
        (turn,) = await self._store.claim(1, 5.0, history=10)
        said = NewMessage(Author.AGENT, text, MessageKind.ANSWER, turn_id="t1")
        await self._store.finish([TurnOutcome(turn.claim, handled_seq=1, messages=(said,))])
        (delivery,) = await self._store.claim_deliveries("web", "default", 1, 5.0)
        return delivery.message

    async def seen(self) -> str:
        frames = await self._store.history(self._session.conversation_id, after=0, limit=100)
        return "\n".join(frame.message.text for frame in frames if frame.message is not None)

    def text_of(self, payload: WirePayload, message: OutboundMessage) -> str:
        return str(payload.body.get("frame", {}).get("content", message.text))


@pytest.fixture
def sink() -> Sink:
    """What the channel hands its events to."""
    return Sink()


@pytest.fixture
async def peer(sink: Sink, tmp_path: Path) -> AsyncIterator[WebPeer]:
    """A started channel behind a server on a free port."""
    from aiohttp import web

    url = new_sqlite(tmp_path / "hub.db")
    clock = SystemClock()
    store = SqlStore(url, clock)
    await store.open()
    files = FileStore(tmp_path / "files")
    channel = WebChannel(SETTINGS, log=store, records=store, files=files, wake=LocalWake(), clock=clock)
    session, token = Tokens(SETTINGS, clock).open(None, "en")
    peer = WebPeer(store, channel, session, token)
    app = web.Application(middlewares=[problems])
    app.add_routes(channel.routes())
    await channel.start(sink)
    async with TestServer(app) as server:
        peer.url = str(server.make_url("")).rstrip("/")
        yield peer
    await channel.stop()
    await store.close()


class TestWebChannel(ChannelContract):
    """Every test of the contract."""
