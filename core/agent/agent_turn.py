"""One turn of the agent: gather, ask, run tools, ask again, until there is an answer, an escalation or no budget left."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from core.agent.builtin_tools import SEARCH
from core.agent.citation_gate import CitationGate
from core.agent.model_step import ModelStep, ask
from core.agent.prompting import CITE_AGAIN, SAY_AGAIN, fit
from core.agent.settings import AgentSettings
from core.agent.sources import Source, Sources, defuse
from core.agent.ticket_tools import MAKES_TICKETS
from core.agent.tokens import estimate, trim
from core.agent.tool_registry import ToolRegistry
from core.agent.tool_runner import Outcome, ToolRunner
from core.agent.turn_journal import AssistantStep, TurnJournal
from core.agent.verdict import Judged, Verdict, judge
from core.domain.conversation import Escalation
from core.domain.errors import ModelError
from core.domain.ticket import numbers_in
from core.ports.chat_model import ChatMessage, ChatModel, ChatRequest

logger = logging.getLogger(__name__)

_LAST_TOKENS = 0.75  # of the turn's budget: from here on the model must answer with what it has


@dataclass(frozen=True, slots=True)
class TurnSubject:
    """What the turn is about, as far as the verdict needs to know."""

    question: str
    small_talk: bool


class AgentTurn:
    """State of one turn. ``run`` may be called once. ``tickets``: numbers of those that it opened or changed.

    ``broken``: the tools that did not work, and did not later in the turn either.
    """

    def __init__(
        self,
        model: ChatModel,
        settings: AgentSettings,
        journal: TurnJournal,
        tools: ToolRegistry,
        runner: ToolRunner,
        gate: CitationGate,
        sources: Sources,
    ) -> None:
        self._model = model
        self._settings = settings
        self._journal = journal
        self._tools = tools
        self._runner = runner
        self._gate = gate
        self._sources = sources
        self._spent = 0
        self._used_tool = False
        self.escalation: Escalation | None = None
        self.tickets: tuple[str, ...] = ()
        self.broken: set[str] = set()

    async def run(
        self, prompt: Sequence[ChatMessage], opening: Sequence[Source], subject: TurnSubject
    ) -> Judged | None:
        """The verdict on an answer without citations; None when it has some, or when a person is asked for instead.

        Raises ModelError, LostClaim.
        """
        messages = list(prompt)
        asked_again = False
        for number in range(self._settings.max_steps):
            last = number == self._settings.max_steps - 1
            step = await self._step(number, messages, opening, last=last)
            messages.append(ChatMessage("assistant", step.text, tool_calls=step.calls))
            if step.calls:
                self._gate.drop_held()
                messages.extend(await self._call_tools(number, step))
                if self.escalation is not None:
                    return None
                continue
            judged = self._judge(subject, may_ask_again=not (asked_again or last))
            if judged is None or judged.verdict is not Verdict.CITE_AGAIN:
                return judged
            asked_again = True
            await self._journal.record_step(number, step, opening)
            self._gate.drop_held()
            messages.append(ChatMessage("user", SAY_AGAIN if self._used_tool else CITE_AGAIN))
        raise ModelError(f"The model still asked for tools after {self._settings.max_steps} steps.")

    def _judge(self, subject: TurnSubject, *, may_ask_again: bool) -> Judged | None:
        if self._gate.citations:
            return None
        return judge(
            subject.question,
            self._gate.held,
            self._sources,
            small_talk=subject.small_talk,
            standing=self._gate.standing if self._used_tool else None,
            may_ask_again=may_ask_again,
        )

    async def _step(
        self, number: int, messages: Sequence[ChatMessage], opening: Sequence[Source], *, last: bool
    ) -> AssistantStep:
        """The model's step, or what it said in it before a crash."""
        recorded = self._journal.step(number)
        if recorded is not None:
            await self._gate.feed(recorded.text)
            await self._gate.finish()
            return recorded
        answer = await self._ask(number, messages, last=last)
        if answer.step.calls:
            await self._journal.record_step(number, answer.step, opening)
        return answer.step

    async def _ask(self, number: int, messages: Sequence[ChatMessage], *, last: bool) -> ModelStep:
        """Near the end of the budget the tools are taken away, so that the model answers with what it has."""
        if self._spent >= self._settings.turn_tokens:
            raise ModelError(f"The turn used up its {self._settings.turn_tokens} tokens.")
        frugal = last or self._spent >= self._settings.turn_tokens * _LAST_TOKENS
        request = ChatRequest(
            messages=fit(messages, self._settings.context_tokens),
            tools=() if frugal else self._tools.specs,
            max_tokens=self._settings.answer_tokens,
            temperature=self._settings.temperature,
        )
        await self._journal.still_held()  # whoever has claimed the conversation meanwhile is not answered over
        answer = await ask(self._model, request, self._gate, number, self._settings.idle_seconds)
        self._spent += answer.tokens
        if frugal and answer.step.calls:
            raise ModelError("The model asked for a tool when it could only answer.")
        await self._gate.finish(whole=not answer.cut)
        if answer.cut and not answer.step.calls and not (self._gate.text or self._gate.held):
            raise ModelError("The model's answer was cut off within its first sentence.")
        logger.debug("model step", extra={"step": number, "tokens": answer.tokens, "calls": len(answer.step.calls)})
        return answer

    async def _call_tools(self, number: int, step: AssistantStep) -> list[ChatMessage]:
        outcomes = await self._runner.run(number, step.calls)
        return [self._absorb(outcome) for outcome in outcomes]

    def _absorb(self, outcome: Outcome) -> ChatMessage:
        """In the order of the calls, so that a resumed turn numbers its sources alike."""
        result = outcome.result
        if outcome.broke:
            self.broken.add(outcome.call.name)
        elif outcome.ok:
            self.broken.discard(outcome.call.name)
        if outcome.ok and result.escalation is not None:
            self.escalation = self.escalation or result.escalation
        if outcome.ok and outcome.call.name in MAKES_TICKETS:
            self.tickets += numbers_in(result.content)[:1]
            self._gate.trust_tickets(self.tickets)
        said = trim(defuse(result.content), self._settings.tool_result_tokens)
        if outcome.ok and result.escalation is None and outcome.call.name != SEARCH:
            self._used_tool = True
            self._gate.trust_result(outcome.call.name, outcome.call.arguments, said)
        found = self._sources.show(result.sources, budget=self._settings.tool_result_tokens - estimate(said))
        shown = "\n".join(part for part in (said, found) if part)
        text = shown if outcome.ok else f"Error: {result.content}"
        return ChatMessage("tool", text, tool_call_id=outcome.call.id, name=outcome.call.name)
