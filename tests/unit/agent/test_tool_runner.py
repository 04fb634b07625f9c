"""Calls run side by side, are recorded before and after, and what has an effect happens at most once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import asdict

import pytest

from core.agent.consent import Consent
from core.agent.sources import Sources, from_passage
from core.agent.tool_runner import ToolRunner
from core.agent.tools import Tool, ToolContext, ToolResult, by_name, make_tool
from core.agent.turn_journal import STARTED, TurnJournal, dump_result, load_result, step_id
from core.domain.conversation import Escalation
from core.domain.errors import LostClaim, OutcomeUnknown, ToolError
from core.ports.chat_model import ToolCall
from core.ports.journal import JournalEntry
from tests.contract.responders.world import PASSWORD, MemoryJournal, Watcher, turn_of


class Desk:
    """Tools that count how often they ran."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.both_here = asyncio.Event()
        self.fails = 0
        self.error: Exception = ToolError("The warehouse is closed.")

    def registry(self) -> Mapping[str, Tool]:
        async def meet(who: str) -> str:
            """Wait until two are here."""
            self.ran.append(who)
            if len(self.ran) == 2:
                self.both_here.set()
            await self.both_here.wait()
            return f"{who} met"

        async def look() -> str:
            """Read something."""
            self.ran.append("look")
            if self.fails > 0:
                self.fails -= 1
                raise self.error
            return "seen"

        async def refund() -> str:
            """Pay something back."""
            self.ran.append("refund")
            if self.fails > 0:
                self.fails -= 1
                raise self.error
            return "paid"

        async def hang() -> str:
            """Never answer."""
            self.ran.append("hang")
            await asyncio.Event().wait()
            return ""

        async def hang_with_effect() -> str:
            """Never answer, after having done something."""
            self.ran.append("hang_with_effect")
            await asyncio.Event().wait()
            return ""

        return by_name(
            [
                make_tool(meet, effect=False),
                make_tool(look, effect=False, retries=2),
                make_tool(refund, effect=True),
                make_tool(hang, effect=False, timeout=0.01, retries=1),
                make_tool(hang_with_effect, effect=True, timeout=0.01),
            ]
        )


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


async def _runner(desk: Desk, journal: MemoryJournal, *, limit: int = 8, watcher: Watcher | None = None) -> ToolRunner:
    turn = turn_of("Refund it, and hang with effect.")
    record = await TurnJournal.open(journal, turn.claim, "t1")
    context = ToolContext("c1", turn.customer, "t1", "")
    return ToolRunner(desk.registry(), record, watcher or Watcher(), context, limit, Consent(turn, Sources()))


def _calls(*names: str) -> list[ToolCall]:
    return [ToolCall(step_id(0, place), name, "{}") for place, name in enumerate(names)]


async def test_calls_of_one_step_run_at_the_same_time_and_answer_in_order(desk: Desk, journal: MemoryJournal) -> None:
    calls = [ToolCall("a", "meet", '{"who": "Ann"}'), ToolCall("b", "meet", '{"who": "Bob"}')]
    watcher = Watcher()
    outcomes = await (await _runner(desk, journal, watcher=watcher)).run(0, calls)
    assert [outcome.result.content for outcome in outcomes] == ["Ann met", "Bob met"]
    assert sorted(watcher.tools) == [("meet", "finished")] * 2 + [("meet", "started")] * 2


async def test_a_call_is_recorded_before_it_runs(desk: Desk, journal: MemoryJournal) -> None:
    journal.lost = True
    with pytest.raises(LostClaim):
        await (await _runner(desk, journal)).run(0, _calls("refund"))
    assert desk.ran == []


async def test_what_only_reads_is_tried_again(desk: Desk, journal: MemoryJournal) -> None:
    desk.fails = 2
    [outcome] = await (await _runner(desk, journal)).run(0, _calls("look"))
    assert outcome.ok
    assert desk.ran == ["look"] * 3


async def test_a_failure_is_told_in_the_tools_own_words_only_when_meant_for_the_model(
    desk: Desk, journal: MemoryJournal
) -> None:
    desk.fails = 9
    [outcome] = await (await _runner(desk, journal)).run(0, _calls("look"))
    assert (outcome.status, outcome.result.content) == ("failed", "The warehouse is closed.")
    desk.error = RuntimeError("password=hunter2")
    [outcome] = await (await _runner(desk, MemoryJournal())).run(0, _calls("look"))
    assert outcome.result.content == "The tool failed."


async def test_reading_too_long_fails_and_writing_too_long_is_unknown(desk: Desk, journal: MemoryJournal) -> None:
    read, write = await (await _runner(desk, journal)).run(0, _calls("hang", "hang_with_effect"))
    assert read.status == "failed"
    assert desk.ran.count("hang") == 2
    assert write.status == "unknown"
    assert desk.ran.count("hang_with_effect") == 1
    assert "unknown" in write.result.content


@pytest.mark.parametrize("error", [OutcomeUnknown("time-out after sending"), RuntimeError("broke off")])
async def test_an_effect_that_broke_off_is_unknown_not_failed(
    desk: Desk, journal: MemoryJournal, error: Exception
) -> None:
    desk.fails, desk.error = 1, error
    [outcome] = await (await _runner(desk, journal)).run(0, _calls("refund"))
    assert outcome.status == "unknown"
    assert desk.ran == ["refund"]


async def test_an_effect_that_says_it_failed_has_failed(desk: Desk, journal: MemoryJournal) -> None:
    desk.fails = 1
    [outcome] = await (await _runner(desk, journal)).run(0, _calls("refund"))
    assert outcome.status == "failed"


async def test_finished_calls_are_not_run_again(desk: Desk, journal: MemoryJournal) -> None:
    first = await (await _runner(desk, journal)).run(0, _calls("refund", "look"))
    again = await (await _runner(desk, journal)).run(0, _calls("refund", "look"))
    assert again == first
    assert sorted(desk.ran) == ["look", "refund"]


async def test_after_a_crash_reading_is_repeated_and_an_effect_is_not(desk: Desk, journal: MemoryJournal) -> None:
    for call in _calls("refund", "look"):
        journal.rows["t1", call.id] = JournalEntry(call.id, 0, call.name, "{}", STARTED)
    refund, look = await (await _runner(desk, journal)).run(0, _calls("refund", "look"))
    assert refund.status == "unknown"
    assert "server stopped" in refund.result.content
    assert look.ok
    assert desk.ran == ["look"]
    third = await (await _runner(desk, journal)).run(0, _calls("refund", "look"))
    assert [outcome.status for outcome in third] == ["unknown", "finished"]
    assert desk.ran == ["look"]


async def test_unknown_tools_bad_arguments_and_too_many_calls_are_told(desk: Desk, journal: MemoryJournal) -> None:
    calls = [ToolCall("a", "fly", "{}"), ToolCall("b", "look", '{"at": 1}'), ToolCall("c", "look", "{}")]
    outcomes = await (await _runner(desk, journal, limit=2)).run(0, calls)
    assert [outcome.status for outcome in outcomes] == ["failed"] * 3
    assert "no tool fly" in outcomes[0].result.content
    assert "at: Extra inputs" in outcomes[1].result.content
    assert "at most 2" in outcomes[2].result.content
    assert desk.ran == []


async def test_results_survive_the_journal(desk: Desk, journal: MemoryJournal) -> None:
    result = ToolResult("ä", (from_passage(PASSWORD, supported=False),), Escalation("r", "agent", "high"))
    loaded = load_result(dump_result(result))
    assert loaded == result
    assert loaded.sources[0].of_company, "a document of the company is judged as one"


async def test_results_of_an_earlier_version_are_read_as_they_are() -> None:
    """What a company's own tool has put into a source was never checked."""
    citation = {**asdict(from_passage(PASSWORD, supported=True).citation), "title": None, "page": "iv"}
    source = json.dumps({"citation": citation, "text": "t", "supported": True})
    loaded = load_result(f'{{"content": "c", "sources": [{source}], "escalation": null}}')  # without what came later
    assert (loaded.content, loaded.error, loaded.for_customer) == ("c", None, "")
    assert asdict(loaded.sources[0].citation) == citation


async def test_what_was_not_asked_for_does_not_run_and_is_recorded_as_such(desk: Desk, journal: MemoryJournal) -> None:
    turn = turn_of("Where is my money?")
    context = ToolContext("c1", turn.customer, "t1", "")
    for _ in range(2):
        consent, watcher = Consent(turn, Sources()), Watcher()
        record = await TurnJournal.open(journal, turn.claim, "t1")
        runner = ToolRunner(desk.registry(), record, watcher, context, 8, consent)
        [outcome] = await runner.run(0, _calls("refund"))
        assert (outcome.ok, outcome.broke, watcher.tools, desk.ran) == (False, False, [], [])
        assert consent.question == "refund"
