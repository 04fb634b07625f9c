"""Asks the knowledge process what a proposed entry would push out of the first place."""

from __future__ import annotations

from core.domain.learning import Compared, Displaced
from knowledge.process.child import KnowledgeProcess
from knowledge.process.frames import Frame

_PATIENCE = 25.0
"""Seconds; within the time that somebody who has pressed a button waits for what comes of it."""


class ProcessRegression:
    """Implements core.ports.learning.Regression."""

    def __init__(self, process: KnowledgeProcess) -> None:
        self._process = process

    async def compare(self, question: str, answer: str) -> Compared:
        """See Regression.compare."""
        request = {"op": "trial", "question": question, "answer": answer}
        found: Frame = await self._process.call(request, _PATIENCE)
        displaced = tuple(Displaced(asked, right) for asked, right in found["displaced"])
        return Compared(found["tried"], displaced, found["refused"])
