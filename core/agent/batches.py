"""What a verifier is asked about some sentences: each with the parts of sources and results that it may rest on, and no more."""

from __future__ import annotations

from collections.abc import Sequence

from core.agent.evidence import Evidence
from core.agent.judged_unit import JudgedUnit
from core.agent.tokens import estimate
from core.agent.windows import window
from core.ports.verifier import Sentence, Verification

_PASSAGE_TOKENS = 260
"""Of all passages together, so that a call stays near six hundred with its rules and sentences."""
_LEAST_TOKENS = 40
_FRAME_TOKENS = 16
_NEAREST = 2


def verification(units: Sequence[JudgedUnit], evidence: Evidence) -> Verification:
    """The request for these sentences."""
    nearest = [_sources_for(unit, evidence) for unit in units]
    numbers = list(dict.fromkeys(number for some in nearest for number in some))
    results = list(evidence.results)
    count = len(results) + len(numbers)
    stated = sum(estimate(unit.stated) + _FRAME_TOKENS for unit in units)
    room = max(_LEAST_TOKENS, (_PASSAGE_TOKENS - max(0, stated - 80)) // max(1, count) - _FRAME_TOKENS)
    passages = [window(text, [unit.stated for unit in units], room) for text in results]
    for number in numbers:
        about = [unit for unit, some in zip(units, nearest, strict=True) if number in some]
        quoted = [quote.text for unit in about for quote in unit.quotes if quote.source == number]
        passages.append(window(evidence.passage(number), quoted or [unit.stated for unit in about], room))
    places = {number: len(results) + place for place, number in enumerate(numbers)}
    sentences = [
        Sentence(unit.stated, (*range(len(results)), *(places[number] for number in some)))
        for unit, some in zip(units, nearest, strict=True)
    ]
    return Verification(evidence.said, passages, sentences)


def _sources_for(unit: JudgedUnit, evidence: Evidence) -> tuple[int, ...]:
    """What it cites or quotes; else what is nearest to its words."""
    named = dict.fromkeys([*unit.cited, *(quote.source for quote in unit.quotes if quote.source in evidence.sources)])
    return tuple(named) or evidence.nearest(unit.stated, _NEAREST)
