"""What is written behind is written in the end, whatever the database did meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest

from channels import write_behind
from channels.write_behind import WriteBehindCache
from core.clock import SystemClock
from core.domain.errors import Overloaded, StoreUnavailable
from core.ports.channel_memory import ChannelMemory
from tests.patience import PATIENCE


class Memory:
    """Refuses as often as it has ``trouble``. ``writes``: what each transaction held."""

    def __init__(self, *trouble: Exception) -> None:
        self.trouble = list(trouble)
        self.writes: list[dict[str, str]] = []

    async def remember_many(self, _channel: str, _account: str, values: Mapping[str, str]) -> None:
        """See ChannelMemory."""
        if self.trouble:
            raise self.trouble.pop(0)
        self.writes.append(dict(values))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_behind, "_SOON", 0.01)
    monkeypatch.setattr(write_behind, "_GATHER", 0.2)


def cache(memory: Memory) -> WriteBehindCache:
    return WriteBehindCache(cast(ChannelMemory, memory), "slack", "main", SystemClock())


async def until(holds: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - what is written is no event
            await asyncio.sleep(0.01)


async def test_what_waits_shares_a_write() -> None:
    memory = Memory()
    behind = cache(memory)
    for number in range(5):
        behind.put(f"seen/{number}", "x")
    behind.put("seen/0", "y")
    await until(lambda: memory.writes)
    assert memory.writes == [{"seen/0": "y", **{f"seen/{number}": "x" for number in range(1, 5)}}]


async def test_what_others_ask_for_brings_the_rest_with_it() -> None:
    memory = Memory()
    behind = cache(memory)
    behind.put("seen/1", "x")
    behind.put("alias/1", "x", soon=True)
    await until(lambda: memory.writes)
    assert memory.writes == [{"seen/1": "x", "alias/1": "x"}]


@pytest.mark.parametrize("trouble", [StoreUnavailable("away"), Overloaded("full"), ValueError("refused")])
async def test_a_write_that_failed_is_made_again_without_news(trouble: Exception) -> None:
    memory = Memory(trouble)
    behind = cache(memory)
    behind.put("alias/1", "x", soon=True)
    await until(lambda: not memory.trouble)
    await until(lambda: memory.writes)
    assert memory.writes == [{"alias/1": "x"}]


async def test_closing_writes_the_rest() -> None:
    memory = Memory()
    behind = cache(memory)
    behind.put("seen/1", "x")
    await behind.close()
    assert memory.writes == [{"seen/1": "x"}]


async def test_closing_while_the_database_is_away_is_no_error() -> None:
    memory = Memory(StoreUnavailable("away"), StoreUnavailable("away"))
    behind = cache(memory)
    behind.put("alias/1", "x", soon=True)
    await until(lambda: len(memory.trouble) == 1)
    await behind.close()
    assert memory.writes == []
