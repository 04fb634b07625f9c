"""The other customers, who write while somebody attacks. Each waits for an answer before asking again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.faults.attack.patience import until
from tests.servers.hub import Hub
from tests.soak_report import Report

_QUESTION = "How do I reset my password?"
_PAUSE = 0.6
"""Seconds between an answer and the next question: people read, and write less often than they are allowed to."""


class Neighbour:
    """``enough`` is set when the attack is over; it asks at least ``least`` times."""

    def __init__(self, hub: Hub, http: aiohttp.ClientSession, least: int, enough: asyncio.Event) -> None:
        self.asked: list[str] = []
        self.answered = 0
        self.refused: list[str] = []
        self.history: list[dict[str, Any]] = []
        self._hub = hub
        self._http = http
        self._least = least
        self._enough = enough
        self._session: dict[str, Any] = {}

    async def run(self) -> None:
        """Ask until it is enough, then read the history."""
        async with self._http.post(f"{self._hub.url}/api/sessions", json={}) as answer:
            assert answer.status == 200, answer.status
            self._session = await answer.json()
        while len(self.asked) < self._least or not self._enough.is_set():
            await self._ask(f"{_QUESTION} ({len(self.asked) + 1})")
            self.answered += 1
            await asyncio.sleep(_PAUSE)
        self.history = await self._read()

    def wrong(self) -> list[str]:
        """What is lost, doubled or out of order; empty when nothing is."""
        wrong = [f"refused: {why}" for why in self.refused]
        own = [one["content"] for one in self.history if one["author"] == "customer"]
        if own != self.asked:
            wrong.append(f"asked {len(self.asked)} times, stored {own}")
        expected: list[str] = []
        for one in self.history:
            if one["author"] == "customer":
                expected.append(one["id"])
            elif not expected or one["in_reply_to"] != expected.pop():
                wrong.append(f"this answers nothing: {one}")
        if expected:
            wrong.append(f"not answered: {expected}")
        return wrong

    async def _ask(self, text: str) -> None:
        """Once more under the same id, where the hub says that it has not stored it."""
        self.asked.append(text)
        url = f"{self._hub.url}/api/chat/sessions/{self._session['session_id']}/messages"
        body = {"message": text, "client_id": f"c{len(self.asked)}"}
        async with self._http.post(url, json=body, headers=self._bearer) as answer:
            if answer.status not in (200, 202):
                self.refused.append(f"{text}: {answer.status} {await answer.text()}")
            late = answer.status == 202
        if late:
            await until(self._is_answered, "no answer")

    async def _is_answered(self) -> bool:
        return bool((await self._read())[-1]["author"] != "customer")

    async def _read(self) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = []
        after, more = 0, True
        while more:
            url = f"{self._hub.url}/api/sessions/{self._session['session_id']}/history?after={after}"
            async with self._http.get(url, headers=self._bearer) as answer:
                assert answer.status == 200, answer.status
                page = await answer.json()
            messages += page["messages"]
            after, more = page["cursor"], page["has_more"]
        return messages

    @property
    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._session['token']}"}


class Neighbourhood:
    """``judge`` after the context has ended."""

    def __init__(self, people: list[Neighbour], within: float) -> None:
        self.people = people
        self._within = within

    async def each_answered(self, more: int) -> None:
        """Until everybody has that many more answers than now."""
        wanted = [one.answered + more for one in self.people]

        async def are_answered() -> bool:
            return all(one.answered >= upto for one, upto in zip(self.people, wanted, strict=True))

        await until(are_answered, "other customers get no answers", self._within)

    def judge(self, report: Report | None = None) -> None:
        """Everybody was answered, in order, once."""
        wrong = {f"customer {place}": found for place, one in enumerate(self.people) if (found := one.wrong())}
        if report is not None:
            report.record("questions of other customers", sum(len(one.asked) for one in self.people))
            report.record("of them lost, doubled, refused or out of order", sum(map(len, wrong.values())))
        assert not wrong, wrong


@asynccontextmanager
async def neighbourhood(hub: Hub, count: int, *, least: int = 2, within: float = 120.0) -> AsyncIterator[Neighbourhood]:
    """They write from the beginning to the end, each from an address of their own, and all get their answers."""
    enough = asyncio.Event()
    people, sessions, tasks = [], [], []
    for number in range(count):
        connector = aiohttp.TCPConnector(local_addr=(f"127.0.1.{number + 1}", 0))
        http = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=within))
        sessions.append(http)
        people.append(Neighbour(hub, http, least, enough))
        tasks.append(asyncio.create_task(people[-1].run()))
    try:
        yield Neighbourhood(people, within)
        enough.set()
        async with asyncio.timeout(within):
            await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for http in sessions:
            await http.close()
