"""All that one turn gives an answer to rest on, and what code can prove or refute of a sentence without asking a model.

That is every source that the model was given, the calls and results of tools, and what the customer wrote. A link, an address, a
phone number or a code that stands nowhere in it refutes a sentence, and so does a figure that neither stands there nor follows by
one calculation at a time from figures that do. Text in it that orders the assistant about is no evidence.
"""

from __future__ import annotations

import functools
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from core.agent.answer_unit import Quote
from core.agent.exact_parts import ExactIndex, ExactParts, Figure, exact_parts, numbers_of
from core.agent.literal import statement_key, statements, words
from core.agent.orders import without_orders
from core.agent.sources import Sources
from core.agent.wording import content_stems

_COUNTED = Decimal(10)
"""Up to here a number may be one that the writer has counted: "three steps", "the 2 of you"."""
_UNITS = tuple(map(Decimal, (7, 12, 24, 30, 52, 60, 100, 365, 1000, 1024)))
"""What figures are multiplied or divided by without anybody naming it: months of a year, minutes of an hour."""
_LARGEST_RESULT = Decimal(10) ** 12
"""Beyond are ids and moments in time, which are read in no other unit."""
_MOST_OPERANDS = 60
_QUOTE_WORDS = 3
_CLOSE, _FEWEST = 1 / 3, 2
_MOST_WORDS = 0.7
_TALK_WORDS, _TALK_SIGNS = 5, 10
"""Of a greeting or thanks; in scripts without spaces by characters."""
_AROUND_THE_CLOCK = re.compile(r"\b24/7\b")


class Finding(StrEnum):
    """What code alone can say of a sentence. ``QUOTED``: what it quotes is there, and holds all that it states to the letter."""

    PROVEN = "proven"
    QUOTED = "quoted"
    REFUTED = "refuted"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class GivenText:
    """A source's text without the orders in it, and what an answer is compared with."""

    kept: str
    held: ExactIndex
    stems: frozenset[str]
    statements: frozenset[tuple[str, ...]]


def _read_text(text: str) -> GivenText:
    kept = without_orders(text)
    return GivenText(kept, ExactIndex([kept]), frozenset(content_stems(kept)), frozenset(statements(kept)))


read_document = functools.lru_cache(maxsize=128)(_read_text)
"""The same, remembered: many answers rest on few passages. For the company's documents only, never for customers' words."""
_document_without_orders = functools.lru_cache(maxsize=128)(without_orders)


class AnswerEvidence:
    """``said``: the customer's message. ``earlier``: what they wrote before, and answers of ours that were proven.

    ``only_talk``: they greet, thank and the like, and nothing was said before that could be claimed to be done.
    """

    def __init__(
        self, sources: Sources, said: str = "", earlier: Iterable[str] = (), *, only_talk: bool = False
    ) -> None:
        self.sources = sources
        self.said = said
        self.only_talk = only_talk
        self._earlier = [*map(without_orders, earlier)]
        self.recalled: list[str] = []
        self.details: Sequence[str] = ()
        """How the customer is called and reached, as they have said before."""
        self._results: list[str] = []
        self._deeds: list[str] = []
        self._read: tuple[int, ...] = ()
        self._named: set[Decimal] = set()

    @property
    def results(self) -> Sequence[str]:
        """What tools gave, each below its call, as a verifier may read it."""
        return self._results

    def add_result(self, name: str, arguments: str, content: str, *, effect: bool = False) -> None:
        """``content`` as the model reads it, ``arguments`` as the model gave them and the tool took them.

        ``effect``: the tool did something for the customer.
        """
        self._results.append(without_orders(f"# {name} {_readable(arguments)}\n{content}"))
        if effect:
            self._deeds.append(self._results[-1])

    def add_recalled(self, text: str) -> None:
        """What the customer said long ago: of themselves it may be said again, of the company it proves nothing."""
        self.recalled.append(without_orders(text))
        self._earlier.append(self.recalled[-1])

    def tells_details(self, text: str) -> bool:
        """Whether it tells the customer how they are called or reached: that alone may rest on what they said long ago."""
        told = f" {' '.join(words(text))} "
        return any(f" {' '.join(words(one))} " in told for one in self.details)

    def is_given(self, text: str) -> bool:
        """Whether all that it states to the letter was given besides what the customer said long ago."""
        given = [*self._results, self.said, *(one for one in self._earlier if one not in self.recalled)]
        held = ExactIndex([*given, *(self.passage(number) for number, _ in self.sources)])
        return held.has_all(exact_parts(text))

    @property
    def is_memory_alone(self) -> bool:
        """Whether nothing was given but what the customer said long ago."""
        return bool(self.recalled) and not self._results and not any(True for _ in self.sources)

    def passage(self, number: int) -> str:
        """A source as it may be rested on."""
        text = self.sources.passage(number)
        return _document_without_orders(text) if self.sources.is_of_company(number) else without_orders(text)

    def judge(self, text: str, quotes: Sequence[Quote] = ()) -> tuple[Finding, int | None]:
        """What code can say of a sentence, and the number of the source that proves it, None where a tool's result does.

        ``text`` is without markers; ``quotes``: what a part of a structured answer says that it rests on.
        """
        self._refresh()
        parts = exact_parts(_AROUND_THE_CLOCK.sub(" ", text))
        if not all(map(self._held.holds, parts.literal)):
            return Finding.REFUTED, None
        operands = self._operands(parts)
        if not all(self._stands(figure, operands) for figure in parts.figures):
            return Finding.REFUTED, None
        self._named |= operands
        key = statement_key(text)
        for given, source in self._statements:
            if key in given:
                return Finding.PROVEN, source
        if quotes and self._quoted(text, parts, quotes):
            return Finding.QUOTED, quotes[0].source
        return Finding.OPEN, None

    def is_near(self, text: str, cited: Sequence[int]) -> bool:
        """Whether one source, or what tools gave, has most of a sentence's words, and all that it states to the letter.

        That is no proof: one word more may be a denial. It decides where no verifier does.
        """
        self._refresh()
        own, parts = set(content_stems(text)), exact_parts(text)
        near = [self._given[number] for number in cited or self._given if number in self._given]
        results = "\n".join(self._results)
        for given, theirs in (*((one.kept, one.stems) for one in near), (results, frozenset(content_stems(results)))):
            many = len(own & theirs) >= max(_FEWEST if cited else _FEWEST + 1, _MOST_WORDS * len(own))
            if many and ExactIndex([given, self.said, *self._results]).has_all(parts):
                return True
        return False

    def shows_deed(self, text: str) -> bool:
        """Whether what a sentence names to the letter (a ticket, an address) was dealt with in this turn."""
        return _stands_in(self._deeds, text)

    def stands_in_results(self, text: str) -> bool:
        """Whether results of tools hold all that a sentence states to the letter, and its words are theirs or the customer's.

        Another word may be a deed: "invoice INV-2077 was refunded" names what was only looked up.
        """
        known = content_stems("\n".join([*self._results, self.said]))
        return _stands_in(self._results, text) and frozenset(content_stems(text)) <= frozenset(known)

    def shares_words(self, text: str) -> bool:
        """Whether a word with a meaning of its own stands in anything that was given. Greetings and thanks have none."""
        self._refresh()
        said = () if self.only_talk else (self.said,)
        given = content_stems("\n".join([*self._results, *said, *self._earlier]))
        return not set(content_stems(text)).isdisjoint(set(given).union(*(one.stems for one in self._given.values())))

    def is_talk(self, text: str) -> bool:
        """Whether a sentence is too short, and too far from all that was given, to say that something was done about it."""
        is_short = len(text.split()) <= _TALK_WORDS and len(words(text)) <= _TALK_SIGNS
        return is_short and exact_parts(text).none and not self.shares_words(text)

    def is_customers(self, text: str) -> bool:
        """Whether all that a text states to the letter was written by the customer."""
        return ExactIndex([self.said, *self._earlier]).has_all(exact_parts(text))

    def nearest(self, text: str, most: int) -> tuple[int, ...]:
        """The sources that share most of a sentence's telling words; the first source where none shares any."""
        self._refresh()
        shares = self._shares(text)
        ranked = sorted((number for number in shares if shares[number]), key=lambda number: -shares[number])
        return tuple(ranked[:most] or list(shares)[:1])

    def closest(self, text: str) -> int | None:
        """The source that a supported sentence is nearest to; None where none shares a third of its words, or two."""
        shares = self._shares(text)
        best = max(shares, key=lambda number: shares[number], default=None)
        least = max(_FEWEST, _CLOSE * len(set(content_stems(text))))
        return best if best is not None and shares[best] >= least else None

    def _shares(self, text: str) -> dict[int, int]:
        """How many of a sentence's words each source has; words without meaning of their own do not count."""
        own = set(content_stems(text))
        return {number: len(own & one.stems) for number, one in self._given.items()}

    def _refresh(self) -> None:
        """Again after each search and call: what was found meanwhile proves what is written afterwards."""
        size = (*(len(source.text) for _, source in self.sources), -1, len(self._results), len(self._earlier))
        if size == self._read:
            return
        self._read = size
        self._given = {number: self._given_text(number) for number, _ in self.sources}
        self._held = ExactIndex([*self._results, self.said, *self._earlier])
        for one in self._given.values():
            self._held.include(one.held)
        self._held.add(value for result in self._results for value in _other_units(result))
        self._own = {v for text in (self.said, *self._earlier) for f in exact_parts(text).figures for v in f.readings}
        self._statements: list[tuple[frozenset[tuple[str, ...]], int | None]] = [
            *((one.statements, number) for number, one in self._given.items()),
            *((frozenset(statements(result)), None) for result in self._results),
        ]

    def _given_text(self, number: int) -> GivenText:
        text = self.sources.text(number)
        return read_document(text) if self.sources.is_of_company(number) else _read_text(text)

    def _operands(self, parts: ExactParts) -> set[Decimal]:
        """Figures of the sentence that stand in the evidence, and those of sentences before it."""
        mine = {value for figure in parts.figures if self._held.has(figure) for value in figure.readings}
        return (mine & self._held.numbers) | self._named

    def _stands(self, figure: Figure, operands: set[Decimal]) -> bool:
        if self._held.has(figure) or (not figure.sign and max(figure.readings) <= _COUNTED):
            return True
        pairs = ((operands, operands | self._own), (self._own, self._held.numbers))
        if any(_follows(value, some, others) for value in figure.readings for some, others in pairs):
            operands |= figure.readings
            return True
        return False

    def _quoted(self, text: str, parts: ExactParts, quotes: Sequence[Quote]) -> bool:
        """Whether each quote stands in its source, and the text's exact parts in quotes, results or the customer's words."""
        for quote in quotes:
            wanted = words(without_orders(quote.text))
            if quote.source not in self.sources or len(wanted) < _QUOTE_WORDS:
                return False
            if f" {' '.join(wanted)} " not in f" {' '.join(words(self.passage(quote.source)))} ":
                return False
        return ExactIndex([*(quote.text for quote in quotes), *self._results, self.said]).has_all(parts)


def _stands_in(texts: Sequence[str], text: str) -> bool:
    parts = exact_parts(text)
    return not parts.none and ExactIndex(texts).has_all(parts)


def _follows(value: Decimal, some: Iterable[Decimal], others: Iterable[Decimal]) -> bool:
    """Whether one step of arithmetic over an operand of each gives the value, or gives it rounded."""
    first, second = list(some)[:_MOST_OPERANDS], list(others)[: 10 * _MOST_OPERANDS]
    results = (result for one in first for other in second for result in _combined(one, other))
    scaled = (result for one in first for unit in _UNITS for result in (one * unit, one / unit))
    return any(_is(value, result) for result in itertools.chain(scaled, results))


def _combined(one: Decimal, other: Decimal) -> Iterator[Decimal]:
    yield from (one + other, one - other, other - one, one * other, one * other / 100)
    yield from (one * (100 - other) / 100, one * (100 + other) / 100, other * (100 - one) / 100)
    if other:
        yield from (one / other, one / other * 100)
    if one:
        yield other / one


def _is(value: Decimal, result: Decimal) -> bool:
    """Equal, or what the result is when rounded to as many places as were written."""
    return result == value or abs(result - value) * 2 <= Decimal(10) ** min(0, value.as_tuple().exponent)  # type: ignore[operator]


def _readable(arguments: str) -> str:
    """Letters as letters, however the model has written them down."""
    given = parsed(arguments or "{}")
    return arguments if given is None else json.dumps(given, ensure_ascii=False)


def parsed(text: str) -> Any:
    """The value that a text is the JSON of; None where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _other_units(result: str) -> Iterator[Decimal]:
    """What customers read for a result's numbers: euros for cents, percent for a share."""
    for value in numbers_of(result):
        if value < _LARGEST_RESULT:
            yield from (value, (value / 100).normalize(), (value * 100).normalize())
