"""How long a lone customer waits for the first words behind the model's own: on the web as they stream, on Slack as one post.

The model notes when it sends its first words; the clock is the machine's, so that processes may be compared.
"""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from contextlib import ExitStack

import aiohttp

from bench.answering import talking, warm
from bench.load import Tally, customers, exchange
from bench.report import Figure, Report
from bench.servers import database, process
from bench.slack_messages import answering_hub

_SHOWS = {"text", "complete"}
_WAIT = 30.0


def run(report: Report, *, count: int = 100) -> None:
    """One at a time on both databases, with retrieval over the sample documents."""
    for kind in ("sqlite", "postgres"):
        for channel, measure in (("web", _on_the_web), ("Slack", _on_slack)):
            tally = asyncio.run(measure(kind, count))
            for share, aim in ((0.5, "60 ms"), (0.99, "150 ms")):
                name = f"first words behind the model's, {channel}, {kind}, p{share * 100:.0f}"
                report.add(Figure(name, tally.percentile(share), "ms", aim=aim))


async def _on_the_web(kind: str, count: int) -> Tally:
    tally, heard = Tally(200), _Model()
    with ExitStack() as stack:
        url = await asyncio.to_thread(stack.enter_context, database(kind))
        model, _ = await asyncio.to_thread(stack.enter_context, process("bench.talker", "{port}"))
        hub = process("config.cli", "serve", environment=talking(url, model))
        port, _ = await asyncio.to_thread(stack.enter_context, hub)
        await asyncio.to_thread(warm, port)
        async with aiohttp.ClientSession() as session:
            for person in customers(count):
                socket = await session.ws_connect(f"ws://127.0.0.1:{port}/ws")
                await socket.send_json({"type": "auth", "token": person.token})
                await socket.send_json(
                    {"type": "message", "content": "How do I reset my password?", "client_id": "one"}
                )
                while (await socket.receive_json(timeout=_WAIT))["type"] not in _SHOWS:
                    pass
                tally.note(200, time.monotonic() - await asyncio.to_thread(heard.next, model))
                await socket.close()
    return tally


async def _on_slack(kind: str, count: int) -> Tally:
    tally, heard = Tally(200), _Model()
    async with answering_hub(kind) as (people, (port, _), (model, _)):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(count):
            answers = people.answers()
            await exchange(reader, writer, people.write())
            async with asyncio.timeout(_WAIT):
                while people.answers() == answers:  # noqa: ASYNC110 - the fake says nothing of posts
                    await asyncio.sleep(0.001)
            tally.note(200, time.monotonic() - await asyncio.to_thread(heard.next, model))
        writer.close()
    return tally


class _Model:
    """When the model began each of its answers."""

    def __init__(self) -> None:
        self._last = 0.0

    def next(self, port: int) -> float:
        """Of the newest one, on the machine's monotonic clock. Raises RuntimeError when it was told before."""
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/spoke") as answer:
            spoke = float(json.load(answer))
        if spoke == self._last:
            raise RuntimeError("An answer came that the model did not give.")
        self._last = spoke
        return spoke
