"""The way in for webhooks, on a real server: nothing is thanked for before it is stored, and nothing is dropped."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from api.problems import problems
from channels.webhook_endpoint import WebhookEndpoint
from core.domain.customer import Identity
from core.domain.errors import (
    BadSignature,
    InvalidInput,
    Overloaded,
    SessionEnded,
    StoreUnavailable,
    UnknownMessage,
)
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import InboundEvent, MessageReceived, RawEvent
from core.ports.channel import Accepted, WebhookReply, WebhookRequest
from core.ports.metrics import Counter
from tests.contract.stores.manual_clock import ManualClock
from tests.unit.core.counted import CountedMetrics

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


class Postcards:
    """A channel whose provider posts JSON, with the password in a header."""

    name = "postcards"
    account = "main"

    def __init__(self) -> None:
        self.urls: list[str] = []

    def authenticate(self, request: WebhookRequest) -> None:
        self.urls.append(request.url)
        if request.headers.get("X-Password") != "open sesame":
            raise BadSignature("This is not the provider.")

    def parse(self, raw: RawEvent) -> Sequence[InboundEvent] | WebhookReply:
        said = json.loads(raw.body)
        if "challenge" in said:
            return WebhookReply(body=said["challenge"].encode())
        if said.get("text") is None:
            raise InvalidInput("A postcard has a text.")
        if said["text"] == "ignore":
            return []
        return [card(said), *map(card, said.get("more", ()))]


def card(said: Any) -> MessageReceived:
    """``age`` in seconds."""
    key = EventKey("postcards", "main", said["id"])
    where = ConversationKey("postcards", "main", "t1")
    at = NOW - timedelta(seconds=said.get("age", 0))
    return MessageReceived(key, where, Identity("postcards", "main", "ada"), said["text"], at)


class Sink:
    """Remembers; or fails as the test says."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.quarantined: list[tuple[bytes, str]] = []
        self.failure: Exception | None = None
        self.failures: dict[str, Exception] = {}
        """By the id of the event that is wrong; as the hub's own, the rest of a batch is stored and the first of them raised."""

    async def accept(self, events: Sequence[InboundEvent], raw: RawEvent | None = None) -> Sequence[Accepted]:
        if self.failure is not None:
            raise self.failure
        known = [event.key for event in self.events]
        wrong = [
            self.failures[event.key.provider_event_id]
            for event in events
            if event.key.provider_event_id in self.failures
        ]
        self.events += [
            event for event in events if event.key.provider_event_id not in self.failures and event.key not in known
        ]
        if wrong:
            raise wrong[0]
        return []

    async def quarantine(self, raw: RawEvent, reason: str) -> None:
        if isinstance(self.failure, StoreUnavailable):
            raise self.failure
        self.quarantined.append((raw.body, reason))


class Office:
    """The door on a server, and a client before it."""

    def __init__(self, http: aiohttp.ClientSession, url: str, door: WebhookEndpoint, channel: Postcards) -> None:
        self.http, self.url, self.door, self.channel = http, url, door, channel
        self.sink = Sink()
        self.clock = ManualClock()
        self.metrics = CountedMetrics()

    async def post(self, body: Any, password: str = "open sesame") -> tuple[int, str]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with self.http.post(
            f"{self.url}/webhooks/postcards?a=1", data=data, headers={"X-Password": password}
        ) as it:
            return it.status, await it.text()


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    channel: Any = Postcards()
    clock, metrics = ManualClock(), CountedMetrics()
    around: Any = SimpleNamespace(metrics=metrics, clock=clock, public_url="https://hub.example")
    door = WebhookEndpoint(channel, around, proof="X-Password")
    app = web.Application(middlewares=[problems])
    app.add_routes([door.route("/webhooks/postcards", thanks=WebhookReply(body=b"thanks"))])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with aiohttp.ClientSession() as http:
        found = Office(http, f"http://127.0.0.1:{runner.addresses[0][1]}", door, channel)
        found.clock, found.metrics = clock, metrics
        door.open(found.sink)
        yield found
    await runner.cleanup()


async def test_a_message_is_thanked_for_after_the_commit(office: Office) -> None:
    assert await office.post({"id": "1", "text": "Hello"}) == (200, "thanks")
    assert [event.text for event in office.sink.events] == ["Hello"]
    assert office.channel.urls == ["https://hub.example/webhooks/postcards?a=1"], "as the provider signed it"


@pytest.mark.parametrize("failure", [StoreUnavailable("disk full"), Overloaded("too much")])
async def test_what_was_not_stored_is_not_thanked_for(office: Office, failure: Exception) -> None:
    office.sink.failure = failure
    status, _ = await office.post({"id": "1", "text": "Hello"})
    assert status == 503


async def test_challenges_are_answered_and_the_rest_may_be_ignored(office: Office) -> None:
    assert await office.post({"challenge": "abc"}) == (200, "abc")
    assert await office.post({"id": "1", "text": "ignore"}) == (200, "thanks")
    assert office.sink.events == []


@pytest.mark.parametrize("body", [b"\xff\xfe", {"no": "text"}, b"[]", b"null"])
async def test_what_cannot_be_understood_is_kept_word_for_word(office: Office, body: Any) -> None:
    assert await office.post(body) == (200, "thanks")
    ((kept, reason),) = office.sink.quarantined
    assert kept == (body if isinstance(body, bytes) else json.dumps(body).encode())
    assert reason


async def test_what_cannot_even_be_kept_is_not_thanked_for(office: Office) -> None:
    office.sink.failure = StoreUnavailable("disk full")
    status, _ = await office.post(b"\xff")
    assert status == 503


async def test_a_stranger_is_refused_counted_and_after_a_burst_told_of(office: Office) -> None:
    for number in range(10):
        assert office.door.alarm is None, number
        status, _ = await office.post({"id": "1", "text": "Hello"}, password="guess")
        assert status == 401
    assert office.door.alarm == "many requests with a wrong signature"
    assert office.metrics.total(Counter.BAD_SIGNATURES) == 10
    assert office.sink.events == []
    office.clock.move(61)
    assert office.door.alarm is None


async def test_slow_guesses_are_no_burst(office: Office) -> None:
    for _ in range(20):
        await office.post({}, password="guess")
        office.clock.move(7)
    assert office.door.alarm is None


async def test_an_edit_that_overtook_its_message_comes_again(office: Office) -> None:
    office.sink.failure = UnknownMessage("not here")
    assert (await office.post({"id": "1", "text": "edit", "age": 5}))[0] == 503
    assert await office.post({"id": "1", "text": "edit", "age": 600}) == (200, "thanks"), "it will never be known"
    assert office.sink.quarantined == []


@pytest.mark.parametrize("order", [("edit", "bad"), ("bad", "edit")])
@pytest.mark.parametrize(("age", "status"), [(5, 503), (600, 200)])
async def test_each_event_of_a_batch_is_refused_for_its_own_reason(
    office: Office, order: tuple[str, str], age: int, status: int
) -> None:
    office.sink.failures = {"edit": UnknownMessage("not here"), "bad": InvalidInput("no such place")}
    first, second = ({"id": name, "text": name, "age": age} for name in order)

    answer, _ = await office.post(first | {"more": [{"id": "good", "text": "Hello", "age": age}, second]})

    assert answer == status
    assert [reason for _, reason in office.sink.quarantined] == ["no such place"]
    assert [event.text for event in office.sink.events] == ["Hello"]


async def test_an_old_edit_does_not_come_again_because_of_its_young_neighbour(office: Office) -> None:
    office.sink.failures = {"edit": UnknownMessage("not here")}
    batch = {"id": "edit", "text": "edit", "age": 600, "more": [{"id": "new", "text": "Hello", "age": 0}]}
    assert await office.post(batch) == (200, "thanks")


async def test_an_ended_session_is_no_reason_to_come_again(office: Office) -> None:
    office.sink.failure = SessionEnded("over")
    assert (await office.post({"id": "1", "text": "Hello"}))[0] == 200


async def test_too_long_a_body_is_refused_before_it_is_read(office: Office) -> None:
    assert await unread(office, 2e6, {"X-Password": "open sesame"}) == 413


async def test_without_a_proof_no_body_is_read(office: Office) -> None:
    assert await unread(office, 0.9e3, {"X-Other": "1"}) == 401
    assert len(office.sink.quarantined) == len(office.sink.events) == 0


async def unread(office: Office, length: float, headers: dict[str, str]) -> int:
    """The answer to a request whose body never comes."""
    host, _, port = office.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(
        f"POST /webhooks/postcards HTTP/1.1\r\nHost: x\r\nContent-Length: {length:.0f}\r\n{lines}\r\n".encode()
    )
    try:
        return int((await reader.readline()).split()[1])
    finally:
        writer.close()


async def test_before_start_and_after_stop_providers_come_again(office: Office) -> None:
    office.door.open(None)
    assert (await office.post({"id": "1", "text": "Hello"}))[0] == 503
