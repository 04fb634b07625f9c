"""One turn of the agent: gather, ask, run tools, ask again, until there is an answer, an escalation or no budget left."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from core.agent.answer_gate import AnswerGate
from core.agent.answer_parts import PartsReader, parts_format
from core.agent.builtin_tools import SEARCH
from core.agent.evidence import AnswerEvidence
from core.agent.memory_tools import KEEPS, OWN_WORDS, own_words_of
from core.agent.prompting import fit
from core.agent.settings import AgentSettings
from core.agent.sources import Source, defuse
from core.agent.ticket_tools import MAKES_TICKETS
from core.agent.tokens import estimate, estimate_message, trim
from core.agent.tool_runner import Outcome, ToolRunner
from core.agent.turn_journal import AssistantStep, step_id
from core.agent.whole_answer import read_stream
from core.domain.conversation import Escalation
from core.domain.errors import ModelError
from core.domain.ticket import numbers_in
from core.ports.chat_model import ChatMessage, ChatModel, ChatRequest

logger = logging.getLogger(__name__)

_CUT_AT_LENGTH = "length"
_LAST_TOKENS = 0.75  # of the turn's budget: from here on the model must answer with what it has


@dataclass(slots=True, eq=False)
class AgentTurn:
    """State of one turn. ``run`` may be called once. ``tickets``: numbers of those that it opened or changed.

    ``broken``: the tools that did not work, and did not later in the turn either.
    """

    model: ChatModel
    settings: AgentSettings
    runner: ToolRunner
    gate: AnswerGate
    evidence: AnswerEvidence
    _spent: int = field(default=0, init=False)
    escalation: Escalation | None = field(default=None, init=False)
    link: str | None = field(default=None, init=False)
    tickets: tuple[str, ...] = field(default=(), init=False)
    broken: set[str] = field(default_factory=set, init=False)

    async def run(self, prompt: Sequence[ChatMessage], opening: Sequence[Source]) -> None:
        """Ends when the answer has passed the gate, or with ``escalation`` set. Raises ModelError, LostClaim."""
        messages = list(prompt)
        for number in range(self.settings.max_steps):
            step = await self._step(number, messages, opening, last=number == self.settings.max_steps - 1)
            if not step.calls:
                return
            messages.append(ChatMessage("assistant", step.text, tool_calls=step.calls))
            messages.extend(map(self._absorb, await self.runner.run(number, step.calls)))
            if self.escalation is not None:
                return
        raise ModelError(f"The model still asked for tools after {self.settings.max_steps} steps.")

    async def _step(
        self, number: int, messages: Sequence[ChatMessage], opening: Sequence[Source], *, last: bool
    ) -> AssistantStep:
        """The model's step, or what it said in it before a crash."""
        recorded = self.runner.journal.step(number)
        if recorded is not None:
            await PartsReader(self.gate).feed(recorded.text)
            self.gate.drop_pending()
            return recorded
        step = await self._ask(number, messages, last=last)
        if step.calls:
            self.runner.events.forbid_restart()  # a turn that begins anew with other words would resume this step
            await self.runner.journal.record_step(number, step, opening)
        return step

    async def _ask(self, number: int, messages: Sequence[ChatMessage], *, last: bool) -> AssistantStep:
        """Near the end of the budget the tools are taken away, so that the model answers with what it has."""
        if self._spent >= self.settings.turn_tokens:
            raise ModelError(f"The turn used up its {self.settings.turn_tokens} tokens.")
        frugal = last or self._spent >= self.settings.turn_tokens * _LAST_TOKENS
        request = ChatRequest(
            messages=fit(messages, self.settings.context_tokens),
            tools=() if frugal else [tool.spec for tool in self.runner.tools.values()],
            max_tokens=self.settings.answer_tokens,
            temperature=self.settings.temperature,
            reasoning_effort=self.settings.reasoning_effort,
            answer_format=parts_format(),
        )
        await self.runner.journal.still_held()  # whoever has claimed the conversation meanwhile is not answered over
        reader = PartsReader(self.gate)
        said, end = await read_stream(self.model, request, reader.feed)
        guessed = sum(map(estimate_message, request.messages)) + estimate(said)
        tokens = end.usage.get("total_tokens") or guessed
        self._spent += tokens
        if frugal and end.tool_calls:
            raise ModelError("The model asked for a tool when it could only answer.")
        if end.tool_calls:
            self.gate.drop_pending()
        else:
            is_cut = end.reason == _CUT_AT_LENGTH
            await reader.finish(whole=not is_cut)
            if is_cut and not (self.gate.shown or self.gate.dropped):
                raise ModelError("The model's answer was cut off within its first sentence.")
        logger.debug("model step", extra={"step": number, "tokens": tokens, "calls": len(end.tool_calls)})
        calls = (replace(call, id=step_id(number, place)) for place, call in enumerate(end.tool_calls))
        return AssistantStep(said, tuple(calls))

    def _absorb(self, outcome: Outcome) -> ChatMessage:
        """In the order of the calls, so that a resumed turn numbers its sources alike."""
        result = outcome.result
        if outcome.broke and outcome.call.name != SEARCH:  # the company's documents may be searched again at any time
            self.broken.add(outcome.call.name)
        elif outcome.ok:
            self.broken.discard(outcome.call.name)
        if outcome.ok and result.escalation is not None:
            self.escalation = self.escalation or result.escalation
        if outcome.ok:
            self.link = self.link or result.link
        if outcome.ok and outcome.call.name in MAKES_TICKETS:
            self.tickets += numbers_in(result.content)[:1]
        said = trim(defuse(outcome.shown), self.settings.tool_result_tokens)
        name = outcome.call.name
        if outcome.ok and name in OWN_WORDS:
            self.evidence.add_recalled(defuse(own_words_of(result.content)))
        elif outcome.ok and result.escalation is None and result.link is None and name != SEARCH:
            tool, keeps = self.runner.tools.get(name), name in KEEPS
            given = "{}" if keeps else outcome.call.arguments  # what is to be remembered is no result
            self.evidence.add_result(name, given, said, effect=keeps or (tool is not None and tool.effect))
        elif not outcome.ok and result.for_customer:
            self.evidence.add_result(name, "{}", defuse(result.for_customer))
        found = self.evidence.sources.show(result.sources, budget=self.settings.tool_result_tokens - estimate(said))
        shown = "\n".join(part for part in (said, found) if part)
        return ChatMessage("tool", shown, tool_call_id=outcome.call.id)
