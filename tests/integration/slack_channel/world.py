"""A Slack channel on a real store and a real server, in front of the fake Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from api.problems import problems
from channels.slack.adapter import SlackChannel
from channels.slack.settings import SlackSettings
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import APP_TOKEN, DIRECT, SECRET, TEAM, TOKEN
from core.attachments.file_store import FileStore
from core.clock import SystemClock
from core.domain.attachments import Attachment
from core.domain.keys import ConversationKey
from core.domain.messages import Author, MessageKind, Note, OutboundMessage, Receipt
from core.ports.channel import InboundSink
from core.ports.metrics import NoMetrics
from core.ports.store import Claim
from core.ports.surroundings import Allowed, Surroundings, WantedCalls
from core.storage.store import SqlStore
from tests.calls_here import CallsHere
from tests.patience import PATIENCE
from tests.servers.sqlite import new_sqlite


def settings(fake: SlackFake, **changes: Any) -> SlackSettings:
    """As a company would set it up, with the fake's address."""
    plain = SlackSettings(
        bot_tokens=(TOKEN,),
        signing_secrets=(SECRET,),
        client_id="id.1",
        client_secret="client-secret",
        state_secrets=("s" * 32,),
        api_base_url=fake.api_url,
        suggested_prompts=(("Opening hours", "When are you open?"),),
        timeout=PATIENCE,
        answer_within=PATIENCE,
    )
    return replace(plain, **changes)


def give_up_soon(hub: Hub) -> None:
    """Bound its calls, for a Slack that says nothing; a busy machine answers within that time."""
    assert hub.channel._transport is not None
    hub.channel._transport._seconds = 3.0


@asynccontextmanager
async def store_in(folder: Path) -> AsyncIterator[SqlStore]:
    """A migrated database."""
    url = new_sqlite(folder / "hub.db")
    store = SqlStore(url, SystemClock())
    await store.open()
    try:
        yield store
    finally:
        await store.close()


class Unfenced:
    """Implements Showing for conversations that no turn has claimed, since a test speaks to the channel alone.

    ``busy``: an earlier message is on its way.
    """

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.busy = False
        self.claims: list[Claim] = []

    async def begin_showing(self, claim: Claim, note: Note | None = None, calls: WantedCalls | None = None) -> Allowed:
        """See Showing."""
        self.claims.append(claim)
        if self.busy:
            return Allowed(busy=True)
        granted, wait = await self._store.reserve(calls.key, calls.pace, calls.most) if calls is not None else (0, 0.0)
        if calls is not None and not granted:
            return Allowed(wait=wait)
        return Allowed(granted, wait, await self._keep(note))

    async def go_on_showing(self, claim: Claim, note: Note | None = None) -> Allowed:
        """See Showing."""
        self.claims.append(claim)
        return Allowed(noted=await self._keep(note))

    async def _keep(self, note: Note | None) -> bool:
        return note is not None and await self._store.replace(note.channel, note.account, note.key, note.old, note.new)


def surroundings(store: SqlStore, folder: Path, **changes: Any) -> Surroundings:
    """What the hub would give a channel."""
    plain = Surroundings(
        memory=store,
        leases=store,
        paces=store,
        deliveries=store,
        showing=Unfenced(store),
        files=FileStore(folder / "files"),
        clock=SystemClock(),
        metrics=NoMetrics(),
        link=lambda file: f"https://hub.example/api/attachments/{file.id}?sig=1",
        process="p1",
        company="Example",
        confined=CallsHere(),
        public_url="https://hub.example",
    )
    return replace(plain, **changes)


class Hub:
    """The channel behind a server. ``hook`` is where Slack sends to."""

    def __init__(self, channel: SlackChannel, around: Surroundings, sink: InboundSink, fake: SlackFake) -> None:
        self.channel = channel
        self.around = around
        self.sink = sink
        self.fake = fake
        self.hook = ""

    async def push(self, payload: dict[str, Any], **how: Any) -> int:
        """Deliver over HTTP, then wait for what is done after the acknowledgement. The status."""
        status, _ = await self.fake.push(self.hook, payload, **how)
        await self.channel.settled()
        return status

    async def answer(self, text: str, thread: str = f"{TEAM}/{DIRECT}", **more: Any) -> list[Receipt]:
        """Send all payloads of a message, and settle them."""
        message = outbound(text, thread, **more)
        receipts = [
            await self.channel.send(payload, idempotency_key=f"d1:{payload.part}")
            for payload in self.channel.render(message)
        ]
        for note in [one.note for one in receipts if one.note is not None]:
            await self.around.memory.replace(note.channel, note.account, note.key, note.old or "", note.new)
        return [replace(one, note=None) for one in receipts]

    async def store(self, name: str, content: bytes) -> Attachment:
        """A file in the hub's own store."""

        async def chunks() -> AsyncIterator[bytes]:
            yield content

        return await self.around.files.put(chunks(), name=name, declared_type=None)


@asynccontextmanager
async def serving(hub: Hub) -> AsyncIterator[Hub]:
    """Started, behind a server on a free port."""
    app = web.Application(middlewares=[problems])
    app.add_routes(hub.channel.routes())
    await hub.channel.start(hub.sink)
    try:
        async with TestServer(app) as server:
            hub.hook = str(server.make_url("/webhooks/slack"))
            yield hub
    finally:
        await hub.channel.stop()


def outbound(text: str, thread: str = f"{TEAM}/{DIRECT}", **more: Any) -> OutboundMessage:
    """An answer of the agent's."""
    given = {"author": Author.AGENT, "kind": MessageKind.ANSWER, "turn_id": "t1", **more}
    return OutboundMessage("m1", ConversationKey("slack", "default", thread), text=text, **given)


__all__ = ["APP_TOKEN", "Hub", "outbound", "serving", "settings", "store_in", "surroundings"]
