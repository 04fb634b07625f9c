"""The audit log of a case as an operator reads it, beside a running hub and after it."""

from __future__ import annotations

import asyncio
import os
import re
import sys

import pytest

from config.simulation.slack_world import GRACE
from tests.e2e.desk.office import whole
from tests.e2e.desk.test_desk import CLAIM, RESOLVE, Scene, scene
from tests.fixtures.hub import MakeHub

pytestmark = pytest.mark.slow


async def log(world: Scene, name: str) -> tuple[int, str]:
    environment = {**os.environ, **world.hub.environment}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "config.cli", "case", name),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()


async def test_who_did_what_and_what_went_where(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world:
        office, card = world.office, await world.escalate()
        match = re.search(r"TKT-\d{8}-\d{4}", whole(card))
        assert match is not None
        await office.press(card, CLAIM)
        await world.reads("has joined")
        await office.write(card, "// be nice")
        await office.write(card, "Good morning")
        await world.reads("Good morning")
        await world.visitor.say("Good morning to you", client_id="c1")
        await office.sees(card, "Good morning to you")
        await office.press(card, RESOLVE)
        await world.reads("has closed this conversation")
        for running in (True, False):
            if not running:
                world.hub.kill()
            code, text = await log(world, match.group())
            assert code == 0, text
            for line in (
                "escalate: bot -> queued: The customer asked for a person.",
                f"claim by {GRACE}: queued -> staff, owner {GRACE}",
                f"note by {GRACE}: // be nice",
                f"to the customer by {GRACE} [sent]: Good morning",
                "to staff [sent]: Good morning to you",
                f"resolve by {GRACE}: staff -> resolved",
                f"ticket {match.group()} opened by customer: ",
                f"ticket {match.group()} status by {GRACE}: resolved",
            ):
                assert line in text
        code, text = await log(world, "TKT-19990101-0001")
        assert (code, text.strip()) == (1, "There is no case TKT-19990101-0001.")
