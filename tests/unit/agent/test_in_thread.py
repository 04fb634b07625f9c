"""Long texts are analysed beside the event loop, one at a time."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar

from core.agent.in_thread import run_in_thread
from tests.contract.responders.world import turn_of

LONG = "How do I reset my password? " * 100
SPENDER: ContextVar[str] = ContextVar("SPENDER")


async def test_a_long_text_leaves_the_event_loop_free() -> None:
    """The call returns only once the loop has run."""
    has_run = threading.Event()
    asyncio.get_running_loop().call_soon(has_run.set)
    assert await run_in_thread(turn_of(LONG), has_run.wait, 30)


async def test_one_is_analysed_at_a_time_however_many_wait() -> None:
    """What computes in several threads at once keeps the loop waiting for each of them."""
    analysing = threading.Lock()

    def analyse(number: int) -> int:
        assert analysing.acquire(blocking=False)
        threading.Event().wait(0.005)
        analysing.release()
        return number

    assert await asyncio.gather(*(run_in_thread(turn_of(LONG), analyse, one) for one in range(12))) == list(range(12))


async def test_it_runs_on_behalf_of_its_own_turn() -> None:
    SPENDER.set("Ann")
    assert await run_in_thread(turn_of(LONG), SPENDER.get) == "Ann"


async def test_a_short_text_is_analysed_at_once() -> None:
    assert await run_in_thread(turn_of("Hello"), threading.current_thread) is threading.current_thread()
