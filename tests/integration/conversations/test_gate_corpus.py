"""Answers that others have collected (CORPUS_DIR): what the gate makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from config.commands.conversations import knowledge_passages
from config.conversations.recorded_model import Noise, RecordedVerifier
from config.conversations.replay import Replay
from config.conversations.report import as_json
from config.conversations.transcript import read_transcripts
from config.settings import read_settings
from core.agent.settings import AgentSettings
from core.agent.tools import tool
from core.domain.knowledge import Passage
from tests.corpus import corpus_files

_SEEDS = 16
_INVOICES = {
    "INV-2077": {"date": "2026-11-10", "amount": "$209.00", "status": "payment failed", "next_attempt": "2026-11-13"},
    "INV-2041": {"date": "2026-10-10", "amount": "$209.00", "status": "paid"},
}


@tool(effect=False)
def get_invoice(number: str) -> str:
    """An invoice."""
    return str({"number": number, **_INVOICES.get(number, {"status": "not found"})})


@tool(effect=False)
def resend_invitation(email: str) -> str:
    """Send an invitation once more."""
    return str({"sent_to": email, "valid_until": "2026-12-06"})


@tool(effect=False)
def get_export_status() -> str:
    """How far an export is."""
    return str({"status": "queued", "position": 3})


@tool(effect=False)
def get_subscription() -> str:
    """The customer's plan."""
    return str({"plan": "Team", "members": 11, "renews_on": "2027-03-14"})


@tool(effect=False)
def list_tickets() -> str:
    """The customer's tickets."""
    return str({"open_tickets": []})


TOOLS = (get_invoice, resend_invitation, get_export_status, get_subscription, list_tickets)


@pytest.fixture(scope="module")
def passages(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Passage]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATA_DIR", str(tmp_path_factory.mktemp("data")))
        return knowledge_passages(read_settings())


async def _found(passages: Sequence[Passage], noise: Noise) -> dict[str, Any]:
    known, cases = read_transcripts(corpus_files("gate", "*.jsonl")[0])
    settings = AgentSettings(company_name="Tidepool")
    replay = Replay(known, passages, settings, lambda case, turn: RecordedVerifier(case.id, turn, noise), TOOLS)
    found = as_json(await replay.run(cases))
    assert found["not_run"] == []
    return found


async def test_with_a_verifier_that_does_not_err(passages: Sequence[Passage]) -> None:
    found = await _found(passages, Noise())
    assert found["over"]["share"] <= 0.01
    assert found["under"]["share"] <= 0.01
    assert found["verifier"]["calls_per_answer"] <= 1.6
    assert found["verifier"]["tokens_per_answer"] <= 600


async def test_with_one_that_misses_a_tenth_and_refuses_three_of_a_hundred(passages: Sequence[Passage]) -> None:
    runs = [await _found(passages, Noise(0.1, 0.03, seed)) for seed in range(_SEEDS)]
    over, under = (sum(run[kind]["share"] for run in runs) / _SEEDS for kind in ("over", "under"))
    assert round(over, 3) <= 0.05
    assert under <= 0.07
