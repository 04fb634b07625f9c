"""Searches what was said with a customer, by words and by meaning, for the customer's agent and for staff."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from core.agent.excerpt import clip
from core.agent.wording import content_stems
from core.domain.errors import KnowledgeUnavailable
from core.domain.memory import LONGEST_FACT
from core.ports.gaps import Likeness
from core.ports.memories import Said

SEARCHED_MESSAGES = 400
"""The newest messages of a customer, of which one search reads so many."""
_COMPARED, _FOUND = 30, 6
_READ = 1_000
"""Characters of a message that are searched for words."""
_ALIKE = 0.5
"""The share of words, or the cosine, from which a message counts as found."""


async def search_history(said: Sequence[Said], query: str, likeness: Likeness | None) -> list[Said]:
    """Return at most six messages, the nearest to the query first.

    ``said``: newest first. Every message is compared by words; the 30 that share most words with the query, the newest of equals
    first, are also compared by meaning. Without ``likeness``, or while its model is loading, words alone decide.
    """
    shares = await asyncio.to_thread(_shares, said, frozenset(content_stems(query)))
    near = sorted(shares, key=lambda place: (-shares[place], place))[:_COMPARED]
    scores = {place: shares[place] for place in near}
    if likeness is not None and near:
        try:
            (row,) = await likeness.cosines([query], [clip(said[place].text, LONGEST_FACT) for place in near])
            scores = {place: max(scores[place], cosine) for place, cosine in zip(near, row, strict=True)}
        except KnowledgeUnavailable:
            pass
    best = sorted((place for place in near if scores[place] >= _ALIKE), key=lambda place: -scores[place])
    return [said[place] for place in best[:_FOUND]]


def _shares(said: Sequence[Said], wanted: frozenset[str]) -> dict[int, float]:
    """The share of the query's words that each message has in its first characters, by the message's place."""
    stems = (set(content_stems(one.text[:_READ])) for one in said)
    return {place: len(wanted & own) / max(1, len(wanted)) for place, own in enumerate(stems)}
