"""Where nobody is there, the agent goes on answering, and the request stays on the list until somebody marks it done."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.knowledge_copy import run_command
from tests.e2e.visitor import visiting
from tests.servers.hub import Hub

pytestmark = pytest.mark.slow

_PASSWORD = "How do I reset my password?"


def waiting(hub: Hub) -> list[dict[str, Any]]:
    """Over HTTP; the command says the same."""
    request = urllib.request.Request(f"{hub.url}/api/waiting", headers=hub.operator)
    with urllib.request.urlopen(request, timeout=30) as response:
        found: dict[str, Any] = json.load(response)
    ran = run_command(hub.data_dir, "waiting", "--json")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == found
    return list(found["waiting"])


async def test_the_agent_answers_on_and_the_request_is_listed_until_it_is_done(
    make_sample_hub: Callable[..., Hub],
) -> None:
    hub = make_sample_hub()
    empty = run_command(hub.data_dir, "waiting")
    assert (empty.returncode, empty.stdout) == (0, "Nobody is waiting for a person.\n")
    async with visiting(hub) as visitor:
        asked = await visitor.say("I want to talk to a person", client_id="c1")
        assert (asked.status, asked.body["status"], asked.body["requires_escalation"]) == (200, "queued", True)
        assert "I go on answering" in asked.body["message"]
        answer = await visitor.say(_PASSWORD, client_id="c2")
        assert (answer.status, answer.body["status"]) == (200, "queued")
        assert "Forgot password" in answer.body["message"]
        left = await visitor.say("ada@example.com", client_id="c3", action="contact")
        assert (left.status, "ada@example.com" in left.body["message"]) == (200, True)
        again = await visitor.say("I want to talk to a person", client_id="c4")
        assert (again.status, again.body["status"]) == (200, "queued")
        assert "recorded for our team" in again.body["message"]

        (one,) = waiting(hub)
        assert (one["channel"], one["email"], one["last_words"]) == (
            "web",
            "ada@example.com",
            "I want to talk to a person",
        )
        shown = run_command(hub.data_dir, "waiting").stdout
        assert "ada@example.com" in shown
        assert one["id"] in shown

        for wrong, code in (("", 2), (" ", 2), (one["id"][:8], 1), (f"{one['id']}.1", 1), ("nobody", 1)):
            refused = run_command(hub.data_dir, "waiting", "--done", wrong)
            assert (refused.returncode, refused.stdout) == (code, ""), wrong
            assert "switchboard waiting" in refused.stderr
        listed = json.loads(run_command(hub.data_dir, "waiting", "--json").stdout)["waiting"]
        assert [other["id"] for other in listed] == [one["id"]]
        done = run_command(hub.data_dir, "waiting", "--done", one["id"])
        assert (done.returncode, done.stdout) == (0, "Done. The agent has the conversation again.\n")
        assert run_command(hub.data_dir, "waiting", "--done", one["id"]).returncode == 1
        assert waiting(hub) == []
        answer = await visitor.say(_PASSWORD, client_id="c5")
        assert (answer.body["status"], answer.body["requires_escalation"]) == ("bot", False)


async def test_back_to_the_assistant_takes_the_request_back(make_sample_hub: Callable[..., Hub]) -> None:
    hub = make_sample_hub()
    async with visiting(hub) as visitor:
        await visitor.say("Please get me a human", client_id="c1", action="request_person")
        assert len(waiting(hub)) == 1
        back = await visitor.say("Zurück zum Assistenten", client_id="c2", action="withdraw")
        assert (back.status, back.body["status"]) == (200, "bot")
        assert waiting(hub) == []
        nothing = await visitor.say("Back to the assistant", client_id="c3", action="withdraw")
        assert (nothing.status, nothing.body["status"]) == (200, "bot")
