"""The part of a passage that a sentence may rest on, so that a verifier reads a few lines instead of a page."""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.agent.literal import words
from core.agent.sentences import sentences
from core.agent.tokens import estimate, trim

_RARE = 1.0


def window(passage: str, about: Sequence[str], budget: int) -> str:
    """The statements of a passage that share most words with some sentences, in their order, within ``budget`` tokens.

    The passage's first line names what it is about and always stays. Where nothing is shared (another language), its beginning.
    """
    if estimate(passage) <= budget:
        return passage
    head, _, body = passage.partition("\n")
    pieces = [piece for piece in sentences(body) if piece.strip()]
    wanted = {word for sentence in about for word in words(sentence)}
    scores = [_score(set(words(piece)), wanted) for piece in pieces]
    left, kept = budget - estimate(head), set[int]()
    for place in sorted(range(len(pieces)), key=lambda place: (-scores[place], place)):
        cost = estimate(pieces[place])
        if cost <= left:
            kept.add(place)
            left -= cost
    text = "".join(pieces[place] if place - 1 in kept or not place else f"… {pieces[place]}" for place in sorted(kept))
    return f"{head}\n{text.strip()}" if kept else trim(passage, budget)


def _score(own: set[str], wanted: set[str]) -> float:
    """Words with digits decide before others; a long statement gains nothing by its length."""
    weights = (3.0 if any(map(str.isdigit, word)) else min(len(word), 8) / 8 for word in own & wanted)
    return sum(weights) / (1 + math.sqrt(len(own)))
