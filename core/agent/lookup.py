"""What a turn finds: passages of the knowledge base, waiting a bounded time while its model is loading, and parts of files."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, zip_longest

from core.agent.excerpt import best_match, opening
from core.agent.files import about_what, readable
from core.agent.settings import AgentSettings
from core.agent.sources import Source, from_file, from_retrieval
from core.agent.tokens import estimate, trim
from core.agent.wording import content_stems
from core.domain.attachments import Attachment
from core.domain.errors import KnowledgeUnavailable
from core.domain.knowledge import Retrieval
from core.looked_up import only_tried
from core.ports.clock import Clock
from core.ports.retriever import Retriever

_EXTRA_PASSAGES = 3
_CHARS_PER_TOKEN = 3


class Lookup:
    """``find`` answers like the retriever, but waits for one that is not ready before KnowledgeUnavailable is final.

    The company's name is not looked for: it stands in every document, so a question that holds it is like all of them,
    also one to which no document has the answer. Where nothing is found without it ("When was it founded?"), the best passage
    that is found with it counts if it speaks of the rest as well.
    """

    def __init__(self, retriever: Retriever, clock: Clock, settings: AgentSettings) -> None:
        self._retriever = retriever
        self._clock = clock
        self._settings = settings
        self._company = _named(settings.company_name)

    async def find(
        self, query: str, *, category: str | None = None, wait: bool = True, meant: str | None = None
    ) -> Retrieval:
        """Passages for a question; first the one that is ``meant``. Raises KnowledgeUnavailable."""
        bare = self._without_company(query)
        deadline = self._clock.monotonic() + (self._settings.knowledge_wait_seconds if wait else 0.0)
        poll = self._settings.knowledge_poll_seconds
        while True:
            try:
                found = await self._retrieved(bare, category)
                if not found.supported and bare != query:
                    found = await self._with_company(query, bare, category) or found
                return found.about(meant)
            except KnowledgeUnavailable:
                if self._clock.monotonic() + poll > deadline:
                    raise
                await self._clock.sleep(poll)

    async def _with_company(self, query: str, bare: str, category: str | None) -> Retrieval | None:
        """Whether it is found or not, the question was looked up once: under the words that decided it."""
        found = await self._retrieved(query, category)
        told = _tells(found, bare)
        only_tried(bare if told else query)
        return found if told else None

    async def _retrieved(self, query: str, category: str | None) -> Retrieval:
        bounds = self._settings
        found = await self._retriever.retrieve(
            query, limit=bounds.passages, category=category, audience=bounds.audience
        )
        return found if bounds.threshold is None else replace(found, threshold=bounds.threshold)

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


async def passages_for(
    lookup: Lookup, questions: Sequence[str], limit: int, *, meant: Sequence[str] = ()
) -> list[Source]:
    """The best passages of each question in turn, each passage once; ``meant``: of each, the one that comes first.

    Raises KnowledgeUnavailable.
    """
    pairs = zip_longest(questions, meant)
    found = await asyncio.gather(*(lookup.find(question, meant=passage) for question, passage in pairs))
    ranked = chain.from_iterable(zip_longest(*(from_retrieval(one) for one in found)))
    unique: dict[str, Source] = {}
    for source in ranked:
        if source is not None:  # what one question does not rest on may answer the other
            key = source.citation.id
            unique[key] = unique[key].with_more_of(source) if key in unique else source
    most = limit if len(questions) <= 1 else limit + _EXTRA_PASSAGES
    return list(unique.values())[:most]


def file_sources(files: Sequence[Attachment], question: str, budget: int) -> list[Source]:
    """The files' text, newest first. Of a long file its beginning and the part that the question is about."""
    left = budget
    given: list[Source] = []
    for file in reversed(readable(files)):
        if left <= 0:
            break
        text = _part(file.text or "", question, left)
        left -= estimate(text)
        given.append(from_file(file, text))
    return given


def _part(text: str, question: str, budget: int) -> str:
    if estimate(text) <= budget:
        return text
    room = budget * _CHARS_PER_TOKEN // 2
    head = opening(text, limit=room // 2)
    found = best_match(text, about_what(question), limit=room).text
    joined = f"{head}\n\n[…]\n\n{found}" if found and found not in head else text
    return trim(joined, budget)
