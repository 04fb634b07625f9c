"""What is declared of a tool holds: for whom it runs, how often, and how long its results are given again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from core.agent.consent import NOT_CONFIRMED, Consent
from core.agent.sources import Sources
from core.agent.tool_rules import Needs, RunsWhen, ToolOverride
from core.agent.tool_runner import Outcome, ToolRunner
from core.agent.tool_use import NOT_VERIFIED, ToolUse
from core.agent.tools import ToolContext, by_name, make_tool, overridden
from core.agent.turn_journal import TurnJournal, step_id
from core.budgets import BudgetLedger
from core.domain.budget import Spender, spending
from core.domain.customer import Customer, Evidence
from core.domain.errors import ConfigError
from core.ports.chat_model import ToolCall
from tests.contract.responders.world import MemoryJournal, SteppingClock, Watcher, turn_of

ADA, BOB = Customer("ada", "ada", verified=True), Customer("bob", "bob")


class Shop:
    """Counts what was looked up and ordered. Each turn has a journal of its own, and all turns share one ToolUse."""

    def __init__(self, **overrides: dict[str, Any]) -> None:
        self.clock = SteppingClock()
        self.seen: list[str] = []
        self.ordered: list[str] = []
        self.entered, self.changing, self.go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.go_on.set()
        tools = [make_tool(self.stock, effect=False), make_tool(self.order, effect=True)]
        found = {name: ToolOverride.model_validate(one) for name, one in overrides.items()}
        self.tools = by_name(overridden(tools, found))
        self.use = ToolUse(BudgetLedger(self.clock), self.clock.monotonic)

    async def stock(self, context: ToolContext, item: str = "cup", colour: str = "red") -> str:
        """Say how many there are."""
        self.seen.append(context.customer.id)
        self.entered.set()
        await self.go_on.wait()
        return f"{item} {colour} {len(self.ordered)} ordered"

    async def order(self, item: str) -> str:
        """Order an item."""
        self.ordered.append(item)
        self.changing.set()
        if item.startswith("slow"):
            await self.go_on.wait()
        return "ordered"

    async def call(
        self,
        name: str,
        arguments: str = "{}",
        *,
        who: Customer = ADA,
        where: str = "c1",
        private: bool = True,
        said: str = "Order a cup.",
    ) -> Outcome:
        """One call in a turn of its own."""
        turn = turn_of(said)
        journal = await TurnJournal.open(MemoryJournal(), turn.claim, "t1")
        context = ToolContext(where, who, "t1", "", private=private)
        consent = Consent(turn, Sources())
        runner = ToolRunner(self.tools, journal, Watcher(), context, 8, consent, self.use)
        with spending(Spender(who.id, known=who.verified)):
            [outcome] = await runner.run(0, [ToolCall(step_id(0, 0), name, arguments)])
        return outcome


@pytest.mark.parametrize(("who", "private", "runs"), [(ADA, True, True), (ADA, False, False), (BOB, True, False)])
async def test_what_needs_proof_runs_only_for_who_gave_it_where_nobody_reads_along(
    who: Customer, private: bool, runs: bool
) -> None:
    shop = Shop(stock={"needs": "verified"})
    outcome = await shop.call("stock", who=who, private=private)
    assert (outcome.ok, bool(shop.seen)) == (runs, runs)
    assert runs or outcome.result.content == NOT_VERIFIED
    assert not outcome.broke


async def test_a_rate_is_of_each_customer_and_another_of_all() -> None:
    shop = Shop(stock={"rate": "2/hour", "rate_in_all": "4/day"})
    ended = [(await shop.call("stock")).ok for _ in range(3)]
    assert ended == [True, True, False]
    refused = await shop.call("stock")
    assert "can be tried again in" in refused.result.content
    assert not refused.broke
    known = [replace(ADA, id=name) for name in ("eve", "fay", "gil")]
    assert [(await shop.call("stock", who=who)).ok for who in known] == [True, True, False]
    assert len(shop.seen) == 4


async def test_the_same_call_is_answered_from_the_cache_for_this_customer_here_alone() -> None:
    shop = Shop(stock={"cache": 60, "rate": "9/hour"})
    first = await shop.call("stock", '{"item": "cup", "colour": "blue"}')
    again = await shop.call("stock", '{"colour": "blue", "item": "cup"}')
    assert (again.ok, again.result) == (True, first.result)
    assert shop.seen == ["ada"]
    linked = replace(ADA, evidence=Evidence.PROVEN)
    for other in ({"who": BOB}, {"who": linked}, {"where": "c2"}, {"private": False}, {"arguments": '{"item": "pan"}'}):
        await shop.call("stock", **{"arguments": '{"item": "cup", "colour": "blue"}', **other})
    assert shop.seen == ["ada", "bob", "ada", "ada", "ada", "ada"]
    shop.clock.time += 60
    await shop.call("stock", '{"item": "cup", "colour": "blue"}')
    assert len(shop.seen) == 7


async def test_after_a_change_it_is_looked_up_again() -> None:
    shop = Shop(stock={"cache": 60})
    await shop.call("stock")
    assert (await shop.call("order", '{"item": "cup"}')).ok
    assert (await shop.call("stock")).result.content == "cup red 1 ordered"


async def test_a_change_that_was_cut_off_counts_too() -> None:
    shop = Shop(stock={"cache": 60})
    await shop.call("stock")
    shop.go_on.clear()
    changing = asyncio.create_task(shop.call("order", '{"item": "slow cup"}', said="Order a slow cup."))
    await shop.changing.wait()
    changing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await changing
    shop.go_on.set()
    assert (await shop.call("stock")).result.content == "cup red 1 ordered"


async def test_what_was_looked_up_while_something_changed_is_not_kept() -> None:
    shop = Shop(stock={"cache": 60})
    shop.go_on.clear()
    reading = asyncio.create_task(shop.call("stock"))
    await shop.entered.wait()
    await shop.call("order", '{"item": "cup"}')
    shop.go_on.set()
    await reading
    await shop.call("stock")
    assert len(shop.seen) == 2


async def test_the_cache_is_bounded() -> None:
    shop = Shop(stock={"cache": 60})
    for number in range(1_100):
        await shop.call("stock", f'{{"item": "cup{number}"}}')
    await shop.call("stock", '{"item": "cup1099"}')
    await shop.call("stock", '{"item": "cup0"}')
    assert len(shop.seen) == 1_101
    await shop.call("stock", f'{{"item": "{"x" * 30_000}"}}')
    await shop.call("stock", f'{{"item": "{"x" * 30_000}"}}')
    assert len(shop.seen) == 1_103


async def test_what_has_to_be_confirmed_is_asked_even_if_they_asked_for_it() -> None:
    usual = Shop()
    assert (await usual.call("order", '{"item": "cup"}')).ok
    shop = Shop(order={"runs_when": "customer_confirms"})
    assert (await shop.call("order", '{"item": "cup"}')).result.content == NOT_CONFIRMED
    assert shop.ordered == []


@pytest.mark.parametrize(
    ("name", "override", "expected"),
    [
        ("stock", {"effect": True}, (True, 0, RunsWhen.CUSTOMER_ASKS)),
        ("order", {"effect": False, "cache": 5}, (False, 1, RunsWhen.MODEL_CALLS)),
        ("order", {"effect": True, "timeout": 3}, (True, 0, RunsWhen.CUSTOMER_ASKS)),
        ("stock", {"retries": 3, "runs_when": "customer_asks"}, (False, 3, RunsWhen.CUSTOMER_ASKS)),
    ],
)
def test_an_override_that_changes_the_effect_brings_what_goes_with_it(
    name: str, override: dict[str, Any], expected: Sequence[object]
) -> None:
    tool = Shop(**{name: override}).tools[name]
    assert (tool.effect, tool.retries, tool.runs_when) == expected


def test_a_tool_that_is_switched_off_is_not_there() -> None:
    assert list(Shop(order={"enabled": False}).tools) == ["stock"]


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ({"retries": 1}, "order has an effect"),
        ({"cache": 5}, "order changes something"),
        ({"effect": False, "runs_when": "customer_needs", "cache": 5}, "order changes something"),
        ({"effect": False, "runs_when": "staff_approves"}, "order only reads"),
    ],
)
def test_a_change_can_be_neither_tried_again_nor_cached(override: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=f"TOOL_OVERRIDES: {says}"):
        Shop(order=override)


def test_the_same_can_be_declared_in_code() -> None:
    shop = Shop()
    tool = make_tool(shop.stock, effect=False, needs=Needs.VERIFIED, rate="5/minute", rate_in_all="9/day", cache=5)
    assert (tool.needs, tool.rate, tool.rate_in_all, tool.cache) == (Needs.VERIFIED, "5/minute", "9/day", 5)
    with pytest.raises(ValueError, match="'often' is no rate, such as 5/minute"):
        make_tool(shop.stock, effect=False, rate="often")
