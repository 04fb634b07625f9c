"""A search with a second look at its best passages.

Whether there is an answer at all stays for the search to say: its scores are what the bounds of the knowledge base were measured
by, and a reranker's are on a scale of its own. So a question that the search finds no answer to is not reranked, and what is
good enough to answer from stays before what is not.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Sequence
from dataclasses import replace

from core.domain.knowledge import KnowledgeAudience, Passage, Retrieval
from core.ports.metrics import Counter, Metrics
from core.ports.retriever import Reranker, Retriever

logger = logging.getLogger(__name__)

CANDIDATES = 24
"""Passages that are looked at again. Text Embeddings Inference takes 32 texts in one request unless it is told otherwise."""


class RerankedRetriever:
    """Implements Retriever over another one. ``seconds``: how long a customer waits for the second look.

    A reranker that has just failed is left alone for ``rest`` seconds.
    """

    def __init__(
        self, inner: Retriever, reranker: Reranker, metrics: Metrics, *, seconds: float, rest: float = 30.0
    ) -> None:
        self._inner = inner
        self._reranker = reranker
        self._metrics = metrics
        self._seconds = seconds
        self._rest = rest
        self._resting_until = -math.inf

    async def retrieve(
        self,
        query: str,
        *,
        limit: int = 5,
        category: str | None = None,
        language: str | None = None,
        audience: KnowledgeAudience = KnowledgeAudience.PUBLIC,
    ) -> Retrieval:
        """See Retriever.retrieve."""
        found = await self._inner.retrieve(
            query, limit=max(limit, CANDIDATES), category=category, language=language, audience=audience
        )
        first = replace(found, passages=found.passages[:limit])
        if not first.supported or len(found.passages) < 2:
            return first
        scores = await self._scores(query, found.passages[:CANDIDATES])
        if scores is None:
            return first
        return replace(found, passages=_in_order(found, scores)[:limit])

    async def ready(self) -> bool:
        """See Retriever.ready: the search answers without the reranker, too."""
        return await self._inner.ready()

    async def aclose(self) -> None:
        """Lets go of the reranker's connections."""
        close = getattr(self._reranker, "aclose", None)
        if close is not None:
            await close()

    async def _scores(self, query: str, passages: Sequence[Passage]) -> Sequence[float] | None:
        """None where they are not to be had: now, or a moment ago."""
        now = asyncio.get_running_loop().time()
        if now < self._resting_until:
            self._metrics.count(Counter.RERANKS, outcome="spared")
            return None
        try:
            async with asyncio.timeout(self._seconds):
                scores = await self._reranker.rerank(query, [shown(passage) for passage in passages])
            _check(scores, len(passages))
        except TimeoutError:
            logger.warning("reranker out of time", extra={"seconds": self._seconds})
            outcome = "late"
        except Exception as error:
            logger.warning("reranker failed: %s: %s", type(error).__name__, error)
            outcome = "failed"
        else:
            self._metrics.count(Counter.RERANKS, outcome="done")
            return scores
        self._metrics.count(Counter.RERANKS, outcome=outcome)
        self._resting_until = asyncio.get_running_loop().time() + self._rest
        return None


def _check(scores: Sequence[float], count: int) -> None:
    """Raises ValueError for what would sort anyhow, and TypeError."""
    if len(scores) != count or not all(map(math.isfinite, scores)):
        raise ValueError(f"{len(scores)} scores for {count} passages, or some that are no numbers")


def _in_order(found: Retrieval, scores: Sequence[float]) -> tuple[Passage, ...]:
    """What was not looked at again stays behind what was. The order of the search decides between equal scores."""
    supported = {passage.id for passage in found.supported}
    looked_at = sorted(
        zip(found.passages, scores, strict=False), key=lambda each: (each[0].id not in supported, -each[1])
    )
    rest = found.passages[len(scores) :]
    ordered = [*(passage for passage, _ in looked_at), *rest]
    return tuple(sorted(ordered, key=lambda passage: passage.id not in supported))


def shown(passage: Passage) -> str:
    """As it would be read: under the names of its place."""
    names = " › ".join(dict.fromkeys(name for name in (passage.title, passage.section) if name))
    return f"{names}\n{passage.content}" if names else passage.content
