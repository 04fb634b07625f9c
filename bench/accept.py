"""How many messages per second are accepted (durable, then acknowledged), with and without group commit."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time

import asyncpg

from bench.load import Tally, customers, flood, request
from bench.report import Figure, Report
from bench.servers import database, process

CONNECTIONS = 256


def _requests(count: int) -> list[bytes]:
    people = customers(max(1, count // 100))
    return [request(people[number % len(people)], f"c{number}", wait=0) for number in range(count)]


def _flood(port: int, count: int) -> Tally:
    return asyncio.run(flood(port, _requests(count), connections=CONNECTIONS, expected=202))


def _raw_sqlite(seconds: float = 2.0) -> float:
    """Commits per second of one row each, flushed to the same disk."""
    with tempfile.TemporaryDirectory(prefix="switchboard-bench-") as folder:
        connection = sqlite3.connect(f"{folder}/raw.db", isolation_level=None)
        connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (x TEXT)")
        count, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            connection.execute("INSERT INTO t VALUES ('a message of a usual length, more or less')")
            count += 1
        connection.close()
        return count / seconds


async def _raw_postgres(url: str, seconds: float = 2.0) -> float:
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE raw (x TEXT)")
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        await connection.execute("INSERT INTO raw VALUES ('a message of a usual length, more or less')")
        count += 1
    await connection.close()
    return count / seconds


def run(report: Report, *, count: int = 8_000) -> None:
    """Both databases."""
    with process("bench.bare", "{port}") as (port, _):
        _flood(port, 2_000)
        bare = _flood(port, count).rate
    report.add(Figure("bare aiohttp handler", bare, "requests/s"))
    for kind in ("sqlite", "postgres"):
        with database(kind) as url:
            raw = _raw_sqlite() if kind == "sqlite" else asyncio.run(_raw_postgres(url))
            report.add(Figure(f"raw commits, one at a time, {kind}", raw, "commits/s"))
            for batch, name in (("256", "with group commit"), ("1", "without group commit")):
                with process(
                    "bench.subject", environment={"DATABASE_URL": url, "BENCH_BATCH": batch, "BENCH_WORK": "0"}
                ) as (port, _):
                    _flood(port, 1_000)
                    tally = _flood(port, count if batch != "1" else count // 6)
                if tally.failures:
                    print(f"  not accepted: {tally.failures}")
                aim = "2,000/s" if batch != "1" else ""
                report.add(Figure(f"accepted over HTTP, {kind}, {name}", tally.rate, "/s", bare, "bare handler", aim))
