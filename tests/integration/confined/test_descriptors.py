"""A confined child holds the descriptors of its own call alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
import uvloop

from core.confined.probe import EXPECTED_OPEN
from core.confined.runner import ConfinedRunner
from tests.integration.confined import attempts


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_nothing_is_open_but_what_the_call_needs(loop_factory: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """Also while other children run, and whatever the event loop leaves open in the processes that it starts."""

    async def run() -> None:
        runner = ConfinedRunner((attempts.__name__,))
        try:
            for answer in await asyncio.gather(*(runner.call(f"{attempts.__name__}:list_open", b"") for _ in range(4))):
                assert json.loads(answer) == EXPECTED_OPEN
        finally:
            await runner.close()

    with asyncio.Runner(loop_factory=loop_factory) as loop_runner:
        loop_runner.run(run())
