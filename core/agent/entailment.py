"""Whether a sentence says what the passages that it cites say, as far as that can be told without asking a model.

A marker shows where a sentence claims to come from, not that it does. What customers act on is checked to the letter: links,
codes, numbers, lengths of time, amounts and what they count; and a sentence in a passage's own words that turns it into its
opposite. The same may be written in another way (see ``figures``), and in another language. Other words are the model's
own: a paraphrase cannot be told from a mistake by comparing words. Code is the model's own as well.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from decimal import Decimal

from core.agent.figures import DURATIONS, Figures, denies, digits_of, figures_of, negations, otherwise_written
from core.agent.language import DEFAULT, detect, detect_surely
from core.agent.stating import remainder
from core.agent.wording import content_stems

_SMALL = Decimal(10)
"""Up to here a number may be one that the writer has counted: "three steps"."""
_SAME_WORDS = 0.8
_FEWEST_STEMS = 2
_LIST_MARK = re.compile(r"^[^\S\n]*(?:[-*+•]\s+)?\d{1,3}[.)]\s+", re.MULTILINE)
_AROUND_THE_CLOCK = re.compile(r"\b24/7\b")
_SCHEME = re.compile(r"https?://(?:www\.)?")
_SETTING = re.compile(r"[\s\-*_/`()。，،.,:;]+")
_PIECE = re.compile(r"(?:[^.!?؟。\n]|\.(?=\w))+[.!?؟。]*")
_QUESTION = re.compile(r"[?؟]|^\s*Q:")
_HEADING = re.compile(r"^\s*#+\s")


def is_borne_out(sentence: str, passages: Iterable[str], *, said: str = "") -> bool:
    """False where it states a figure that neither the passages nor what the customer ``said`` hold, or the opposite."""
    stated = _AROUND_THE_CLOCK.sub(" ", _LIST_MARK.sub("", sentence))
    texts = list(passages)
    return _figures_hold(stated, "\n".join(texts), said) and not _turns_around(stated, texts)


def is_in_its_words(sentence: str, passages: Iterable[str]) -> bool:
    """Whether one statement of the passages says it in the same words and the same order, so that there is no doubt about it.

    A word more may be a condition, a word from the statement beside it another thing of which it is said. Headings and the
    questions of a FAQ say what statements are about: their words may stand beside any, and in a lead-in by themselves. A sentence
    that states nothing is in nobody's words, and in no doubt.
    """
    stated = _LIST_MARK.sub("", sentence)
    telling = frozenset(remainder(stated))
    texts = list(passages)
    about = frozenset(stem for text in texts for stem in _subjects(text))
    if not telling or (stated.rstrip("*_ \n").endswith(":") and telling <= about):
        return True
    order = [stem for stem in content_stems(stated) if stem in telling]
    language = detect(stated) or detect(" ".join(texts)) or DEFAULT
    denied = denies(stated, language)
    return any(
        about.issuperset(telling - stems) and denies(statement, language) == denied and _follows(order, statement)
        for text in texts
        for statement, stems in _statements(text)
    )


def _follows(order: list[str], statement: str) -> bool:
    """Whether those of the stems that the statement has stand there one after the other, whatever is between them."""
    stems = content_stems(statement)
    held = frozenset(stems)
    own = [stem for stem in order if stem in held]
    left = iter(stems)
    return bool(own) and all(stem in left for stem in own)


@functools.lru_cache(maxsize=64)
def _subjects(passage: str) -> frozenset[str]:
    """The stems of headings and questions."""
    pieces = (piece for piece in _PIECE.findall(passage) if _QUESTION.search(piece) or _HEADING.match(piece))
    return frozenset(stem for piece in pieces for stem in content_stems(piece))


def _figures_hold(sentence: str, held: str, said: str) -> bool:
    language = detect_surely(sentence) or detect(sentence) or detect(held)
    stated = figures_of(sentence, (language,) if language is not None else ())
    if not (stated.numbers or stated.literals):
        return True
    everything = f"{held}\n{said}"
    if not all(_stands_in(literal, everything) for literal in stated.literals if not literal.startswith("`")):
        return False
    source = figures_of(held)
    theirs = figures_of(said).numbers | digits_of(said)
    values = figures_of(everything).numbers | digits_of(everything) | otherwise_written(held)
    denied = language is not None and denies(sentence, language)
    return all(_number_holds(value, stated, source, values, theirs, denied=denied) for value in stated.numbers)


def _stands_in(literal: str, held: str) -> bool:
    """However it is set: with or without "https://", in bold, "AES 256" for "AES-256"."""
    return _bare(literal) in _bare(held)


def _bare(text: str) -> str:
    return _SETTING.sub("", _SCHEME.sub("", text.casefold()))


def _number_holds(
    value: Decimal,
    stated: Figures,
    source: Figures,
    values: frozenset[Decimal],
    said: frozenset[Decimal],
    *,
    denied: bool,
) -> bool:
    mine = frozenset(unit for number, unit in stated.units if number == value)
    if mine:
        known = _unit_holds(value, mine, stated, source)
        if known is not None:
            return known
        if _rivals(mine, source):
            return value in said and (denied or _names_theirs(mine, stated, source))
        return value in values
    counted = {word for number, word in stated.counted if number == value}
    rival = {number for number, word in source.counted if word in counted}
    if rival and value not in rival and value not in source.bare:
        return False
    return value in values or value <= _SMALL


def _unit_holds(value: Decimal, mine: frozenset[str], stated: Figures, source: Figures) -> bool | None:
    """Whether the source says this number of this unit; None where it does not have the number, or not so that one can tell."""
    theirs = {unit for number, unit in source.units | source.lasting if number == value}
    if mine & theirs or _same_duration(stated, source, value):
        return True
    lasts = bool(mine & DURATIONS)
    if value in (source.cells if lasts else source.bare):
        return True
    counts = not lasts and value in {number for number, _ in source.counted}
    return False if theirs or counts else None


def _rivals(mine: frozenset[str], source: Figures) -> frozenset[tuple[Decimal, str]]:
    """What the source says in this unit: any length of time where it is one. Then a number that the customer has named is
    theirs alone, and "yes, within 60 days" no answer that rests on a passage which says 30."""
    units = DURATIONS if mine & DURATIONS else mine
    return frozenset(one for one in source.units | source.lasting if one[1] in units)


def _names_theirs(mine: frozenset[str], stated: Figures, source: Figures) -> bool:
    """Whether the sentence says the source's own figure as well: "you ordered 10 days ago, which is within the 14 days"."""
    rivals = _rivals(mine, source)
    return any(one in rivals or _same_duration(stated, source, one[0]) for one in stated.units)


def _same_duration(stated: Figures, source: Figures, value: Decimal) -> bool:
    mine = {(unit, length) for number, unit, length in stated.durations if number == value}
    return bool(mine) and mine <= {(unit, length) for _, unit, length in source.durations}


def _turns_around(sentence: str, passages: list[str]) -> bool:
    """In nearly the same words, and the one denies what the other says; unless another sentence there says it as well."""
    language = detect(sentence) or detect(" ".join(passages))
    if language is None:
        return False
    denials = negations(language)
    mine = frozenset(content_stems(sentence)) - denials
    if len(mine) < _FEWEST_STEMS:
        return False
    denied = denies(sentence, language)
    alike = {
        denies(other, language) == denied
        for passage in passages
        for other, stems in _statements(passage)
        if _alike(mine, stems - denials)
    }
    return alike == {False}


@functools.lru_cache(maxsize=64)
def _statements(passage: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """The pieces of a passage that state something, each with its stems; a FAQ's question states nothing."""
    pieces = (piece for piece in _PIECE.findall(passage) if not _QUESTION.search(piece))
    return tuple((piece, frozenset(content_stems(piece))) for piece in pieces)


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= _SAME_WORDS * len(one | other)
