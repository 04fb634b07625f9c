"""Chat models that say what a transcript holds: the one that answers, and the one that checks its answers."""

from __future__ import annotations

import json
import random
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from config.conversations.transcript import RecordedCall, RecordedTurn
from core.agent.tokens import estimate, estimate_message
from core.ports.chat_model import ChatModel, ChatRequest, Finished, TextDelta, ToolCall

_SOURCE = re.compile(r'<source number="(\d+)"[^>\n]*>\n(.*?)\n</source>', re.DOTALL)
_KEY = re.compile(r"@([\w-]+)")
_PIECE = 24
"""Characters of one delta."""


def holds(text: str, anchors: Sequence[str]) -> bool:
    """Whether one of the anchors stands in the text, wherever its lines break."""
    return any(" ".join(anchor.split()) in " ".join(text.split()) for anchor in anchors)


def letters(text: str) -> str:
    """Only letters and digits: what is left of a sentence whatever is done to its markdown."""
    return "".join(char for char in text.casefold() if char.isalnum())


def is_among(sentence: str, texts: Sequence[str]) -> bool:
    """Whether a sentence holds one of these texts, or is most of one."""
    bare = letters(sentence)
    return any(one and (one in bare or (bare in one and len(bare) * 2 > len(one))) for one in map(letters, texts))


class RecordedModel:
    """Implements ChatModel for one turn: searches where it was not given its sources, calls tools, answers."""

    name = "transcript"

    def __init__(self, turn: RecordedTurn, anchors: Mapping[str, Sequence[str]]) -> None:
        self._turn = turn
        self._anchors = {key: anchors.get(key, ()) for key in turn.keys}
        search = RecordedCall(name="search_knowledge", args={"query": turn.search})
        self._steps = [*([(search,)] if turn.search else []), *turn.calls]
        self._answers = [turn.reply, turn.again or turn.reply]

    def skip(self, called: Sequence[Sequence[str]]) -> None:
        """The names of the tools that were called already, step by step; a search that was not needed is skipped too."""
        for names in called:
            while self._steps and [one.name for one in self._steps[0]] != list(names):
                self._steps.pop(0)
            del self._steps[:1]

    async def stream(self, request: ChatRequest) -> AsyncIterator[TextDelta | Finished]:
        """See ChatModel.stream."""
        numbers = self._numbers(request)
        if self._steps and self._steps[0][0].name == "search_knowledge" and len(numbers) == len(self._anchors) > 0:
            self._steps.pop(0)
        if self._steps and request.tools:
            step = self._steps.pop(0)
            calls = (ToolCall(f"{place}", one.name, _json(one.args)) for place, one in enumerate(step))
            yield Finished("tool_calls", tuple(calls))
            return
        text = self._structured(numbers) if self._turn.parts else self._text(numbers)
        for start in range(0, len(text), _PIECE):
            yield TextDelta(text[start : start + _PIECE])
        yield Finished("stop")

    def _text(self, numbers: Mapping[str, int]) -> str:
        text = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return _KEY.sub(lambda key: str(numbers.get(key[1], key[0])), text)

    def _structured(self, numbers: Mapping[str, int]) -> str:
        """What a part rests on comes before its text, as the agent asks for it."""
        parts = []
        for part in self._turn.parts:
            quotes = [
                {"source": numbers.get(one.source.removeprefix("@"), 0), "quote": one.quote} for one in part.rests_on
            ]
            parts.append({"kind": part.kind, "rests_on": quotes, "text": part.text})
        return _json({"parts": parts})

    def _numbers(self, request: ChatRequest) -> dict[str, int]:
        """By key, the number under which the model was given the source."""
        blocks = [found for message in request.messages for found in _SOURCE.finditer(message.content)]
        return {
            key: int(block[1])
            for key, anchors in self._anchors.items()
            for block in reversed(blocks)
            if holds(block[2], anchors)
        }


@dataclass(frozen=True, slots=True)
class Noise:
    """Shares of what is unsupported that a verifier misses, and of the rest that it refuses; the same for one ``seed``."""

    misses: float = 0.0
    refuses: float = 0.0
    seed: int = 0


class RecordedVerifier:
    """Implements ChatModel for checks of an answer: knows from the transcript what is unsupported."""

    name = "scripted"

    def __init__(self, case: str, turn: RecordedTurn, noise: Noise) -> None:
        self._case = case
        self._refused = turn.unwanted if turn.refused is None else turn.refused
        self._noise = noise

    async def stream(self, request: ChatRequest) -> AsyncIterator[TextDelta | Finished]:
        """See ChatModel.stream."""
        yield TextDelta(_json({one["id"]: self._is_supported(one["text"]) for one in checked_sentences(request)}))
        yield Finished("stop")

    def _is_supported(self, sentence: str) -> bool:
        chance = random.Random(f"{self._noise.seed} {self._case} {letters(sentence)}").random()  # noqa: S311 - noise
        return chance < self._noise.misses if is_among(sentence, self._refused) else chance >= self._noise.refuses


class CountedModel:
    """Implements ChatModel over one that checks answers: counts what it costs, and remembers what it was asked."""

    def __init__(self, model: ChatModel) -> None:
        self.name = model.name
        self._model = model
        self.calls = self.tokens = 0
        self.asked: list[str] = []

    async def stream(self, request: ChatRequest) -> AsyncIterator[TextDelta | Finished]:
        """See ChatModel.stream."""
        self.calls += 1
        self.tokens += sum(map(estimate_message, request.messages))
        self.asked += [one["text"] for one in checked_sentences(request)]
        async for piece in self._model.stream(request):
            self.tokens += estimate(piece.text) if isinstance(piece, TextDelta) else 0
            yield piece


def checked_sentences(request: ChatRequest) -> Sequence[Mapping[str, str]]:
    """The sentences that a verifier is asked about, with their ids."""
    return json.loads(request.messages[-1].content)["sentences"]  # type: ignore[no-any-return]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
