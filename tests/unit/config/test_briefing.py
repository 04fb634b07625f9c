"""Who drafts the answer that a new case's card suggests."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest

from config.agent_parts import make_briefing
from config.settings import read_settings
from core.budgets import BudgetLedger
from core.ports.metrics import NoMetrics
from tests.contract.responders.world import PASSWORD, Docs, SteppingClock, Watcher, turn_of


@pytest.mark.parametrize("keywords", ["", "complaint"])
async def test_what_a_word_of_the_company_s_brought_to_people_has_a_draft(keywords: str) -> None:
    settings = read_settings(escalation_keywords=keywords)
    clock = SteppingClock()
    async with AsyncExitStack() as closing:
        briefing = make_briefing(settings, Docs(), clock, NoMetrics(), closing, BudgetLedger(clock), staffed=True)
        assert briefing.drafter is not None
        turn = turn_of("This is a complaint. How do I reset my password?")
        reply = await briefing.drafter.respond(turn, "t1", Watcher())
    assert PASSWORD.answer is not None
    assert PASSWORD.answer in reply.text
