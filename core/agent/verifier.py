"""Asks a language model about the sentences of an answer that code alone can neither prove nor refute: one short call a batch.

Each comes with the parts of sources and results that it may rest on, and no more.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any

from core.agent.evidence import AnswerEvidence
from core.agent.judged_unit import JudgedUnit
from core.agent.literal import words
from core.agent.sentences import sentences
from core.agent.tokens import estimate, trim
from core.agent.whole_answer import ModelCheck
from core.ports.verifier import Sentence, Verdict, Verification

logger = logging.getLogger(__name__)

_SENTENCE_TOKENS = 200
_CUSTOMER_TOKENS = 250
_PASSAGE_TOKENS = 260
"""Of all passages together, so that a call stays near six hundred with its rules and sentences."""
_LEAST_TOKENS = 40
_FRAME_TOKENS = 16
_NEAREST = 2
_SAID_TOKENS = 120


class ModelVerifier(ModelCheck):
    """Implements Verifier."""

    prompt = "verify"

    async def verify(self, request: Verification) -> Mapping[int, Verdict]:
        places = {self._new_id(): place for place in range(len(request.sentences))}
        found = read_verdicts(await self._ask(_question(request, list(places))))
        known = {place: verdict for name, place in places.items() if (verdict := found.get(name)) is not None}
        if len(known) < len(places):
            logger.info("sentences without a verdict", extra={"sentences": len(places) - len(known)})
        return known


def _question(request: Verification, names: list[str]) -> dict[str, Any]:
    return {
        "customer": trim(request.customer, _CUSTOMER_TOKENS),
        "passages": [{"number": number, "text": text} for number, text in enumerate(request.passages, start=1)],
        "sentences": [
            {"id": name, "text": trim(one.text, _SENTENCE_TOKENS), "passages": [place + 1 for place in one.passages]}
            for name, one in zip(names, request.sentences, strict=True)
        ],
    }


def read_verdicts(found: Mapping[str, Any]) -> dict[str, Verdict]:
    """The verdicts by id: ``{id: verdict}`` or ``{"verdicts": [{"id", "verdict"}]}``.

    True and false are taken for supported and unsupported. What is neither gives no verdict.
    """
    listed = found.get("verdicts")
    if isinstance(listed, list):
        found = {one["id"]: one for one in listed if isinstance(one, dict) and isinstance(one.get("id"), str)}
    elif isinstance(listed, dict):
        found = listed
    read = {name: _verdict(value) for name, value in found.items()}
    return {name: verdict for name, verdict in read.items() if verdict is not None}


def _verdict(value: object) -> Verdict | None:
    if isinstance(value, dict):
        value = value.get("verdict")
    if isinstance(value, bool):
        return Verdict.SUPPORTED if value else Verdict.UNSUPPORTED
    try:
        return Verdict(str(value).strip().casefold().replace(" ", "_").replace("-", "_"))
    except ValueError:
        return None


def verification(units: Sequence[JudgedUnit], evidence: AnswerEvidence) -> Verification:
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
    said = trim(evidence.said, _SAID_TOKENS)
    if evidence.recalled:
        stated_before = "Said before:\n" + "\n".join(evidence.recalled)
        said = f"{said}\n{window(stated_before, [unit.stated for unit in units], _SAID_TOKENS)}"
    return Verification(said, passages, sentences)


def _sources_for(unit: JudgedUnit, evidence: AnswerEvidence) -> tuple[int, ...]:
    """What it cites or quotes; else what is nearest to its words."""
    named = dict.fromkeys([*unit.cited, *(quote.source for quote in unit.quotes if quote.source in evidence.sources)])
    return tuple(named) or evidence.nearest(unit.stated, _NEAREST)


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
