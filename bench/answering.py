"""What an answer costs the hub's own process, beside what the model's client costs: from the message to the answer over HTTP."""

from __future__ import annotations

import asyncio
import json
import time

import psutil

from bench.load import customers, request, steady
from bench.report import Figure, Report
from bench.servers import database, process
from bench.talker import ANSWER
from config.clock import SystemClock
from core.llm.openai_chat import OpenAIChat
from core.llm.settings import OpenAIChatSettings
from core.ports.chat_model import ChatMessage, ChatRequest
from tests.servers.models import MODELS

_RATE = 8.0
_PATIENCE = 10


def run(report: Report, *, turns: int = 150) -> None:
    """One at a time on SQLite over the sample documents, as a hub does that is not busy."""
    with process("bench.talker", "{port}") as (model, _), database("sqlite") as url:
        environment = {
            "DATABASE_URL": url,
            "OPENAI_BASE_URL": f"http://127.0.0.1:{model}/v1",
            "AGENT_ANSWER_FORMAT": "text",
            "KNOWLEDGE_SOURCES": "sample",
            "EMBEDDING_CACHE": str(MODELS),
        }
        client = asyncio.run(_client(model, turns))
        with process("config.cli", "serve", environment=environment) as (port, pid):
            _warm(port)
            began = _spent(pid)
            _answered(port, turns)
            spent = (_spent(pid) - began) / turns * 1000
    report.add(Figure("processor of the hub for an answer", spent, "ms", client, "the model's client", "8 ms more"))


def _warm(port: int) -> None:
    """Until the documents are read: what is asked meanwhile waits for them, and is answered later than it is waited for."""
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


def _spent(pid: int) -> float:
    """Seconds of processor of this process, without those that it started."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


async def _client(port: int, turns: int) -> float:
    """Milliseconds for the calls of one answer: the answer, and the look at its sentences."""
    settings = OpenAIChatSettings("m", base_url=f"http://127.0.0.1:{port}/v1")
    model = OpenAIChat(settings, SystemClock())
    looked = json.dumps({"sentences": [{"id": f"{number:06x}"} for number in range(ANSWER.count("["))]})
    calls = [ChatRequest([ChatMessage("user", text)]) for text in ("How?", looked)]
    for call in calls * 3:
        await _read(model, call)
    began = time.process_time()
    for call in calls * turns:
        await _read(model, call)
    spent = time.process_time() - began
    await model.aclose()
    return spent / turns * 1000


async def _read(model: OpenAIChat, call: ChatRequest) -> None:
    async for _ in model.stream(call):
        pass
