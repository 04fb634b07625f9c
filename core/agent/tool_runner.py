"""Runs the tool calls of one step side by side, each recorded before and after, none of them twice when it has an effect."""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from pydantic import BaseModel

from core.agent.consent import Consent
from core.agent.evidence import parsed
from core.agent.memory_tools import OWN_WORDS
from core.agent.tool_use import NOT_VERIFIED, ToolUse, has_evidence
from core.agent.tools import Tool, ToolContext, ToolResult
from core.agent.turn_journal import FAILED, FINISHED, STARTED, UNKNOWN, TurnJournal, load_result
from core.domain.errors import HubError, LostClaim, OutcomeUnknown, ToolError, ToolErrorKind
from core.ports.chat_model import ToolCall
from core.ports.responder import TurnEvents

logger = logging.getLogger(__name__)

_UNKNOWN = (
    "The outcome of this call is unknown: {}. It may or may not have taken effect. "
    "Do not call it again; tell the customer that you cannot tell whether it happened."
)
_SAME_CALL = "Not run: you have made this very call in this turn, and its result holds. Do not call it again."
_STATUS = {None: FINISHED, ToolErrorKind.UNKNOWN: UNKNOWN}
_BROKE = frozenset({ToolErrorKind.UNAVAILABLE, ToolErrorKind.TIMEOUT, ToolErrorKind.UNKNOWN})


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
        """Not a tool's own "no" to the model, but a tool that did not work."""
        return self.status == UNKNOWN or self.result.error in _BROKE

    @property
    def shown(self) -> str:
        """What the model reads, an error with its kind."""
        kind = f" ({self.result.error})" if self.result.error else ""
        text = self.result.content if self.ok else f"Error{kind}: {self.result.content}"
        return f"{text}\nFor the customer: {self.result.for_customer}" if self.result.for_customer else text


def _is_same(call: ToolCall, other: ToolCall) -> bool:
    """Whether the model asks for the same thing twice."""
    values = parsed(call.arguments or "{}"), parsed(other.arguments or "{}")
    return call.id != other.id and call.name == other.name and values[0] == values[1]


def _failed(text: str, kind: ToolErrorKind = ToolErrorKind.REFUSED, for_customer: str = "") -> ToolResult:
    return ToolResult(text, error=kind, for_customer=for_customer)


def _unknown(why: str) -> ToolResult:
    return _failed(_UNKNOWN.format(why), ToolErrorKind.UNKNOWN)


@dataclass(frozen=True, slots=True)
class ToolRunner:
    """``context`` is completed with each call's id. ``limit`` is how many calls of one step are run at most.

    ``use``: what it shares with other turns; without it, calls have no limits and no cache. ``until``: the time of the event loop
    at which every call has ended, so that the turn can still tell what became of it.
    """

    tools: Mapping[str, Tool]
    journal: TurnJournal
    events: TurnEvents
    context: ToolContext
    limit: int
    consent: Consent
    use: ToolUse = field(default_factory=ToolUse)
    until: float = math.inf

    async def run(self, step: int, calls: Sequence[ToolCall]) -> list[Outcome]:
        """All outcomes in the order of the calls. Raises LostClaim, after the calls under way have ended."""
        work = []
        for place, call in enumerate(calls):
            same = any(_is_same(call, other) for other in (*calls[:place], *self.journal.calls()))
            work.append(self._one(step, call, run=place < self.limit, same=same))
        ended = await asyncio.gather(*work, return_exceptions=True)
        errors = [outcome for outcome in ended if isinstance(outcome, BaseException)]
        if errors:
            raise next((error for error in errors if isinstance(error, LostClaim)), errors[0])
        return [outcome for outcome in ended if isinstance(outcome, Outcome)]

    async def _one(self, step: int, call: ToolCall, *, run: bool, same: bool) -> Outcome:
        known = self.journal.call(call.id)
        if known is not None and known.status != STARTED and known.result is not None:
            return self._noted(Outcome(call, known.status, load_result(known.result)))
        tool = self.tools.get(call.name)
        if known is not None and (tool is None or tool.effect):
            return await self._resume(step, call, tool)
        if not run:
            return await self._settle(step, call, _failed(f"Not run: at most {self.limit} calls at once. Ask again."))
        if tool is None:
            text = f"There is no tool {call.name}. Tools: {', '.join(self.tools)}."
            return await self._settle(step, call, _failed(text, ToolErrorKind.INVALID))
        if same and tool.effect:
            return await self._settle(step, call, _failed(_SAME_CALL))
        return await self._execute(step, call, tool)

    async def _resume(self, step: int, call: ToolCall, tool: Tool | None) -> Outcome:
        """A process died while this call, which may have taken effect, was running."""
        result = _unknown("the server stopped while it ran")
        if tool is not None:
            with suppress(ToolError):  # its arguments may be others since an update
                arguments, context = tool.parse(call.arguments), replace(self.context, call_id=call.id)
                result = await self._checked(tool, arguments, context, result)
        return await self._settle(step, call, result)

    async def _settle(self, step: int, call: ToolCall, result: ToolResult) -> Outcome:
        status = _STATUS.get(result.error, FAILED)
        await self.journal.settle(step, call, status, result)
        return self._noted(Outcome(call, status, result))

    def _noted(self, outcome: Outcome) -> Outcome:
        """What consent has to know of it, also when the turn is resumed: what was looked up, and what waits for a yes."""
        if outcome.ok:
            self.consent.add_result(outcome.result.content, looked_up=outcome.call.name not in OWN_WORDS)
        else:
            self.consent.hold(outcome.call, outcome.result.content)
        return outcome

    async def _execute(self, step: int, call: ToolCall, tool: Tool) -> Outcome:
        try:
            arguments = tool.parse(call.arguments)
        except ToolError as error:
            return await self._settle(step, call, _failed(error.detail, error.kind))
        context = replace(self.context, call_id=call.id)
        refusal = await self.consent.refusal(tool, call) if has_evidence(tool, context) else NOT_VERIFIED
        if refusal is None:
            if (known := self.use.recall(tool, context, call.arguments)) is not None:
                return await self._settle(step, call, known)
            refusal = self.use.refusal(tool)
        if refusal is not None:
            logger.info("a tool call was refused", extra={"tool": call.name})
            return await self._settle(step, call, _failed(refusal))
        await self.events.tool_call(call.name, "started")
        await self.journal.start(step, call)
        changes = self.use.changes
        try:
            result = await self._try(tool, arguments, context)
            if result.error is ToolErrorKind.UNKNOWN:
                result = await self._checked(tool, arguments, context, result)
        finally:
            if tool.changes_something:
                self.use.changed(context)
        if result.ok:
            self.use.keep(tool, context, call.arguments, result, changes)
        outcome = await self._settle(step, call, result)
        await self.events.tool_call(call.name, "finished" if outcome.ok else "failed")
        return outcome

    async def _checked(self, tool: Tool, arguments: BaseModel, context: ToolContext, unknown: ToolResult) -> ToolResult:
        """What became of a call whose answer did not come, by the tool that says so.

        Where it has not happened it is tried once more, under the same key. A failure of that says nothing of the first one,
        which may still be on its way: then it is asked again.
        """
        check = self.tools.get(tool.checked_by)
        takes = check.spec.parameters.get("properties", {}) if check is not None else {}
        if check is None or check.effect or "idempotency_key" not in takes:
            return unknown  # without the key it would tell of another call
        given = arguments.model_dump(mode="json") | {"idempotency_key": context.idempotency_key}
        known = {name: value for name, value in given.items() if name in takes}
        try:
            asked = check.parse(json.dumps(known))
        except ToolError as error:
            logger.warning("a call cannot be checked: %s", error.detail, extra={"tool": check.name})
            return unknown
        found = await self._try(check, asked, context)
        if found.error is not ToolErrorKind.NOT_FOUND:
            return found if found.ok else unknown
        again = await self._try(tool, arguments, context)
        if again.ok:
            return again
        found = await self._try(check, asked, context)
        if found.error is ToolErrorKind.NOT_FOUND and again.error is not ToolErrorKind.UNKNOWN:
            return again
        return found if found.ok else unknown

    async def _try(self, tool: Tool, arguments: BaseModel, context: ToolContext) -> ToolResult:
        """Up to ``1 + retries`` tries, as long as the turn has time."""
        loop = asyncio.get_running_loop()
        result = _failed("Not run: there is no time left to answer in.", ToolErrorKind.TIMEOUT)
        for _ in range(1 + tool.retries):
            if (now := loop.time()) >= self.until:
                break
            result = await _result_of(tool, arguments, context, min(now + tool.timeout, self.until))
            if result.ok:
                break
        return result


async def _result_of(tool: Tool, arguments: BaseModel, context: ToolContext, until: float) -> ToolResult:
    """One try. The model reads a ToolError's own words, of other failures only that they happened. Raises LostClaim."""
    try:
        async with asyncio.timeout_at(until):
            return await tool.run(arguments, context)
    except LostClaim:
        raise
    except TimeoutError:
        if tool.effect:
            return _unknown("no answer came in time")
        return _failed("No answer came in time.", ToolErrorKind.TIMEOUT)
    except OutcomeUnknown:
        return _unknown("no answer came in time")
    except ToolError as error:
        if error.kind is ToolErrorKind.UNKNOWN:
            return _unknown(error.detail.rstrip("."))
        return _failed(error.detail, error.kind, error.for_customer)
    except HubError as error:
        return _failed(f"The tool failed. {error.detail}", ToolErrorKind.UNAVAILABLE)
    except Exception:
        logger.exception("tool failed", extra={"tool": tool.name})
        if tool.effect:
            return _unknown("it broke off with an error")
        return _failed("The tool failed.", ToolErrorKind.UNAVAILABLE)
