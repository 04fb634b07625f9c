"""What the model is given before it is asked: passages for each question, and the customer's files, within a budget."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import chain, zip_longest

from core.agent.excerpt import best_match, opening
from core.agent.files import about_what, readable
from core.agent.lookup import Lookup
from core.agent.sources import Source, from_file, from_retrieval
from core.agent.tokens import estimate, trim
from core.domain.attachments import Attachment

_EXTRA_PASSAGES = 3
_CHARS_PER_TOKEN = 3


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
