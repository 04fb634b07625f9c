"""From a customer's message to its answer over HTTP, with a responder that does nothing: the engine's own cost."""

from __future__ import annotations

import asyncio

from bench.load import customers, flood, request, steady
from bench.report import Figure, Report
from bench.servers import database, process


def run(report: Report, *, count: int = 4_000, calm: int = 750) -> None:
    """Throughput under load, then latency at 50 messages per second."""
    for kind, aim in (("sqlite", "500/s"), ("postgres", "1,000/s")):
        with database(kind) as url, process("bench.subject", environment={"DATABASE_URL": url}) as (port, _):
            people = customers(400)
            warm = [request(person, "warm", wait=30) for person in people]
            asyncio.run(flood(port, warm, connections=64, expected=200))
            busy = [request(people[number % 400], f"b{number}", wait=30) for number in range(count)]
            tally = asyncio.run(flood(port, busy, connections=256, expected=200))
            if tally.failures:
                print(f"  not answered: {tally.failures}")
            report.add(Figure(f"end to end, {kind}", tally.rate, "messages/s", aim=aim))
            slow = [request(people[number % 400], f"s{number}", wait=30) for number in range(calm)]
            tally = asyncio.run(steady(port, slow, rate=50, expected=200))
            report.add(Figure(f"latency at 50/s, {kind}, p50", tally.percentile(0.5), "ms"))
            report.add(Figure(f"latency at 50/s, {kind}, p99", tally.percentile(0.99), "ms", aim="100 ms"))
