"""Puts transcripts through the agent and says what became of each sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from config.conversations.given import GivenPassages, Nowhere, recorded_tool, turn_state
from config.conversations.recorded_model import CountedModel, RecordedModel, holds, is_among, letters
from config.conversations.transcript import Expected, Known, RecordedTurn, Transcript, without_markers
from core.agent.loop import AgentLoop
from core.agent.settings import AgentSettings
from core.agent.tools import Tool
from core.agent.verifier import ModelVerifier
from core.clock import SystemClock
from core.domain.errors import ConfigError
from core.domain.knowledge import Passage
from core.domain.messages import MessageKind
from core.ports.chat_model import ChatModel
from core.ports.responder import Reply

VerifierFor = Callable[[Transcript, RecordedTurn], ChatModel | None]


@dataclass(slots=True)
class Outcome:
    """Of one answer. ``lost`` and ``leaked``: sentences with the reason; ``unrun``: why it was not tried."""

    case: Transcript
    expected: Expected | None
    lost: list[tuple[str, str]] = field(default_factory=list)
    leaked: list[tuple[str, str]] = field(default_factory=list)
    calls: int = 0
    tokens: int = 0
    unrun: str = ""

    @property
    def may_lose(self) -> bool:
        """Whether something of it should be shown."""
        return self.expected is not Expected.WITHHOLD

    @property
    def may_leak(self) -> bool:
        """Whether something of it should be held back."""
        return self.expected in (Expected.WITHHOLD, Expected.SHOW_PART)


class Replay:
    """``passages``: the knowledge. ``tools``: asked where a transcript holds no result of a call."""

    def __init__(
        self,
        known: Known,
        passages: Sequence[Passage],
        settings: AgentSettings,
        verifier_for: VerifierFor,
        tools: Sequence[Tool] = (),
    ) -> None:
        self._anchors = {**known.anchors, **{key: (text,) for key, text in known.sources.items()}}
        own = [Passage(f"own {key}", f"own {key}", key, text, key, 0.0) for key, text in known.sources.items()]
        self._passages = [*own, *passages]
        self._settings = settings
        self._verifier_for = verifier_for
        self._tools = {tool.name: tool for tool in tools if not tool.effect}

    async def run(self, transcripts: Sequence[Transcript]) -> list[Outcome]:
        """Every answer that is to be judged. Raises ConfigError for a source that is nowhere."""
        judged = [(case, place) for case in transcripts for place, turn in enumerate(case.turns) if turn.expect]
        return [await self._judge(case, place) for case, place in judged]

    async def _judge(self, case: Transcript, place: int) -> Outcome:
        turn = case.turns[place]
        outcome = Outcome(case, turn.expect)
        calls = [call for step in turn.calls for call in step]
        names = dict.fromkeys(call.name for call in calls)
        missing = {call.name for call in calls if call.result is None}
        if missing - self._tools.keys():
            outcome.unrun = f"the file holds no result of {', '.join(sorted(missing - self._tools.keys()))}"
            return outcome
        recorded = [
            recorded_tool(name, [one for one in calls if one.name == name]) for name in names if name not in missing
        ]
        model, clock = self._verifier_for(case, turn), SystemClock()
        counted = CountedModel(model) if model is not None else None
        agent = AgentLoop(
            RecordedModel(turn, self._anchors),
            GivenPassages(turn, self._wanted(case, turn), self._passages),
            Nowhere(),
            self._settings,
            clock,
            tools=[*recorded, *(self._tools[name] for name in missing)],
            verifier=ModelVerifier(counted, clock) if counted is not None else None,
        )
        reply = await agent.respond(turn_state(case, place), f"{case.id}-{place}", Nowhere())
        if counted is not None:
            outcome.calls, outcome.tokens = counted.calls, counted.tokens
        _compare(turn, reply, outcome, counted.asked if counted is not None else ())
        return outcome

    def _wanted(self, case: Transcript, turn: RecordedTurn) -> list[Passage]:
        """What the answer rests on, customers' files left out."""
        files = [file.text for one in case.turns for file in one.files]
        wanted = {key: self._anchors.get(key, ()) for key in turn.keys}
        found = {key: next((one for one in self._passages if holds(one.content, wanted[key])), None) for key in wanted}
        for key, passage in found.items():
            if passage is None and not any(holds(text, wanted[key]) for text in files):
                raise ConfigError(f"line {case.line} ({case.id}): no source holds the anchor {key}.")
        return list(dict.fromkeys(passage for passage in found.values() if passage is not None))


def _compare(turn: RecordedTurn, reply: Reply, outcome: Outcome, asked: Sequence[str]) -> None:
    """Notes what is missing of the answer, and what should be."""
    shown = letters(without_markers(reply.text))
    if turn.expect is Expected.UNKNOWN and reply.kind is MessageKind.UNKNOWN:
        return
    for sentence in turn.sentences:
        is_shown, checked = letters(sentence) in shown, is_among(sentence, asked)
        if is_among(sentence, turn.unwanted):
            if is_shown:
                outcome.leaked.append((sentence, "the verifier let it pass" if checked else "it was not checked"))
        elif outcome.may_lose and not is_shown and not is_among(sentence, turn.soft):
            why = "the verifier was asked" if checked else "code left it out"
            kept = reply.kind in (MessageKind.ANSWER, MessageKind.SMALL_TALK)
            outcome.lost.append((sentence, why if kept else f"{why}; the customer read: {reply.text}"))
