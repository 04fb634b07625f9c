"""Retrieving what is remembered of one customer: 100 facts, alone and among 100,000 of 1,000 customers."""

from __future__ import annotations

import asyncio
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sqlalchemy import insert

from bench.report import Figure, Report
from bench.search_size import text_of
from core.agent.customer_facts import relevant_facts
from core.clock import SystemClock
from core.domain.memory import CustomerMemory, Fact, FactKind
from core.ports.tickets import Holder
from core.storage import codec
from core.storage.store import SqlStore
from core.storage.tables import customer
from tests.servers.sqlite import new_sqlite

_FACTS, _CUSTOMERS, _QUESTIONS = 100, 1_000, 300
_NOW = datetime(2026, 11, 24, tzinfo=UTC)


def run(report: Report) -> None:
    """Read, decoded and ranked for a question, on SQLite. The floor is the same with one customer in the database."""
    alone, among = asyncio.run(_milliseconds(1)), asyncio.run(_milliseconds(_CUSTOMERS))
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        took, floor = (times[int(len(times) * share)] for times in (among, alone))
        report.add(
            Figure(f"100 facts of one of 1,000 customers, {name}", took, "ms", floor, "of the only one", "20 ms")
        )


async def _milliseconds(customers: int) -> list[float]:
    random = np.random.default_rng(16)
    texts = [text_of(random, 12) for _ in range(_FACTS * 10)]
    with tempfile.TemporaryDirectory(prefix="switchboard-bench-") as place:
        store = SqlStore(new_sqlite(Path(place) / "hub.db"), SystemClock())
        await store.open()
        rows = [_row(number, texts) for number in range(customers)]
        await store.database.write(lambda connection: connection.execute(insert(customer), rows))
        took = []
        for _ in range(_QUESTIONS):
            who, question = f"c{random.integers(customers)}", text_of(random, 10)
            began = time.perf_counter()
            facts = await store.facts_of(Holder(who, "home", verified=True))
            assert len(facts) == _FACTS
            relevant_facts(facts, question, _NOW)
            took.append((time.perf_counter() - began) * 1000)
        await store.close()
    return sorted(took)


def _row(number: int, texts: list[str]) -> dict[str, object]:
    facts = [_fact(f"{place}", texts[(number + place * 10) % len(texts)]) for place in range(_FACTS)]
    kept = codec.dump_memory(CustomerMemory(tuple(facts)), {})
    return {"id": f"c{number}", "created_at": _NOW.timestamp(), "memory": kept}


def _fact(subject: str, text: str) -> Fact:
    return Fact(FactKind.FACT, subject, text, 3, "home", f"m{subject}", _NOW, _NOW)
