"""The same life of a case, once on each channel for customers, over real HTTP, a real mailbox, and Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.desk.life import ANSWERED, ANSWERED_IN_GERMAN, ASKED, ASKED_IN_ENGLISH, Life
from tests.e2e.desk.neighbourhood import CHANNELS, Neighbourhood, neighbourhood
from tests.servers.llmock import LlMock

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


_TRANSLATES = "You translate messages between the customers and the support staff"
WORDS = [
    {"match": {"systemMessage": _TRANSLATES, "userMessage": ASKED}, "response": {"content": ASKED_IN_ENGLISH}},
    {"match": {"systemMessage": _TRANSLATES, "userMessage": ANSWERED}, "response": {"content": ANSWERED_IN_GERMAN}},
    {"match": {"userMessage": "bicycles"}, "response": {"content": "I do not know that."}},
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory, knowledge_template: Path) -> AsyncIterator[Neighbourhood]:
    """One hub for all lives: the conversations of other channels lie beside each in it. A model is there to translate."""
    folder = tmp_path_factory.mktemp("life")
    (folder / "documents").mkdir()
    (folder / "documents" / "returns.md").write_text("# Returns\n\nYou can return a parcel within 30 days.\n")
    model = LlMock(folder / "model", WORDS)
    model.start()
    try:
        more = {"OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "test", "DESK_TRANSLATE": "true"}
        documents = str(folder / "documents")
        async with neighbourhood(
            folder, documents, knowledge_template, ESCALATION_KEYWORDS="complaint", **more
        ) as built:
            yield built
            assert not built.telegram.problems
    finally:
        model.stop()


_ELSEWHERE = ("telegram", "sms")
"""What these two do otherwise, ``integration/telegram_channel`` and ``integration/sms_channel`` show."""


@pytest.mark.parametrize(
    "channel",
    [pytest.param(one, marks=pytest.mark.soak(small=False)) if one in _ELSEWHERE else one for one in CHANNELS],
)
async def test_the_life_of_a_case(world: Neighbourhood, channel: str) -> None:
    async with world.customer(channel) as customer:
        life = Life(world, customer)
        await life.escalate()
        await life.claim()
        await life.talk()
        await life.keep_inside()
        await life.change_their_mind()
        await life.change_mine()
        await life.translate()
        await life.assign()
        await life.hand_back()
        await life.escalate_with_a_file("This is a complaint: how long can I return a parcel?")
        await life.draft()
        await life.resolve()
        await life.reopen()
        await life.at_the_end()
