"""The two scores between which a knowledge base is unsure, set from what must stay below and what should stay above.

No figure fits all: the cosine that keeps 95 of 100 questions ranges from .44 to .60 over knowledge bases of one model. But what
small talk and other trades' questions reach is a property of the base and the model that can be measured without any
labelled question, and a threshold a little above it costs few real ones. The constants were chosen on ``dev`` halves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]

_CHAT = 0.97
"""The share of small talk that the threshold has to turn away with certainty."""
_FAR = 0.85
"""Lower, since one of the other trades may be the very one that this knowledge base is about."""
_LANGUAGE = 0.9
"""Of the few questions in one other language."""
_LEAST_OF_A_LANGUAGE = 8
_MARGIN = 0.04
_TOWARDS_KNOWN, _MOST_RAISED = 0.25, 0.06
"""How far the threshold moves up where questions that are derived from the passages leave room for it."""
_BELOW_KNOWN = 0.1
"""A knowledge base about small talk itself, say: the threshold stays this much below its own texts' median."""
_KEPT = 0.1
_WORTH_ASKING = 0.04
"""How far below the best of what has no answer it is still worth asking back: a question costs less than a wrong answer. On the
sample, with a doubt this much lower, seven questions in place of one lead to their answer, and three from other trades and no
small talk are asked back."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """From ``answer`` on a passage may be quoted; from ``doubt`` on it is worth asking back.

    ``provisional``: these could not be measured, and stand in until they are.
    """

    answer: float
    doubt: float
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Foreign:
    """The best score of each question that is out of scope, with its kind and language."""

    scores: Scores
    kinds: Sequence[str]
    languages: Sequence[str]

    def select(self, kind: str | None, language: str) -> Scores:
        """Those of one kind (None: all) in one language."""
        pairs = zip(self.kinds, self.languages, strict=True)
        return self.scores[np.array([k == (kind or k) and spoken == language for k, spoken in pairs], np.bool_)]


def bounds_of(foreign: Foreign, known: Scores, languages: Sequence[str]) -> Bounds:
    """The bounds without labelled questions. ``known``: scores of questions that are derived from the passages.

    ``languages`` are those of the passages: texts of one language are near one another, whatever they say.
    """
    floor = max(_at(foreign.select("chat", "en"), _CHAT), _at(foreign.select("far", "en"), _FAR))
    for language in languages:
        there = foreign.select(None, language)
        if language != "en" and len(there) >= _LEAST_OF_A_LANGUAGE:
            floor = max(floor, _at(there, _LANGUAGE))
    answer = floor + _MARGIN
    if len(known):
        answer += min(_MOST_RAISED, _TOWARDS_KNOWN * max(0.0, _at(known, _KEPT) - answer))
        answer = min(answer, _at(known, 0.5) - _BELOW_KNOWN)
    return _bounds(answer, min(floor, answer - _MARGIN) - _WORTH_ASKING)


def labelled_bounds(inside: Scores, outside: Scores) -> Bounds:
    """The bounds from labelled questions: nine of ten that have an answer are kept, and more where nothing else is let in."""
    answer = _at(inside, _KEPT)
    if len(outside):
        answer = min(answer, max(_at(outside, _CHAT) + _MARGIN, _at(inside, 0.02)))
    return _bounds(answer, min(answer - _MARGIN, _at(outside, 0.75) if len(outside) else answer))


def _bounds(answer: float, doubt: float) -> Bounds:
    return Bounds(round(answer, 3), round(doubt, 3))


def _at(scores: Scores, share: float) -> float:
    return float(np.quantile(scores, share)) if len(scores) else 0.0


def by_kind(kinds: Mapping[str, Mapping[str, Sequence[str]]]) -> tuple[list[str], list[str], list[str]]:
    """Questions, their kinds and their languages, in one order."""
    rows = [(text, kind, language) for kind, by in kinds.items() for language, texts in by.items() for text in texts]
    return [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]
