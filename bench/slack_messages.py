"""What a message from Slack costs the hub's own process: with a model and retrieval at a calm pace, and with neither under load.

The hub is in front of a fake of Slack's Web API, which runs beside the load generator, as the model does.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager

import psutil

from bench.answering import spent, talking
from bench.load import Tally, flood, steady
from bench.report import Figure, Report
from bench.servers import database, process
from channels.slack.orphaned_placeholders import PLACEHOLDER
from config.simulation.slack_fake import SlackFake, person
from config.simulation.slack_world import SECRET, TOKEN

_CALM = 10.0
_CONNECTIONS = 64
_PATIENCE = 60.0
Server = tuple[int, int]
"""Its port and its process id."""
_ANSWERS = ("chat.postMessage", "chat.startStream", "chat.update")


class Customers:
    """Each writes in a conversation of their own."""

    def __init__(self, slack: SlackFake) -> None:
        self._slack = slack
        self._numbers: Iterator[int] = itertools.count()

    def write(self) -> bytes:
        """A signed event with the first message of another customer."""
        number = next(self._numbers)
        user = f"U0B{number:06d}"
        self._slack.users[user] = person(user, f"Person {number}", "en-US")
        text = f"How do I reset my password? My account has the number {number}."  # a vector is remembered with its question
        event = self._slack.say(text, channel=f"D0B{number:06d}", user=user)
        body, stamp = json.dumps(event).encode(), str(int(time.time()))
        mac = hmac.new(SECRET.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
        head = (
            "POST /webhooks/slack HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nX-Slack-Request-Timestamp: {stamp}\r\nX-Slack-Signature: v0={mac}\r\n\r\n"
        )
        return head.encode() + body

    async def answered(self, port: int, count: int, *, rate: float | None) -> float:
        """Seconds until all of ``count`` new customers have their answer; without a rate as fast as they are taken."""
        before, began = self.answers(), time.perf_counter()
        events = [self.write() for _ in range(count)]
        tally = await self._send(port, events, rate)
        if tally.failures:
            raise RuntimeError(f"Not acknowledged: {tally.failures}")
        async with asyncio.timeout(_PATIENCE):
            while self.answers() < before + count:  # noqa: ASYNC110 - the fake says nothing of posts
                await asyncio.sleep(0.02)
        return time.perf_counter() - began

    def answers(self) -> int:
        """How many customers have read something of their answer."""
        calls = self._slack.calls
        return len({given["channel"] for name, given in calls if name in _ANSWERS and given.get("text") != PLACEHOLDER})

    @staticmethod
    async def _send(port: int, events: list[bytes], rate: float | None) -> Tally:
        if rate is None:
            return await flood(port, events, connections=_CONNECTIONS, expected=200)
        return await steady(port, events, rate=rate, expected=200)


def run(report: Report, *, calm: int = 300, answers: int = 1_500, busy: int = 3_000) -> None:
    """Both databases."""
    for kind in ("sqlite", "postgres"):
        asyncio.run(_calm(report, kind, calm))
        asyncio.run(_answers(report, kind, answers))
        asyncio.run(_busy(report, kind, busy))


def _environment(slack: SlackFake, url: str) -> Mapping[str, str]:
    return {
        "DATABASE_URL": url,
        "PUBLIC_URL": "https://hub.example",
        "SLACK_BOT_TOKEN": TOKEN,
        "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_API_BASE_URL": slack.api_url,
    }


@asynccontextmanager
async def answering_hub(kind: str, piece: int | None = None) -> AsyncIterator[tuple[Customers, Server, Server]]:
    """The customers of a hub that has read the sample documents, the hub, and its model, which speaks in such pieces."""
    with ExitStack() as stack:
        url = await asyncio.to_thread(stack.enter_context, database(kind))
        talker = process("bench.talker", "{port}", environment={"BENCH_PIECE": str(piece)} if piece else None)
        model = await asyncio.to_thread(stack.enter_context, talker)
        async with SlackFake() as slack:
            environment = {**_environment(slack, url), **talking(url, model[0]), "BENCH_MODEL": "1"}
            hub = await asyncio.to_thread(stack.enter_context, process("bench.subject", environment=environment))
            customers = Customers(slack)
            await customers.answered(hub[0], 20, rate=1.0)  # the documents are read meanwhile
            yield customers, hub, model


async def _calm(report: Report, kind: str, count: int) -> None:
    async with answering_hub(kind) as (customers, (port, pid), _):
        before = spent(pid)
        await customers.answered(port, count, rate=_CALM)
        each = (spent(pid) - before) / count * 1000
    name = f"processor of the hub for a message on Slack, model and retrieval, {_CALM:.0f}/s, {kind}"
    report.add(Figure(name, each, "ms", aim="8 ms and the model's client"))


async def _answers(report: Report, kind: str, count: int) -> None:
    """With a model that says everything in one piece, so that it leaves the processors to the hub."""
    async with answering_hub(kind, piece=10_000) as (customers, (port, pid), (_, model)):
        await customers.answered(port, 100, rate=None)
        processes = {"hub": pid, "knowledge": _knowledge(pid), "model's stand-in": model}
        before = {name: spent(each) for name, each in processes.items()}
        seconds = await customers.answered(port, count, rate=None)
        each = {name: (spent(each) - before[name]) / count * 1000 for name, each in processes.items()}
    report.add(Figure(f"messages from Slack, model and retrieval, {kind}", count / seconds, "/s", aim="300/s"))
    for name, milliseconds in each.items():
        report.add(Figure(f"of it: processor of the {name} for each, {kind}", milliseconds, "ms"))


def _knowledge(hub: int) -> int:
    """The process of the hub that embeds and searches."""
    children = psutil.Process(hub).children(recursive=True)
    return next(child.pid for child in children if "knowledge.process.worker" in child.cmdline())


async def _busy(report: Report, kind: str, count: int) -> None:
    """Beside a bot that does no more than it must, on the same database, against the same fake."""
    floor, bare = await _saturated(kind, count, "bench.bare_bot", "{port}")
    each, rate = await _saturated(kind, count, "bench.subject")
    name, by = f"the same, a responder that does nothing, as fast as it goes, {kind}", "bare bot"
    report.add(Figure(name, each, "ms", floor, by, aim="2 ms"))
    report.add(Figure(f"messages from Slack meanwhile, {kind}", rate, "/s", bare, by, aim="600/s"))


async def _saturated(kind: str, count: int, module: str, *arguments: str) -> tuple[float, float]:
    """Milliseconds of processor for a message, and messages a second."""
    with ExitStack() as stack:
        url = await asyncio.to_thread(stack.enter_context, database(kind))
        async with SlackFake() as slack:
            server = process(module, *arguments, environment=_environment(slack, url))
            port, pid = await asyncio.to_thread(stack.enter_context, server)
            customers = Customers(slack)
            await customers.answered(port, 100, rate=None)
            before = spent(pid)
            seconds = await customers.answered(port, count, rate=None)
            return (spent(pid) - before) / count * 1000, count / seconds
