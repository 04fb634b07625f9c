"""Looks what an answer that is being approved would push aside, and says it once: who approves the same again means it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.domain.case import feed
from core.domain.errors import KnowledgeUnavailable
from core.domain.learning import Displaced, LearnedAnswer
from core.domain.messages import Message
from core.ports.regression import Regression
from core.ports.store import NewMessage
from handoff import posts
from handoff.learning.learning import LOOKED_AT, LearningRecords
from handoff.records import last_in
from handoff.texts import say

_TRIED = "tried"
"""In a warning's meta: the words that it is about, as a digest."""
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """What staff are told. ``stops``: before it goes live, and it does not yet."""

    message: NewMessage
    stops: bool = True


class Trial:
    """Without a ``regression`` nothing is looked for."""

    def __init__(self, regression: Regression | None, records: LearningRecords, account: str, language: str) -> None:
        self._regression = regression
        self._records = records
        self._account = account
        self._language = language

    async def finding(self, kept: LearnedAnswer, press: Message) -> Finding | None:
        """What staff have to know; None where there is nothing, or where they know and pressed again.

        A press that came before the warning did not know of it, such as the second half of a double click. What the knowledge
        base would not take in does not go live however often it is pressed: it has to be put into other words.
        """
        if self._regression is None or await self._was_told(kept, press):
            return None
        try:
            found = await self._regression.compare(kept.question, kept.answer)
        except KnowledgeUnavailable:
            return Finding(self._told(kept, say("learn_unchecked", self._language)))
        if found.refused:
            return Finding(posts.remark(say("learn_refused", self._language, reason=found.refused)))
        if found.displaced:
            return Finding(self._told(kept, say("learn_displaces", self._language, questions=_listed(found.displaced))))
        return None if found.tried else Finding(posts.remark(say("learn_untried", self._language)), stops=False)

    def _told(self, kept: LearnedAnswer, text: str) -> NewMessage:
        line = posts.remark(text)
        return replace(line, meta={**line.meta, _TRIED: _digest(kept)})

    async def _was_told(self, kept: LearnedAnswer, press: Message) -> bool:
        told = await last_in(self._records, feed(self._account, kept.case_id).conversation_id, LOOKED_AT)
        return any(one.meta.get(_TRIED) == _digest(kept) and one.created_at < press.created_at for one in told)


def _digest(kept: LearnedAnswer) -> str:
    return hashlib.sha256(f"{kept.question}\0{kept.answer}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _listed(found: Sequence[Displaced]) -> str:
    lines = [f"• {' '.join(one.question.split())} → {one.right}" for one in found[:_NAMED]]
    return "\n".join([*lines, f"• +{len(found) - _NAMED}"] if len(found) > _NAMED else lines)
