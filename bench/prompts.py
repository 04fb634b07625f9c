"""How long a prompt grows in one conversation: its tokens after 20 and after 200 turns, estimated as the hub does."""

from __future__ import annotations

import asyncio

from bench.answering import asked_of, talking, warm
from bench.load import Customer, customers, exchange, request
from bench.report import Figure, Report
from bench.servers import database, process
from core.agent.settings import AgentSettings
from core.agent.tokens import estimate

_TURNS, _EARLY = 200, 20
_UNBOUNDED = {"MODEL_TOKENS_PER_CUSTOMER": "0"}


def run(report: Report) -> None:
    """One customer asks 200 times on SQLite over the sample documents. The floor is the prompt after 20 turns."""
    with (
        process("bench.talker", "{port}") as (model, _),
        database("sqlite") as url,
        process("config.cli", "serve", environment=talking(url, model) | _UNBOUNDED) as (port, _),
    ):
        warm(port)
        sizes = asyncio.run(_sizes(port, model))
    early, late = max(sizes[:_EARLY]), max(sizes[-_EARLY:])
    aim = f"under {AgentSettings().context_tokens:,}"
    report.add(
        Figure(f"largest prompt within the last {_EARLY} of {_TURNS} turns", late, "tokens", early, "at first", aim)
    )


async def _sizes(port: int, model: int) -> list[int]:
    """The largest prompt of each turn."""
    who = customers(1)[0]
    asked_of(model)
    return [await _size(port, model, who, turn) for turn in range(_TURNS)]


async def _size(port: int, model: int, who: Customer, turn: int) -> int:
    status = 429
    while status == 429:  # one session may send 120 messages in a minute
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        status = await exchange(reader, writer, request(who, f"turn-{turn}", wait=30))
        writer.close()
        await asyncio.sleep(status == 429)
    if status != 200:
        raise RuntimeError(f"Turn {turn} was answered with {status}.")
    calls = await asyncio.to_thread(asked_of, model)
    return max(sum(estimate(str(message["content"])) for message in call["messages"]) for call in calls)
