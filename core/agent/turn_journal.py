"""A turn's record in the Journal port, so that a turn that died is resumed, not repeated.

Besides tool calls it holds two kinds of entries under reserved names: ``@sources``, what the model was given at the
start, and ``@assistant``, the model's own steps that asked for tools. A resumed turn replays both, so call ids and source
numbers are the same as before the crash. Nothing is written in a turn that one step answers.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from core.agent.sources import Source
from core.agent.tools import ToolResult
from core.domain.conversation import Escalation
from core.domain.errors import ToolErrorKind
from core.domain.messages import Citation
from core.ports.chat_model import ToolCall
from core.ports.journal import Journal, JournalEntry
from core.ports.store import Claim

SOURCES = "@sources"
ASSISTANT = "@assistant"
STARTED = "started"
FINISHED = "finished"
FAILED = "failed"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class AssistantStep:
    """What the model said and asked for in one step. The calls carry our own ids."""

    text: str
    calls: tuple[ToolCall, ...]


def step_id(step: int, call: int) -> str:
    """Our own id of a tool call: unique in the turn (models reuse theirs) and sorted like the calls."""
    return f"step{step:02d}call{call:02d}"


def _load_source(data: dict[str, Any]) -> Source:
    return Source(Citation(**data["citation"]), data["text"], data["supported"], data.get("of_company", False))


def dump_result(result: ToolResult) -> str:
    """A tool's result as the journal keeps it."""
    return json.dumps(asdict(result), ensure_ascii=False)


def load_result(text: str) -> ToolResult:
    """The inverse of ``dump_result``."""
    value = json.loads(text)
    sources = tuple(map(_load_source, value["sources"]))
    escalation = Escalation(**value["escalation"] | {"approvals": ()}) if value["escalation"] else None
    error = ToolErrorKind(value["error"]) if value.get("error") else None
    return ToolResult(value["content"], sources, escalation, value.get("link"), error, value.get("for_customer", ""))


class TurnJournal:
    """One turn's entries, read once and then kept up with every write. Each write raises LostClaim."""

    def __init__(self, journal: Journal, claim: Claim, turn_id: str, entries: Sequence[JournalEntry] = ()) -> None:
        self._journal = journal
        self._claim = claim
        self._turn_id = turn_id
        self._entries = {entry.call_id: entry for entry in entries}

    @classmethod
    async def open(cls, journal: Journal, claim: Claim, turn_id: str) -> TurnJournal:
        """Read what an earlier try of this turn left."""
        return cls(journal, claim, turn_id, await journal.entries(turn_id))

    async def still_held(self) -> None:
        """Raises LostClaim when a person, or another worker, has the conversation by now."""
        await self._journal.still_held(self._claim)

    @property
    def opening(self) -> tuple[Source, ...] | None:
        """The sources of the first prompt, when an earlier try got as far as asking for tools."""
        entry = self._entries.get(SOURCES)
        return None if entry is None else tuple(map(_load_source, json.loads(entry.arguments)))

    def step(self, number: int) -> AssistantStep | None:
        """What the model said in that step of an earlier try."""
        entry = self._entries.get(f"step{number:02d}")
        if entry is None:
            return None
        data = json.loads(entry.arguments)
        return AssistantStep(data["text"], tuple(ToolCall(**call) for call in data["calls"]))

    def call(self, call_id: str) -> JournalEntry | None:
        """How that tool call stands."""
        return self._entries.get(call_id)

    def calls(self) -> Sequence[ToolCall]:
        """Those that were begun, whatever came of them, without those that failed."""
        begun = (one for one in self._entries.values() if one.status != FAILED and not one.name.startswith("@"))
        return [ToolCall(one.call_id, one.name, one.arguments) for one in begun]

    async def record_step(self, number: int, step: AssistantStep, opening: Sequence[Source]) -> None:
        """Before any of its tools runs. Nothing when an earlier try recorded it."""
        if f"step{number:02d}" in self._entries:
            return
        if SOURCES not in self._entries:
            sources = json.dumps(list(map(asdict, opening)), ensure_ascii=False)
            await self._write(JournalEntry(SOURCES, 0, SOURCES, sources, FINISHED))
        text = json.dumps(asdict(step), ensure_ascii=False)
        await self._write(JournalEntry(f"step{number:02d}", number, ASSISTANT, text, FINISHED))

    async def start(self, number: int, call: ToolCall) -> None:
        """Before the tool runs: from here on a crash leaves its outcome unknown."""
        await self._write(JournalEntry(call.id, number, call.name, call.arguments, STARTED))

    async def settle(self, number: int, call: ToolCall, status: str, result: ToolResult) -> None:
        """How it ended."""
        entry = self._entries.get(call.id) or JournalEntry(call.id, number, call.name, call.arguments, status)
        await self._write(replace(entry, status=status, result=dump_result(result)))

    async def _write(self, entry: JournalEntry) -> None:
        await self._journal.record(self._claim, self._turn_id, entry)
        self._entries[entry.call_id] = entry
