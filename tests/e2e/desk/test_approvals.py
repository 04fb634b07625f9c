"""A refund that a colleague approves in the case's thread: over HTTP, with a model that calls the tool, and with a kill."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from config.conversations.scenario import read_scenarios
from config.simulation.scripted_model import ANSWERS, CHECKS, ScriptedModel
from config.simulation.slack_world import GRACE, LINUS
from tests.e2e.desk.office import Json, whole
from tests.e2e.desk.test_desk import CLAIM, Scene, scene
from tests.fixtures.hub import MakeHub
from tests.unit.core.eventually import eventually

pytestmark = pytest.mark.slow

APPROVE = "staff_approve"
ASKS = "The agent may not do this by itself."
SCENARIO = """
conversations:
  - id: a-refund
    turns:
      - user: Please refund order A-4711.
        calls: [[{name: refund_order, args: {order: A-4711}}]]
        reply: "I can pay order A-4711 back to you."
        state: queued
"""
TOOLS = '''
import time
from pathlib import Path

from core.agent.tools import ToolContext, tool
from core.domain.errors import ToolError, ToolErrorKind

HERE = Path(__file__).parent


@tool(runs_when="staff_approves", checked_by="find_refund")
def refund_order(order: str, context: ToolContext) -> str:
    """Refund an order of this customer."""
    with (HERE / "refunds.txt").open("a") as file:
        file.write(context.idempotency_key + "\\n")
    while (HERE / "hold").exists():
        time.sleep(0.05)
    return "Refund R-1 is on its way."


@tool(effect=False)
def find_refund(idempotency_key: str) -> str:
    """Say whether a refund took place."""
    done = (HERE / "refunds.txt").read_text() if (HERE / "refunds.txt").exists() else ""
    if idempotency_key not in done:
        raise ToolError("There is none.", ToolErrorKind.NOT_FOUND)
    return "Refund R-1 is on its way."
'''


class Shop:
    """``folder``: where its tools are, and what they have done."""

    def __init__(self, world: Scene, folder: Path) -> None:
        self.world = world
        self.folder = folder

    @property
    def refunds(self) -> list[str]:
        """The keys of those that took place."""
        file = self.folder / "refunds.txt"
        return file.read_text("utf-8").splitlines() if file.exists() else []

    async def asks(self) -> tuple[Json, Json]:
        """The card, and the post with the buttons."""
        await self.world.visitor.say("Please refund order A-4711.")
        card = await self.world.office.card()
        await self.world.office.sees(card, ASKS)
        return card, self.post(card)

    def post(self, card: Json) -> Json:
        """What asks for approval."""
        (found,) = [one for one in self.world.office.thread(card) if ASKS in whole(one)]
        return found


@asynccontextmanager
async def shop(make_hub: MakeHub, tmp_path: Path) -> AsyncIterator[Shop]:
    file, tools = tmp_path / "refund.yaml", tmp_path / "tools"
    file.write_text(SCENARIO, "utf-8")
    tools.mkdir()
    (tools / "shop.py").write_text(TOOLS, "utf-8")
    async with ScriptedModel([read_scenarios(file)]).running() as model:
        environment = {
            "OPENAI_BASE_URL": model.url,
            "OPENAI_API_KEY": "test",
            "OPENAI_MODEL": ANSWERS,
            "AGENT_VERIFY_MODEL": CHECKS,
            "TOOLS_PATH": str(tools),
        }
        async with scene(make_hub, **environment) as world:
            yield Shop(world, tools)


async def test_a_refund_is_approved_in_the_thread(make_hub: MakeHub, tmp_path: Path) -> None:
    async with shop(make_hub, tmp_path) as store:
        office = store.world.office
        card, post = await store.asks()
        assert store.refunds == []
        await store.world.reads("Somebody of our team has to approve this first")
        assert "A-4711" in whole(post)
        before = dict(post)
        for user in (GRACE, GRACE, LINUS):
            await office.press(before, APPROVE, user)
        await store.world.reads("Our team has approved this, and it is done")
        await office.slack.until(lambda: "has approved this" in whole(store.post(card)))
        assert APPROVE not in json.dumps(store.post(card)["blocks"]), "the buttons are gone"
        form = await office.form(before, "decline", LINUS)
        assert await office.send_off(form, "", LINUS) == {}
        await office.slack.until(lambda: "That was decided before" in json.dumps(office.slack.modals.whispers))
        assert len(store.refunds) == 1
        assert sum("it is done" in one for one in await store.world.texts()) == 1


async def test_a_refund_that_is_declined_does_not_happen(make_hub: MakeHub, tmp_path: Path) -> None:
    async with shop(make_hub, tmp_path) as store:
        card, post = await store.asks()
        await store.world.office.press(card, CLAIM)
        form = await store.world.office.form(post, "decline")
        for _ in range(2):
            assert await store.world.office.send_off(form, "It is older than 30 days.") == {}
        await store.world.reads("Our team has decided against this")
        await store.world.reads("It is older than 30 days.")
        await store.world.office.sees(card, "Grace has declined this; nothing was done. It is older than 30 days.")
        assert store.refunds == []


async def test_a_kill_while_the_refund_runs_makes_one_refund(make_hub: MakeHub, tmp_path: Path) -> None:
    async with shop(make_hub, tmp_path) as store:
        _, post = await store.asks()
        (store.folder / "hold").touch()
        await store.world.office.press(post, APPROVE)
        await eventually(lambda: len(store.refunds) == 1)
        store.world.hub.kill()
        (store.folder / "hold").unlink()
        await asyncio.to_thread(store.world.hub.start)
        await store.world.reads("Our team has approved this, and it is done")
        assert len(store.refunds) == 1
