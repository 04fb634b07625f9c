"""Staff ask in a case's thread whether a matter came up before, and are told by closed tickets. Customers never are."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import BOT, LINUS, SECRET, STAFF, TOKEN
from tests.e2e.desk.office import Office
from tests.e2e.desk.test_desk import CLAIM, RESOLVE, Scene
from tests.e2e.desk.test_tickets import stands, tickets
from tests.e2e.knowledge_copy import run_command
from tests.e2e.visitor import visiting
from tests.fixtures.hub import MakeHub
from tests.servers.hub import Hub

pytestmark = pytest.mark.slow

MATTER = "The hall lamp flickers whenever the dishwasher runs"
REPLY = "Hi Ada, the dishwasher overloads the circuit: plug the hall lamp into an outlet of its own."


async def index(hub: Hub, *more: str) -> str:
    """Beside the hub, as its operator types it."""
    sources = hub.environment["KNOWLEDGE_SOURCES"]
    done = await asyncio.to_thread(run_command, hub.data_dir, "index", *more, KNOWLEDGE_SOURCES=sources)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def test_a_ticket_that_is_over_answers_staff_alone(make_hub: MakeHub, tmp_path: Path) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "bicycles.md").write_text("# Bicycles\n\nWe sell red bicycles.\n", encoding="utf-8")
    async with SlackFake() as slack:
        settings = {
            "SLACK_BOT_TOKEN": TOKEN,
            "SLACK_SIGNING_SECRET": SECRET,
            "SLACK_API_BASE_URL": slack.api_url,
            "SLACK_STAFF_CHANNEL": STAFF,
            "DESK_UNDO_SECONDS": "0",
        }
        hub = await asyncio.to_thread(make_hub, sources=f"{documents},tickets://closed", environment=settings)
        office = Office(slack, hub)
        async with visiting(hub) as ada, visiting(hub) as bob:
            await ada.say(MATTER, client_id="q1")
            await ada.say("I want to talk to a person", client_id="wish")
            card = await office.card()
            await office.press(card, CLAIM)
            await office.sees(card, "With Grace")
            said = await office.write(card, REPLY)
            await office.marked(said, "white_check_mark")
            assert re.match("0 indexed", await index(hub)), "the case goes on"
            await office.press(card, RESOLVE)
            await stands(Scene(hub, ada, office), "resolved")
            hub.kill()
            assert re.match("1 indexed", await index(hub)), "the command alone reads the hub's database, too"
            await asyncio.to_thread(hub.start)
            assert "tickets://closed" in await index(hub, "--status")

            answer = await bob.say(MATTER, client_id="b1")
            assert answer.body["sources"] == []
            await bob.say("I want to talk to a person", client_id="b2")
            second = await office.card(2)
            await office.write(second, f"<@{BOT}> does a hall lamp flicker when the dishwasher runs?", user=LINUS)
            await office.sees(second, "into an outlet of its own")
            await office.write(second, f"<@{BOT}> have we seen this before?", user=LINUS)
            await slack.until(
                lambda: sum("into an outlet of its own" in one for one in office.shown(second)) == 2, 30.0
            )
            number = (await tickets(Scene(hub, ada, office)))[0]["number"]
            assert number in "".join(office.shown(second))
            assert "Ada" not in "".join(office.shown(second))
            history = await bob.call("GET", f"/api/sessions/{bob.id}/history")
            assert "outlet" not in str(history.body)

            assert (await ada.call("DELETE", f"/api/sessions/{ada.id}")).status in (200, 204)
            assert "1 removed" in await index(hub)
            await office.write(second, f"<@{BOT}> have we seen this before?", user=LINUS)
            await office.sees(second, "Our documents do not answer that")
