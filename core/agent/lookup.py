"""Searching the knowledge base from a turn: waits a bounded time while its model is still loading."""

from __future__ import annotations

import re
from dataclasses import replace

from core.agent.wording import content_stems
from core.domain.errors import KnowledgeUnavailable
from core.domain.knowledge import KnowledgeAudience, Retrieval
from core.looked_up import only_tried
from core.ports.clock import Clock
from core.ports.retriever import Retriever


class Lookup:
    """``find`` answers like the retriever, but asks again for ``wait`` seconds before KnowledgeUnavailable is final.

    The name of ``company`` is not looked for: it stands in every document, so a question that holds it is like all of them,
    also one to which no document has the answer. Where nothing is found without it ("When was it founded?"), the best passage
    that is found with it counts if it speaks of the rest as well.
    """

    def __init__(
        self,
        retriever: Retriever,
        clock: Clock,
        *,
        limit: int,
        wait: float,
        poll: float,
        company: str = "",
        audience: KnowledgeAudience = KnowledgeAudience.PUBLIC,
        threshold: float | None = None,
    ) -> None:
        self._retriever = retriever
        self._clock = clock
        self._limit = limit
        self._wait = wait
        self._poll = poll
        self._company = _named(company)
        self._audience = audience
        self._threshold = threshold

    async def find(
        self, query: str, *, category: str | None = None, wait: bool = True, meant: str | None = None
    ) -> Retrieval:
        """Passages for a question; first the one that is ``meant``. Raises KnowledgeUnavailable."""
        bare = self._without_company(query)
        deadline = self._clock.monotonic() + (self._wait if wait else 0.0)
        while True:
            try:
                found = await self._retrieved(bare, category)
                if not found.supported and bare != query:
                    found = await self._with_company(query, bare, category) or found
                return found.about(meant)
            except KnowledgeUnavailable:
                if self._clock.monotonic() + self._poll > deadline:
                    raise
                await self._clock.sleep(self._poll)

    async def _with_company(self, query: str, bare: str, category: str | None) -> Retrieval | None:
        """Whether it is found or not, the question was looked up once: under the words that decided it."""
        found = await self._retrieved(query, category)
        told = _tells(found, bare)
        only_tried(bare if told else query)
        return found if told else None

    async def _retrieved(self, query: str, category: str | None) -> Retrieval:
        found = await self._retriever.retrieve(query, limit=self._limit, category=category, audience=self._audience)
        return found if self._threshold is None else replace(found, threshold=self._threshold)

    def _without_company(self, query: str) -> str:
        """As it is when nothing else is asked for ("What is Tidepool?")."""
        if self._company is None:
            return query
        rest = " ".join(self._company.sub(" ", query).split())
        return rest if content_stems(rest) else query


def _tells(found: Retrieval, asked: str) -> bool:
    """Whether the best passage speaks of all that is asked of the company ("When was it founded?"), and not of it alone."""
    best = found.passages[:1] if found.supported else ()
    return any(set(content_stems(asked)) <= set(content_stems(f"{one.title} {one.content}")) for one in best)


def _named(company: str) -> re.Pattern[str] | None:
    """The name as a whole word, with a possessive ending."""
    if not company.split():
        return None
    name = r"\s+".join(map(re.escape, company.split()))
    return re.compile(rf"(?<!\w){name}(?:['’]s)?(?!\w)", re.IGNORECASE)
