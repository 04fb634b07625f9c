"""Asks the knowledge process what a proposed entry would push out of the first place."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.learning import Displaced
from knowledge.process.child import KnowledgeProcess

_PATIENCE = 25.0
"""Seconds; within the time that somebody who has pressed a button waits for what comes of it."""


class ProcessRegression:
    """Implements core.ports.regression.Regression."""

    def __init__(self, process: KnowledgeProcess) -> None:
        self._process = process

    async def displaced(self, question: str, answer: str) -> Sequence[Displaced]:
        """See Regression.displaced."""
        request = {"op": "trial", "question": question, "answer": answer}
        found: list[tuple[str, str]] = await self._process.call(request, _PATIENCE)
        return [Displaced(asked, right) for asked, right in found]
