"""Whether a sentence says what the passages that it cites say, as far as that can be told without asking a model.

A marker shows where a sentence claims to come from, not that it does. What customers act on is checked to the letter: links,
codes, numbers, lengths of time, amounts and what they count; and a sentence in a passage's own words that turns it into its
opposite. The same may be written in another way (see ``figures``), and in another language. Other words are the model's
own: a paraphrase cannot be told from a mistake by comparing words. Code is the model's own as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from core.agent.figures import DURATIONS, Figures, figures_of, negations, otherwise_written
from core.agent.language import detect, detect_surely
from core.agent.sentences import sentences
from core.agent.wording import content_stems, phrase

_SMALL = Decimal(10)
"""Up to here a number may be one that the writer has counted: "three steps"."""
_SAME_WORDS = 0.8
_FEWEST_STEMS = 2


def is_borne_out(sentence: str, passages: Iterable[str], *, said: str = "") -> bool:
    """False where it states a figure that neither the passages nor what the customer ``said`` hold, or the opposite."""
    texts = list(passages)
    held = "\n".join(texts)
    return _figures_hold(sentence, held, said) and not _turns_around(sentence, texts)


def _figures_hold(sentence: str, held: str, said: str) -> bool:
    stated = figures_of(sentence, detect_surely(sentence))
    if not (stated.numbers or stated.literals):
        return True
    known = figures_of(f"{held}\n{said}")
    source = figures_of(held)
    folded = held.casefold() + said.casefold()
    names = (literal.casefold() for literal in stated.literals if not literal.startswith("`"))
    if any(name not in folded for name in names):
        return False
    values = known.numbers | otherwise_written(held)
    return all(_number_holds(value, stated, source, values) for value in stated.numbers)


def _number_holds(value: Decimal, stated: Figures, source: Figures, values: frozenset[Decimal]) -> bool:
    mine = {unit for number, unit in stated.units if number == value}
    if mine:
        if _same_duration(stated, source, value) or mine & {unit for number, unit in source.units if number == value}:
            return True
        others = {unit for number, unit in source.units if number == value}
        counts = not mine & DURATIONS and value in {number for number, _ in source.counted}
        return value in values and not others and not counts
    counted = {word for number, word in stated.counted if number == value}
    rival = {number for number, word in source.counted if word in counted}
    if rival and value not in rival:
        return False
    return value in values or value <= _SMALL


def _same_duration(stated: Figures, source: Figures, value: Decimal) -> bool:
    mine = {(unit, length) for number, unit, length in stated.durations if number == value}
    return bool(mine) and mine <= {(unit, length) for _, unit, length in source.durations}


def _turns_around(sentence: str, passages: list[str]) -> bool:
    """In nearly the same words, and the one denies what the other says."""
    language = detect(sentence) or detect(" ".join(passages))
    if language is None:
        return False
    denials = negations(language)
    mine = set(content_stems(sentence)) - denials
    if len(mine) < _FEWEST_STEMS:
        return False
    return any(
        _denies(sentence, denials) != _denies(other, denials)
        for passage in passages
        for other in sentences(passage)
        if _alike(mine, set(content_stems(other)) - denials)
    )


def _denies(text: str, denials: frozenset[str]) -> bool:
    return not denials.isdisjoint(phrase(text).split())


def _alike(one: set[str], other: set[str]) -> bool:
    return len(one & other) >= _SAME_WORDS * len(one | other)
