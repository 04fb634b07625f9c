"""What a model costs is spent by the customer of the turn, and a used-up budget says nothing of the model."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from core.agent.whole_answer import SparedModel
from core.budgets import BudgetLedger
from core.domain.budget import HUB, Budget, Spender, spending
from core.domain.errors import AnswerUnusable, ModelError, TokensUsedUp
from core.llm.measured import MeasuredModel
from core.llm.spending import ModelSpending
from core.ports.chat_model import ChatMessage, ChatRequest, Finished, TextDelta
from core.ports.metrics import NoMetrics
from tests.contract.responders.world import ScriptedModel, SteppingClock

DAY = Budget("tokens", share=100, total=1_000, seconds=86_400)
ASK = ChatRequest([ChatMessage("user", "How do I reset my password?")])
ADA = Spender("customer:ada", known=True)


class Noon(SteppingClock):
    """It is always noon."""

    def now(self) -> datetime:
        return datetime(2026, 3, 1, 12, tzinfo=UTC)


def _answer(**usage: int) -> tuple[TextDelta, Finished]:
    return TextDelta("Click it. " * 10), Finished("stop", usage=usage)


def _measured(*scripts: object) -> tuple[MeasuredModel, BudgetLedger]:
    ledger = BudgetLedger(Noon())
    spent = ModelSpending(ledger, DAY)
    return MeasuredModel(ScriptedModel(*scripts), NoMetrics(), spent, "answer"), ledger  # type: ignore[arg-type]


async def _ask(model: MeasuredModel) -> int:
    return len([piece async for piece in model.stream(ASK)])


async def test_reported_tokens_are_spent_by_the_customer_of_the_turn() -> None:
    model, ledger = _measured(_answer(total_tokens=60), _answer(prompt_tokens=30, completion_tokens=11))
    with spending(ADA):
        await _ask(model)
        assert ledger.wait(DAY, ADA, 40) == 0
        await _ask(model)
        assert ledger.wait(DAY, ADA, 1) > 0
    assert ledger.wait(DAY, HUB, 1_000 - 101) == 0
    assert ledger.wait(DAY, HUB, 1_000 - 100) > 0


async def test_a_model_that_reports_nothing_is_counted_by_estimate_also_when_it_breaks_off() -> None:
    model, ledger = _measured(_answer(), [TextDelta("Click it. " * 10), ModelError("cut")])
    await _ask(model)
    once = next(spent for spent in range(1, 1_000) if ledger.wait(DAY, HUB, 1_000 - spent) == 0)
    with pytest.raises(ModelError):
        await _ask(model)
    assert ledger.wait(DAY, HUB, 1_000 - once) > 0


async def test_a_turn_that_was_admitted_is_completed_and_others_are_refused() -> None:
    model, ledger = _measured(_answer(total_tokens=1))
    ledger.spend(DAY, ADA, 100)
    with spending(ADA), pytest.raises(TokensUsedUp):
        await _ask(model)
    with spending(Spender(ADA.key, known=True, admitted=True)):
        assert await _ask(model) == 2


async def test_a_customer_without_tokens_takes_no_summary_from_others() -> None:
    model, ledger = _measured(_answer(total_tokens=1))
    spared = SparedModel(model, SteppingClock(), "summary", seconds=5, rest=60)
    ledger.spend(DAY, ADA, 100)
    with spending(ADA):
        assert await spared.ask(ASK) is None
    assert await spared.ask(ASK) is not None


async def test_an_answer_that_was_withheld_or_given_up_is_counted_too() -> None:
    model, ledger = _measured(
        [AnswerUnusable("It answered nothing.")], [asyncio.CancelledError()], [ModelError("gone")]
    )
    for spent, raised in ((True, AnswerUnusable), (True, asyncio.CancelledError), (False, ModelError)):
        asker = Spender(f"customer:{raised.__name__}", known=True)
        with spending(asker), pytest.raises(raised):
            await _ask(model)
        assert (ledger.wait(DAY, asker, 100) > 0) is spent
