"""What is not answered, from the customer's question to the operator who closes it, with and without a running hub."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any

import pytest

from tests.e2e.conftest import MakeSampleHub
from tests.e2e.knowledge_copy import LOADED_SECONDS, run_command, started
from tests.servers.hub import Hub

pytestmark = pytest.mark.slow


def gaps(hub: Hub, *options: str) -> dict[str, Any]:
    """As the command tells it."""
    ran = run_command(hub.data_dir, "gaps", "--json", *options)
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def over_http(hub: Hub) -> dict[str, Any]:
    request = urllib.request.Request(f"{hub.url}/api/gaps", headers=hub.operator)
    with urllib.request.urlopen(request, timeout=30) as response:
        found: dict[str, Any] = json.load(response)
    return found


def asks(hub: Hub, question: str) -> None:
    ran = run_command(hub.data_dir, "chat", typed=f"{question}\n")
    assert ran.returncode == 0, ran.stderr
    assert "I don't know" in ran.stdout


def sorted_by_meaning(hub: Hub) -> dict[str, Any]:
    """The hub sorts beside its customers, now and then."""
    deadline = time.monotonic() + LOADED_SECONDS
    while (found := over_http(hub))["by_words"]:
        assert time.monotonic() < deadline, "nothing was sorted"
        time.sleep(0.3)
    return found


def test_a_question_without_an_answer_is_found_counted_and_closed(make_sample_hub: MakeSampleHub) -> None:
    hub = make_sample_hub()
    empty = run_command(hub.data_dir, "gaps")
    assert (empty.returncode, empty.stdout) == (0, "Nothing was left unanswered.\n")
    asks(hub, "Do you rent out bicycles?")
    asks(hub, "Can I rent a bicycle? My number is +44 20 7946 0958")
    (found,) = sorted_by_meaning(hub)["gaps"]
    assert (found["example"], found["count"]) == ("Do you rent out bicycles?", 2)
    assert found["counts"] == {"not_found": 2}
    assert found["languages"] == ["en"]
    assert found["nearest"]["score"] < 0.6
    assert gaps(hub) == over_http(hub)
    shown = run_command(hub.data_dir, "gaps", "--since", "7d").stdout
    assert "   2  Do you rent out bicycles?" in shown
    assert "nearest: " in shown
    assert "7946" not in shown

    closed = run_command(hub.data_dir, "gaps", "--close", found["id"], "answered by the page on hire")
    assert (closed.stderr, closed.returncode, closed.stdout) == (
        "",
        0,
        "Closed. It opens again when somebody asks that.\n",
    )
    assert gaps(hub)["gaps"] == []
    (done,) = gaps(hub, "--closed")["gaps"]
    assert done["answer"] == "answered by the page on hire"

    hub.stop()
    assert gaps(hub)["gaps"] == [], "without a server it is the same"
    started(hub)
    asks(hub, "Is it possible to rent a bicycle?")
    (again,) = sorted_by_meaning(hub)["gaps"]
    assert (again["id"], again["count"], again["closed_at"]) == (found["id"], 3, None)
