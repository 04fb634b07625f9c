"""Runs the tool calls of one step side by side, each recorded before and after, none of them twice when it has an effect."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from core.agent.consent import NOT_CONFIRMED, Consent
from core.agent.tool_use import NOT_VERIFIED, ToolUse, has_evidence
from core.agent.tools import Tool, ToolContext, ToolResult
from core.agent.turn_journal import FAILED, FINISHED, STARTED, UNKNOWN, TurnJournal, load_result
from core.domain.errors import HubError, LostClaim, OutcomeUnknown, ToolError
from core.ports.chat_model import ToolCall
from core.ports.responder import TurnEvents

logger = logging.getLogger(__name__)

_UNKNOWN = (
    "The outcome of this call is unknown: {}. It may or may not have taken effect. "
    "Do not call it again; tell the customer that you cannot tell whether it happened."
)
_UNKNOWN_AFTER_CRASH = _UNKNOWN.format("the server stopped while it ran")
_UNKNOWN_AFTER_TIMEOUT = _UNKNOWN.format("no answer came in time")
_UNKNOWN_AFTER_ERROR = _UNKNOWN.format("it broke off with an error")

_FAILED, _LATE = "The tool failed.", "No answer within"
_BROKE = (_FAILED, _LATE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended: one of the journal's states, and what the model is told."""

    call: ToolCall
    status: str
    result: ToolResult

    @property
    def ok(self) -> bool:
        return self.status == FINISHED

    @property
    def broke(self) -> bool:
        """Not a tool's own "no" to the model (a ToolError), but a tool that did not work."""
        return self.status == UNKNOWN or (self.status == FAILED and self.result.content.startswith(_BROKE))


class ToolRunner:
    """``context`` is completed with each call's id. ``limit`` is how many calls of one step are run at most.

    ``use``: what it shares with other turns; without it, calls have no limits and no cache.
    """

    def __init__(
        self,
        tools: Mapping[str, Tool],
        journal: TurnJournal,
        events: TurnEvents,
        context: ToolContext,
        limit: int,
        consent: Consent,
        use: ToolUse | None = None,
    ) -> None:
        self.tools = tools
        self.journal = journal
        self._events = events
        self._context = context
        self._limit = limit
        self._consent = consent
        self._use = use or ToolUse()

    async def run(self, step: int, calls: Sequence[ToolCall]) -> list[Outcome]:
        """All outcomes in the order of the calls. Raises LostClaim, after the calls under way have ended."""
        work = [self._one(step, call, run=place < self._limit) for place, call in enumerate(calls)]
        ended = await asyncio.gather(*work, return_exceptions=True)
        errors = [outcome for outcome in ended if isinstance(outcome, BaseException)]
        if errors:
            raise next((error for error in errors if isinstance(error, LostClaim)), errors[0])
        return [outcome for outcome in ended if isinstance(outcome, Outcome)]

    async def _one(self, step: int, call: ToolCall, *, run: bool) -> Outcome:
        known = self.journal.call(call.id)
        if known is not None and known.status != STARTED and known.result is not None:
            return self._noted(Outcome(call, known.status, load_result(known.result)))
        tool = self.tools.get(call.name)
        if known is not None and (tool is None or tool.effect):
            return await self._settle(step, call, UNKNOWN, _UNKNOWN_AFTER_CRASH)
        if not run:
            return await self._settle(step, call, FAILED, f"Not run: at most {self._limit} calls at once. Ask again.")
        if tool is None:
            return await self._settle(
                step, call, FAILED, f"There is no tool {call.name}. Tools: {', '.join(self.tools)}."
            )
        return await self._execute(step, call, tool)

    async def _settle(self, step: int, call: ToolCall, status: str, result: ToolResult | str) -> Outcome:
        ready = ToolResult(result) if isinstance(result, str) else result
        await self.journal.settle(step, call, status, ready)
        return self._noted(Outcome(call, status, ready))

    def _noted(self, outcome: Outcome) -> Outcome:
        """What consent has to know of it, also when the turn is resumed: what was looked up, and what waits for a yes."""
        if outcome.ok:
            self._consent.add_result(outcome.result.content)
        elif outcome.result.content == NOT_CONFIRMED:
            self._consent.hold(outcome.call)
        return outcome

    async def _execute(self, step: int, call: ToolCall, tool: Tool) -> Outcome:
        try:
            arguments = tool.parse(call.arguments)
        except ToolError as error:
            return await self._settle(step, call, FAILED, error.detail)
        context = replace(self._context, call_id=call.id)
        refusal = await self._consent.refusal(tool, call) if has_evidence(tool, context) else NOT_VERIFIED
        if refusal is None:
            if (known := self._use.recall(tool, context, call.arguments)) is not None:
                return await self._settle(step, call, FINISHED, known)
            refusal = self._use.refusal(tool)
        if refusal is not None:
            logger.info("a tool call was refused", extra={"tool": call.name})
            return await self._settle(step, call, FAILED, refusal)
        await self._events.tool_call(call.name, "started")
        await self.journal.start(step, call)
        changes = self._use.changes
        try:
            status, result = await self._try(tool, lambda: tool.run(arguments, context))
        finally:
            if tool.changes_something:
                self._use.changed(context)
        if isinstance(result, ToolResult):
            self._use.keep(tool, context, call.arguments, result, changes)
        outcome = await self._settle(step, call, status, result)
        await self._events.tool_call(call.name, "finished" if outcome.ok else "failed")
        return outcome

    async def _try(self, tool: Tool, attempt: Callable[[], Awaitable[ToolResult]]) -> tuple[str, ToolResult | str]:
        """Up to ``1 + retries`` tries. The model reads a ToolError's own words, of other failures only that they happened."""
        failure = _FAILED
        for _ in range(1 + tool.retries):
            try:
                async with asyncio.timeout(tool.timeout):
                    return FINISHED, await attempt()
            except LostClaim:
                raise
            except TimeoutError:
                if tool.effect:
                    return UNKNOWN, _UNKNOWN_AFTER_TIMEOUT
                failure = f"{_LATE} {tool.timeout:g} seconds."
            except OutcomeUnknown:
                return UNKNOWN, _UNKNOWN_AFTER_TIMEOUT
            except ToolError as error:
                failure = error.detail
            except HubError as error:
                failure = f"{_FAILED} {error.detail}"
            except Exception:
                logger.exception("tool failed", extra={"tool": tool.name})
                if tool.effect:
                    return UNKNOWN, _UNKNOWN_AFTER_ERROR
                failure = _FAILED
        return FAILED, failure
