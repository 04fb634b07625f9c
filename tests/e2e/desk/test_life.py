"""The same life of a case, once on each channel for customers, over real HTTP, a real mailbox, and Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.desk.life import Life
from tests.e2e.desk.neighbourhood import CHANNELS, Neighbourhood, neighbourhood

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Neighbourhood]:
    """One hub for all lives: the conversations of other channels lie beside each in it."""
    async with neighbourhood(tmp_path_factory.mktemp("life")) as built:
        yield built
        assert not built.telegram.problems


@pytest.mark.parametrize("channel", CHANNELS)
async def test_the_life_of_a_case(world: Neighbourhood, channel: str) -> None:
    async with world.customer(channel) as customer:
        life = Life(world, customer)
        await life.escalate()
        await life.claim()
        await life.talk()
        await life.keep_inside()
        await life.change_their_mind()
        await life.change_mine()
        # Chapters about translating, drafting and assigning belong here: the case is Grace's, and something was said.
        await life.hand_back()
        await life.escalate("Get me a human please")
        await life.claim()
        await life.resolve()
        await life.reopen()
        await life.at_the_end()
