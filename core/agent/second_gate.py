"""Puts to the model what the rule cannot tell: whether a passage says a sentence that is not in the passage's own words.

The rule (see ``entailment``) refuses what contradicts a passage to the letter, and knows what is said in its words. Between them
are paraphrases and mistakes that look alike to it. They are put to the model a dozen at a time, in short calls. Where one
fails, is late or answers anything but what was asked for, the rule decides alone.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Callable, Sequence
from typing import Any

from core.agent.doubts import Claim
from core.agent.prompting import system_prompt
from core.agent.tokens import trim
from core.agent.whole_answer import SparedModel
from core.ports.chat_model import ChatMessage, ChatModel, ChatRequest
from core.ports.clock import Clock

logger = logging.getLogger(__name__)

_AT_ONCE = 12
"""Sentences of one call. Of a long answer there are several calls, all at the same time."""
_PASSAGE_TOKENS = 2_000
"""As much as the model read of a tool's result (AgentSettings.tool_result_tokens): what is cut off cannot be found to be said."""
_SENTENCE_TOKENS = 200
_ANSWER_TOKENS = 3_000
"""A dozen verdicts are 150 tokens; the rest is for models that think first."""
_LEFT_FOR_THE_TURN = 2.0


class ModelVerifier:
    """``seconds`` and ``rest``: see SparedModel. The customer waits for it.

    ``new_id`` gives names that no passage can know, so that none can hold an answer that fits.
    """

    def __init__(
        self,
        model: ChatModel,
        clock: Clock,
        *,
        seconds: float = 6.0,
        rest: float = 60.0,
        new_id: Callable[[], str] = lambda: secrets.token_hex(3),
    ) -> None:
        self._model = SparedModel(model, clock, "verification", seconds=seconds, rest=rest)
        self._new_id = new_id

    async def unsaid(self, claims: Sequence[Claim], *, until: float) -> frozenset[str]:
        """The sentences that their passages do not say; none where that is not known.

        ``until``: when the turn is over, in the time of the event loop; it is not waited so long that nothing could be said.
        """
        left = until - asyncio.get_running_loop().time() - _LEFT_FOR_THE_TURN
        if left <= 0:
            return frozenset()
        parts = [claims[start : start + _AT_ONCE] for start in range(0, len(claims), _AT_ONCE)]
        found = await asyncio.gather(*(self._unsaid(part, left) for part in parts))
        return frozenset().union(*found)

    async def _unsaid(self, claims: Sequence[Claim], left: float) -> frozenset[str]:
        asked = {self._new_id(): claim for claim in claims}
        try:
            async with asyncio.timeout(left):
                answer = await self._model.ask(_request(asked))
        except TimeoutError:
            answer = None
        verdicts = _verdicts(answer, frozenset(asked)) if answer is not None else None
        if verdicts is None:
            logger.info("the rule decides alone", extra={"sentences": len(asked)})
            return frozenset()
        return frozenset(claim.sentence for name, claim in asked.items() if not verdicts[name])


def _request(asked: dict[str, Claim]) -> ChatRequest:
    """As JSON, so that no text can end where it does not."""
    passages = list(dict.fromkeys(passage for claim in asked.values() for passage in claim.passages))
    data = {
        "passages": [
            {"number": number, "text": trim(text, _PASSAGE_TOKENS)} for number, text in enumerate(passages, start=1)
        ],
        "sentences": [
            {
                "id": name,
                "text": trim(claim.sentence, _SENTENCE_TOKENS),
                "passages": [passages.index(passage) + 1 for passage in claim.passages],
            }
            for name, claim in asked.items()
        ],
    }
    shown = ChatMessage("user", json.dumps(data, ensure_ascii=False))
    return ChatRequest((system_prompt("", "verify"), shown), max_tokens=_ANSWER_TOKENS)


def _verdicts(answer: str, names: frozenset[str]) -> dict[str, bool] | None:
    """A verdict for each sentence and nothing else; None for anything else."""
    bare = answer.strip().removeprefix("```json").removeprefix("```").removesuffix("```")
    try:
        found: Any = json.loads(bare)
    except ValueError:
        return None
    if not isinstance(found, dict) or found.keys() != names:
        return None
    return found if all(isinstance(verdict, bool) for verdict in found.values()) else None
