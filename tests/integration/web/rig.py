"""The web channel on a real aiohttp server, over the real store, engine and file store; only the answers are scripted."""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter as Tally
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from jsonschema import Draft202012Validator

from api.metric_catalogue import COUNTERS
from api.openapi import description
from api.operator_access import OperatorAccess
from api.problems import problems
from channels.web.adapter import WebChannel
from channels.web.settings import Rate, WebLimits, WebSettings
from config.desk.rules import make_sentiment
from core.attachments.file_store import FileStore
from core.clock import SystemClock
from core.delivery import DeliveryService, DeliverySettings
from core.dispatcher import Dispatcher, DispatcherSettings
from core.domain.attachments import Attachment
from core.domain.conversation import Escalation
from core.domain.errors import StoreUnavailable
from core.domain.messages import Citation, InboundEvent, MessageKind, MessageReceived, RawEvent
from core.intake import Intake
from core.ports.channel import Accepted
from core.ports.metrics import Counter, Gauge, NoMetrics
from core.ports.responder import Reply, TurnEvents
from core.ports.store import TurnState
from core.storage.store import SqlStore
from core.storage.wake_local import LocalWake
from core.turn import Turn
from handoff.waits.unstaffed_desk import UnstaffedDesk
from tests.patience import PATIENCE
from tests.servers.sqlite import new_sqlite

KEY = "k" * 32
ROOMY = WebSettings(
    secret_keys=(KEY,),
    limits=WebLimits(
        sessions_per_address=Rate(0, 60), messages_per_address=Rate(0, 60), uploads_per_address=Rate(0, 60)
    ),
)
"""All clients of a test have one address."""
OPERATOR_TOKEN = "o" * 32
OPERATOR = OperatorAccess(OPERATOR_TOKEN)
CITATION = Citation(
    id="p1", title="Reset a password", content="Click Forgot password.", source="faq.json", score=0.9, section="Account"
)


class Scripted:
    """Answers with what it was asked, streamed in two sentences; certain words make it escalate, wait or not know."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.end = asyncio.Event()
        self.end.set()
        self.turns = 0

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        self.turns += 1
        text = " ".join(message.text for message in turn.pending)
        if "person" in text and "?" in text:
            answer = Reply("Press Refund [1].", MessageKind.ANSWER, (CITATION,), confidence=0.9, intent="echo")
            return Reply("", MessageKind.NOTICE, escalation=Escalation("asked"), besides=answer)
        if "person" in text:
            return Reply("", MessageKind.ANSWER, escalation=Escalation("asked"))
        await events.sources([CITATION])
        await events.text("You wrote: ")
        await self.gate.wait()
        await events.text(text)
        await self.end.wait()
        return Reply(f"You wrote: {text} [1]", MessageKind.ANSWER, citations=(CITATION,), confidence=0.9, intent="echo")


class Shaky:
    """The way to the intake. The store is away as often as ``trouble`` says for a message with that text.

    For one in ``lost_replies`` it commits, and nobody hears of it: ``unheard`` wakes nobody.
    """

    def __init__(self, intake: Intake, unheard: Intake, trouble: Tally[str], lost_replies: Tally[str]) -> None:
        self._intake = intake
        self._unheard = unheard
        self._trouble = trouble
        self._lost_replies = lost_replies

    async def accept(self, events: Sequence[InboundEvent], raw: RawEvent | None = None) -> Sequence[Accepted]:
        """See InboundSink.accept."""
        for event in events:
            text = event.text if isinstance(event, MessageReceived) else ""
            if self._trouble[text] > 0:
                self._trouble[text] -= 1
                raise StoreUnavailable("The database did not commit.")
            if self._lost_replies[text] > 0:
                self._lost_replies[text] -= 1
                await self._unheard.accept(events, raw)
                raise StoreUnavailable("The database did not answer.")
        return await self._intake.accept(events, raw)

    async def quarantine(self, raw: RawEvent, reason: str) -> None:
        """See InboundSink.quarantine."""
        await self._intake.quarantine(raw, reason)


@dataclass
class Rig:
    """A running hub with a client."""

    url: str
    http: aiohttp.ClientSession
    store: SqlStore
    channel: WebChannel
    responder: Scripted
    uploads: list[tuple[str, Attachment]]
    counts: Counts
    restart: Callable[[], Awaitable[None]]
    trouble: Tally[str] = field(default_factory=Tally)
    lost_replies: Tally[str] = field(default_factory=Tally)
    sessions: list[dict[str, Any]] = field(default_factory=list)

    async def session(self, **body: Any) -> dict[str, Any]:
        """A new session."""
        async with self.http.post(f"{self.url}/api/sessions", json=body) as response:
            assert response.status == 200, await response.text()
            opened: dict[str, Any] = await response.json()
            return opened

    async def call(self, method: str, path: str, token: str | None = None, **options: Any) -> tuple[int, Any, Any]:
        """Status, JSON body (None when there is none) and headers."""
        headers = dict(options.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        async with self.http.request(method, self.url + path, headers=headers, **options) as response:
            body = await response.json(content_type=None) if response.content_type.endswith("json") else None
            described(method, response.url.path, response.status, body)
            return response.status, body, response.headers

    async def say(self, session: dict[str, Any], message: str, client_id: str, **options: Any) -> tuple[int, Any]:
        """POST a message."""
        path = f"/api/chat/sessions/{session['session_id']}/messages{options.pop('query', '')}"
        body = {"message": message, "client_id": client_id, **options}
        status, answer, _ = await self.call("POST", path, session["token"], json=body)
        return status, answer

    @asynccontextmanager
    async def socket(self, session: dict[str, Any], **options: Any) -> AsyncIterator[Socket]:
        """A connected and authenticated socket."""
        async with self.http.ws_connect(f"{self.url}/ws", **options) as ws:
            await ws.send_json({"type": "auth", "token": session["token"]})
            yield Socket(ws)


class Counts(NoMetrics):
    """What the channel counted: by counter and labels."""

    def __init__(self) -> None:
        self.seen: Tally[tuple[Counter, str]] = Tally()
        self.levels: dict[Gauge, float] = {}

    def count(self, counter: Counter, amount: float = 1.0, **labels: str) -> None:
        """Add it up."""
        assert set(labels) <= set(COUNTERS[counter].labels)
        self.seen[counter, ",".join(labels[name] for name in sorted(labels))] += int(amount)

    def gauge(self, gauge: Gauge, value: float, **labels: str) -> None:
        """Remember the last."""
        self.levels[gauge] = value


class Socket:
    """A client's end of a socket."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self.seen: list[dict[str, Any]] = []

    async def send(self, **frame: Any) -> None:
        """One frame."""
        await self.ws.send_json(frame)

    async def next(self) -> dict[str, Any]:
        """The next frame."""
        frame: dict[str, Any] = await self.ws.receive_json(timeout=PATIENCE)
        self.seen.append(frame)
        return frame

    async def until(self, wanted: str) -> dict[str, Any]:
        """The next frame of that type; those before it are in ``seen``."""
        while True:
            frame = await self.next()
            if frame["type"] == wanted:
                return frame

    async def code(self) -> int | None:
        """The close code, once the server closed."""
        while True:
            message = await self.ws.receive(timeout=PATIENCE)
            if message.type is aiohttp.WSMsgType.CLOSE:
                return int(message.data)
            if message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.ERROR):
                return self.ws.close_code


_DOCUMENT = description()


def described(method: str, path: str, status: int, body: Any) -> None:
    """What ``/openapi.json`` says of this answer is true: its status, and the shape of its JSON."""
    for template, operations in _DOCUMENT["paths"].items():
        if re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", template), path) and method.lower() in operations:
            responses = operations[method.lower()]["responses"]
            assert str(status) in responses, f"{method} {template} answered {status}, which is not described"
            for content in responses[str(status)].get("content", {}).values():
                if schema := content.get("schema"):
                    Draft202012Validator({**schema, "components": _DOCUMENT["components"]}).validate(body)


@asynccontextmanager
async def running(folder: Path, settings: WebSettings | None = None) -> AsyncIterator[Rig]:
    """A hub on a free port; everything is closed at the end."""
    settings = settings or ROOMY
    url = new_sqlite(folder / "hub.db")
    responder = Scripted()
    uploads: list[tuple[str, Attachment]] = []
    hub = _Hub(url, folder, settings, responder, uploads)
    await hub.start(0)
    async with aiohttp.ClientSession() as http:
        rig = Rig(
            hub.url,
            http,
            hub.store,
            hub.channel,
            responder,
            uploads,
            hub.counts,
            _no_restart,
            hub.trouble,
            hub.lost_replies,
        )

        async def restart() -> None:
            port = hub.port
            await hub.stop()
            await hub.start(port)
            rig.store, rig.channel = hub.store, hub.channel

        rig.restart = restart
        try:
            yield rig
        finally:
            responder.gate.set()
            await hub.stop()


def with_limits(settings: WebSettings, **limits: Any) -> WebSettings:
    """The settings with some limits changed."""
    return replace(settings, limits=replace(settings.limits, **limits))


async def _no_restart() -> None:
    raise AssertionError("set by running()")


class _Hub:
    """Everything of one process."""

    def __init__(
        self,
        url: str,
        folder: Path,
        settings: WebSettings,
        responder: Scripted,
        uploads: list[tuple[str, Attachment]],
    ) -> None:
        self._database = url
        self._folder = folder
        self._settings = settings
        self._responder = responder
        self._uploads = uploads
        self.counts = Counts()
        self.trouble: Tally[str] = Tally()
        self.lost_replies: Tally[str] = Tally()
        self.url = ""
        self.port = 0

    async def start(self, port: int) -> None:
        clock, wake, metrics = SystemClock(), LocalWake(), NoMetrics()
        self.store = SqlStore(self._database, clock)
        await self.store.open()
        files = FileStore(self._folder / "files")
        await files.start()
        self.channel = WebChannel(
            self._settings,
            log=self.store,
            records=self.store,
            files=files,
            wake=wake,
            clock=clock,
            metrics=self.counts,
            uploaded=lambda file, sender: self._uploads.append((sender, file)),
            is_operator=OPERATOR.allows,
            note_shown=self.store.note_shown,
        )
        self._intake = Intake(self.store, wake, metrics, {"web": self.channel.capabilities}, logs={"web": self.channel})
        desk = UnstaffedDesk()
        turn = Turn(
            self._responder,
            desk,
            {"web": self.channel},
            metrics,
            lambda state: Reply("Sorry.", MessageKind.FAILURE),
            sentiment=make_sentiment(),
        )
        self._delivery = DeliveryService([self.channel], self.store, wake, clock, metrics, DeliverySettings())
        settings, rng = DispatcherSettings(), random.Random(1)
        self._dispatcher = Dispatcher(self.store, turn, wake, metrics, settings, lanes=self._delivery, rng=rng)
        app = web.Application(middlewares=[problems])
        app.add_routes(self.channel.routes())
        unheard = Intake(self.store, LocalWake(), metrics, {"web": self.channel.capabilities})
        await self.channel.start(Shaky(self._intake, unheard, self.trouble, self.lost_replies))
        await self._dispatcher.start()
        await self._delivery.start()
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port, reuse_address=True)
        await site.start()
        assert self._runner.addresses
        self.port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        await self.channel.stop()
        await self._runner.cleanup()
        await self._dispatcher.stop(grace=1)
        await self._delivery.stop(grace=1)
        await self._intake.drain()
        await self.store.close()
