"""What a person told one customer is what the agent tells the next one, once somebody of the staff has approved it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import SECRET, STAFF, TOKEN
from tests.e2e.desk.office import Office
from tests.e2e.desk.test_desk import CLAIM, RESOLVE
from tests.e2e.knowledge_copy import run_command
from tests.e2e.visitor import visiting
from tests.fixtures.hub import MakeHub

pytestmark = pytest.mark.slow

QUESTION = "Can I return a parcel that I have already opened?"


async def test_the_next_customer_is_answered_by_the_agent(make_hub: MakeHub, tmp_path: Path) -> None:
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
        hub = await asyncio.to_thread(make_hub, sources=str(documents), environment=settings)
        office = Office(slack, hub)
        async with visiting(hub) as ada:
            answer = await ada.say(QUESTION, client_id="q1")
            assert answer.body["sources"] == []
            await ada.say("I want to talk to a person", client_id="wish")
            card = await office.card()
            await office.press(card, CLAIM)
            await office.sees(card, "With Grace")
            said = await office.write(card, "Hi Ada, your parcel AB-1234 can go back within 30 days, opened or not.")
            await office.marked(said, "white_check_mark")
            await office.press(card, RESOLVE)
            await office.sees(card, "Shall it answer others with it?")
            (proposal,) = [one for one in office.thread(card) if "Shall it answer" in str(one.get("blocks"))]
            assert "AB-1234" not in str(proposal["blocks"])
            await office.press(proposal, "staff_learn")
            await office.sees(card, "edit it first")
            view = await office.form(proposal, "reword")
            assert await office.send_off(view, "Only a question?"), "without an answer it is refused and stays open"
            assert not await office.send_off(view, f"{QUESTION}\n\nParcels can go back within 30 days, opened or not.")
            await office.sees(card, "into the knowledge base")
            (decided,) = [one for one in office.thread(card) if one["ts"] == proposal["ts"]]
            assert not any(block["type"] == "actions" for block in decided["blocks"])
        for number in range(240):
            async with visiting(hub) as next_one:
                answer = await next_one.say(QUESTION, client_id=f"n{number}")
                if answer.body["sources"]:
                    break
            await asyncio.sleep(0.5)
        assert "opened or not" in answer.body["message"]
        (source,) = answer.body["sources"]
        assert source["metadata"]["section"].startswith("TKT-")
        assert "Ada" not in str(source)
        ticket = source["metadata"]["section"].partition(",")[0]
        listed = await asyncio.to_thread(run_command, hub.data_dir, "learned", "list")
        assert ticket in listed.stdout, listed.stderr
        for code, said in ((0, "Withdrawn"), (1, f"Nothing of {ticket}")):
            done = await asyncio.to_thread(run_command, hub.data_dir, "learned", "withdraw", ticket)
            assert (done.returncode, said in done.stdout + done.stderr) == (code, True), done.stderr
        for number in range(240):
            async with visiting(hub) as last_one:
                answer = await last_one.say(QUESTION, client_id=f"w{number}")
                if not answer.body["sources"]:
                    break
            await asyncio.sleep(0.5)
        assert answer.body["sources"] == []
