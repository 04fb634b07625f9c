"""Every call ends alike, with its kind of error; a write whose answer did not come is looked up before anything is said."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from core.agent.consent import Consent
from core.agent.sources import Sources
from core.agent.tool_rules import ToolOverride
from core.agent.tool_runner import Outcome, ToolRunner
from core.agent.tools import Tool, ToolContext, ToolResult, by_name, cannot_check, make_tool, overridden
from core.agent.turn_journal import STARTED, TurnJournal, dump_result, load_result
from core.domain.errors import ToolError, ToolErrorKind
from core.ports.chat_model import ToolCall
from core.ports.journal import JournalEntry
from tests.contract.responders.world import MemoryJournal, Watcher, turn_of

CALL = ToolCall("step00call00", "refund", '{"order": "A-4711"}')
KEY = "t1:step00call00"


class Till:
    """A service that takes keys. ``dies``: how many refunds take effect without an answer; ``lost``: never arrive."""

    def __init__(self) -> None:
        self.paid: dict[str, str] = {}
        self.asked: list[str] = []
        self.tries = 0
        self.dies = self.lost = 0
        self.refuses: Exception | None = None
        self.away = False

    async def refund(self, order: str, context: ToolContext) -> str:
        """Pay an order back."""
        self.tries += 1
        if self.lost:
            self.lost -= 1
            raise TimeoutError
        if self.refuses:
            raise self.refuses
        self.paid.setdefault(context.idempotency_key, order)
        if self.dies:
            self.dies -= 1
            raise TimeoutError
        return "paid"

    async def get_refund(self, idempotency_key: str) -> str:
        """Say what became of a refund."""
        self.asked.append(idempotency_key)
        if self.away:
            raise OSError("no route")
        if idempotency_key not in self.paid:
            raise ToolError("There is no such refund.", ToolErrorKind.NOT_FOUND)
        return "paid"

    def tools(self) -> Mapping[str, Tool]:
        made = [
            make_tool(self.refund, effect=True, checked_by="get_refund"),
            make_tool(self.get_refund, effect=False, retries=0),
        ]
        return by_name(overridden(made, {}))

    async def run(self, *calls: ToolCall, journal: MemoryJournal | None = None) -> list[Outcome]:
        turn = turn_of("Please refund A-4711.")
        record = await TurnJournal.open(journal or MemoryJournal(), turn.claim, "t1")
        context = ToolContext("c1", turn.customer, "t1", "")
        return await ToolRunner(self.tools(), record, Watcher(), context, 8, Consent(turn, Sources())).run(
            0, calls or [CALL]
        )


@pytest.mark.parametrize(("dies", "lost", "tries"), [(1, 0, 1), (0, 1, 2), (2, 1, 2)])
async def test_a_write_without_an_answer_is_looked_up_by_its_key(dies: int, lost: int, tries: int) -> None:
    till = Till()
    till.dies, till.lost = dies, lost
    [outcome] = await till.run()
    assert outcome.ok
    assert till.paid == {KEY: "A-4711"}
    assert (till.tries, set(till.asked)) == (tries, {KEY})


async def test_a_write_that_arrives_nowhere_twice_stays_unknown() -> None:
    till = Till()
    till.lost = 2
    [outcome] = await till.run()
    assert outcome.result.error is ToolErrorKind.UNKNOWN
    assert (till.tries, len(till.asked)) == (2, 2)


async def test_a_second_try_that_is_refused_says_so_only_where_the_first_did_not_happen() -> None:
    till = Till()
    till.lost, till.refuses = 1, ToolError("The period is over.", for_customer="30 days are over.")
    [outcome] = await till.run()
    assert (outcome.status, outcome.result.error) == ("failed", ToolErrorKind.REFUSED)
    assert outcome.shown == "Error (refused): The period is over.\nFor the customer: 30 days are over."


async def test_a_check_that_cannot_be_asked_leaves_it_unknown() -> None:
    till = Till()
    till.dies, till.away = 1, True
    [outcome] = await till.run()
    assert (outcome.status, outcome.broke, till.tries) == ("unknown", True, 1)


@pytest.mark.parametrize("happened", [True, False])
async def test_after_a_crash_it_is_looked_up_and_made_good(happened: bool) -> None:
    till, journal = Till(), MemoryJournal()
    if happened:
        till.paid[KEY] = "A-4711"
    turn = turn_of("")
    await journal.record(turn.claim, "t1", JournalEntry(CALL.id, 0, CALL.name, CALL.arguments, STARTED))
    [outcome] = await till.run(journal=journal)
    assert outcome.ok
    assert (till.paid, till.tries) == ({KEY: "A-4711"}, 0 if happened else 1)
    [again] = await till.run(journal=journal)
    assert again.result == outcome.result
    assert till.tries == (0 if happened else 1)


async def test_a_model_that_asks_twice_pays_once() -> None:
    till, journal = Till(), MemoryJournal()
    twin = ToolCall("step00call01", "refund", '{ "order" : "A-4711" }')
    first, second = await till.run(CALL, twin, journal=journal)
    assert (first.ok, second.result.error) == (True, ToolErrorKind.REFUSED)
    [third] = await till.run(ToolCall("step01call00", "refund", CALL.arguments), journal=journal)
    assert third.result.error is ToolErrorKind.REFUSED
    assert till.paid == {KEY: "A-4711"}
    [other] = await till.run(ToolCall("step01call01", "get_refund", f'{{"idempotency_key": "{KEY}"}}'), journal=journal)
    assert other.ok


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ToolError("No.", ToolErrorKind.NOT_FOUND), "not_found"),
        (ToolError("No."), "refused"),
        (ToolError("Away.", ToolErrorKind.UNAVAILABLE), "unavailable"),
        (OSError("boom"), "unavailable"),
        (TimeoutError(), "timeout"),
    ],
)
async def test_the_model_and_the_journal_have_the_kind_of_error(error: Exception, kind: str) -> None:
    async def look() -> str:
        """Look."""
        await asyncio.sleep(0)
        raise error

    turn, journal = turn_of("Look."), MemoryJournal()
    record = await TurnJournal.open(journal, turn.claim, "t1")
    tools = by_name([make_tool(look, effect=False, retries=0)])
    runner = ToolRunner(
        tools, record, Watcher(), ToolContext("c1", turn.customer, "t1", ""), 8, Consent(turn, Sources())
    )
    [outcome] = await runner.run(0, [ToolCall("a", "look", "{}")])
    assert outcome.shown.startswith(f"Error ({kind}): ")
    assert outcome.broke == (kind in ("unavailable", "timeout"))
    [entry] = await journal.entries("t1")
    assert load_result(entry.result or "").error == kind


async def test_a_tool_may_give_back_the_result_itself() -> None:
    async def stock() -> ToolResult:
        """Look."""
        return ToolResult('{"left": 0}', error=ToolErrorKind.UNAVAILABLE, for_customer="Please try later.")

    made = make_tool(stock, effect=False)
    result = await made.run(made.parse("{}"), ToolContext("c1", turn_of("").customer, "t1", ""))
    assert (result.ok, result.data) == (False, {"left": 0})
    assert load_result(dump_result(result)) == result


def test_what_an_earlier_version_recorded_can_be_read() -> None:
    kept = {"content": "seen", "sources": [], "escalation": None}
    assert load_result(json.dumps(kept)) == ToolResult("seen")


def test_a_check_must_be_a_tool_that_only_reads_and_takes_the_key() -> None:
    till = Till()

    async def get_refund(order: str) -> str:
        """Look for a refund."""
        return order

    refund, keyless = make_tool(till.refund, effect=True), make_tool(get_refund, effect=False)
    for checked_by, tools, why in (
        ("get_refund", [refund], "there is no such tool"),
        ("refund", [refund], "does not only read"),
        ("get_refund", [refund, keyless], "takes no idempotency_key"),
    ):
        found = by_name(overridden(tools, {"refund": ToolOverride(checked_by=checked_by)}))
        assert why in cannot_check(found, ())["refund"]
    assert cannot_check(till.tools(), ()) == {}
    assert cannot_check(by_name(overridden([refund], {"refund": ToolOverride(checked_by="later")})), {"later"}) == {}
    with pytest.raises(ValueError, match="checked_by"):
        make_tool(till.get_refund, effect=False, checked_by="refund")


async def test_a_check_that_changes_something_is_not_called() -> None:
    class Careless(Till):
        def tools(self) -> Mapping[str, Tool]:
            found = super().tools()
            return {**found, "get_refund": replace(found["get_refund"], effect=True)}

    till = Careless()
    till.dies = 1
    [outcome] = await till.run()
    assert outcome.status == "unknown"
    assert till.asked == []
