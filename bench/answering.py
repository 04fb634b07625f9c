"""What an answer costs the hub's own process, from the message to the answer over HTTP, beside the library's model client.

The floor is the openai package in a process of its own, which sends the requests that the hub sent and reads the answers.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil
from openai import AsyncOpenAI

from bench.load import customers, request, steady
from bench.report import Figure, Report
from bench.servers import database, process
from tests.servers.models import MODELS

_RATE = 8.0
_PATIENCE = 10


def run(report: Report, *, turns: int = 150) -> None:
    """One at a time on SQLite over the sample documents, as a hub does that is not busy."""
    with process("bench.talker", "{port}") as (model, _), database("sqlite") as url:
        environment = talking(url, model)
        with (
            tempfile.TemporaryDirectory(prefix="switchboard-bench-") as folder,
            process("bench.sampled", f"{folder}/hops", "config.cli", "serve", environment=environment) as (port, pid),
        ):
            warm(port)
            calls = _calls_of_one_answer(port, model)
            client = asyncio.run(_client(model, calls, turns))
            began = spent(pid)
            _answered(port, turns)
            each = (spent(pid) - began) / turns * 1000
            hops = _hops(port, pid, turns, Path(folder, "hops"))
    report.add(Figure("processor of the hub for an answer", each, "ms", client, "the model's client", "8 ms more"))
    for hop, seconds in sorted(hops.items(), key=lambda one: -one[1]):
        report.add(Figure(f"of it: {hop}", seconds / turns * 1000, "ms"))


def talking(url: str, model: int) -> dict[str, str]:
    """The settings of a hub on this database whose model is the talker at this port."""
    return {
        "DATABASE_URL": url,
        "OPENAI_BASE_URL": f"http://127.0.0.1:{model}/v1",
        "AGENT_ANSWER_FORMAT": "text",
        "KNOWLEDGE_SOURCES": "sample",
        "EMBEDDING_CACHE": str(MODELS),
    }


def _hops(port: int, pid: int, turns: int, file: Path) -> dict[str, float]:
    """Seconds of each hop, in a run of its own, since looking costs something as well."""
    os.kill(pid, signal.SIGUSR1)
    _answered(port, turns)
    os.kill(pid, signal.SIGUSR2)
    while not file.exists() or not file.stat().st_size:
        time.sleep(0.1)
    found: dict[str, float] = json.loads(file.read_text())
    return found


def warm(port: int) -> None:
    """Ask until the documents are read: questions asked meanwhile wait for them, longer than their request does."""
    for _ in range(_PATIENCE):
        asked = [request(person, "warm", wait=30) for person in customers(5)]
        if len(asyncio.run(steady(port, asked, rate=_RATE, expected=200)).latencies) == len(asked):
            return
    raise RuntimeError("The documents are not read in time.")


def _answered(port: int, count: int) -> None:
    asked = [request(person, "one", wait=30) for person in customers(count)]
    tally = asyncio.run(steady(port, asked, rate=_RATE, expected=200))
    if len(tally.latencies) != count:
        raise RuntimeError(f"Not answered: {tally.failures}")


def spent(pid: int) -> float:
    """Seconds of processor of this process, without those that it started."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def _calls_of_one_answer(port: int, model: int) -> list[dict[str, Any]]:
    asked_of(model)
    _answered(port, 1)
    return asked_of(model)


def asked_of(model: int) -> list[dict[str, Any]]:
    """The requests that the talker got since the last look, 64 at most."""
    with urllib.request.urlopen(f"http://127.0.0.1:{model}/asked") as answer:
        found: list[dict[str, Any]] = json.load(answer)
        return found


async def _client(port: int, calls: list[dict[str, Any]], turns: int) -> float:
    """Milliseconds for the calls of one answer: the answer, and the look at its sentences."""
    client = AsyncOpenAI(api_key="none", base_url=f"http://127.0.0.1:{port}/v1", max_retries=0)
    for call in calls * 3:
        await _read(client, call)
    began = time.process_time()
    for call in calls * turns:
        await _read(client, call)
    spent = time.process_time() - began
    await client.close()
    return spent / turns * 1000


async def _read(client: AsyncOpenAI, call: dict[str, Any]) -> None:
    async for _ in await client.chat.completions.create(**call):
        pass
