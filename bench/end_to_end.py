"""From a customer's message to its answer over HTTP, with a responder that does nothing: the engine's own cost.

The floor is a bare handler that is asked at the same pace by the same load generator.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bench.load import Tally, customers, flood, request, steady
from bench.report import Figure, Report
from bench.servers import database, process

_FLOOR = "bare handler"


def run(report: Report, *, count: int = 4_000, calm: int = 750) -> None:
    """Throughput under load, then latency at 50 messages per second."""
    people = customers(400)
    busy = [request(people[number % 400], f"b{number}", wait=30) for number in range(count)]
    slow = [request(people[number % 400], f"s{number}", wait=30) for number in range(calm)]
    with process("bench.bare", "{port}") as (port, _):
        rate = _flood(port, busy, 202).rate
        floor = asyncio.run(steady(port, slow, rate=50, expected=202))
    for kind, aim in (("sqlite", "500/s"), ("postgres", "1,000/s")):
        with database(kind) as url, process("bench.subject", environment={"DATABASE_URL": url}) as (port, _):
            _flood(port, [request(person, "warm", wait=30) for person in people], 200)
            tally = _flood(port, busy, 200)
            if tally.failures:
                print(f"  not answered: {tally.failures}")
            report.add(Figure(f"end to end, {kind}", tally.rate, "messages/s", rate, _FLOOR, aim))
            tally = asyncio.run(steady(port, slow, rate=50, expected=200))
            for share, wanted in ((0.5, ""), (0.99, "100 ms")):
                name = f"latency at 50/s, {kind}, p{share * 100:.0f}"
                report.add(Figure(name, tally.percentile(share), "ms", floor.percentile(share), _FLOOR, wanted))


def _flood(port: int, requests: Sequence[bytes], expected: int) -> Tally:
    return asyncio.run(flood(port, requests, connections=256, expected=expected))
