"""The figures that a text states: numbers in digits and in words, durations, amounts of money, percentages, what is counted.

"Two weeks", "14 days" and "14 Tage" are the same length of time, "1.500 €" and "EUR 1,500" the same amount. Words are in
``figures.json``, by language; "one" and "a" are articles more often than numbers: they are lengths of time ("an hour" bears
"60 minutes" out), and no numbers that have to be found ("9 euros a month").
"""

from __future__ import annotations

import functools
import itertools
import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from babel.dates import get_month_names

from core.agent.fidelity import literals, number, numbers
from core.agent.phrases import any_of
from core.agent.wording import fold, phrase, stem

_MINUTES = {"minute": 1, "hour": 60, "day": 1440, "week": 10080}
_MONTHS = {"month": 1, "year": 12}
DURATIONS = frozenset({*_MINUTES, *_MONTHS})
CURRENCIES = {
    **dict.fromkeys(("€", "eur", "euro", "euros", "يورو"), "EUR"),
    **dict.fromkeys(("$", "usd", "dollar", "dollars", "dolares", "دولار"), "USD"),
    **dict.fromkeys(("£", "gbp", "pound", "pounds", "pfund", "livres", "libras"), "GBP"),
    **dict.fromkeys(("chf", "franken", "francs"), "CHF"),
}
_PERCENT = frozenset({"%", "percent", "prozent", "pourcent", "بالمايه"})
_BEFORE = re.compile(r"([€$£]|\b(?:eur|usd|gbp|chf))\s?$")
_AFTER = re.compile(r"[\s\-\u00a0\u202f]*([€$£%]|[^\W\d_]+)")
_CLOCK = re.compile(r"\b(\d{1,2})(?::\d\d)?\s?([ap])\.?m\b")
_AND = re.compile(r"[\s-]+(?:(?:and|und|et|y)\s+)?")
_JOINED = r"(?:to|or|and|bis|oder|und|a|ou|et|o|y|hasta|الي|او|و)"
_LIST = re.compile(rf"(?:[\s,–—/()\-]*\d+(?:[.,]\d+)?|[\s,)]+{_JOINED}\s+\w+){{1,5}}")
"""What may follow a number before the unit that all of them share: "5 to 10 days", "7, 14 or 30 days", "30 (thirty) days"."""
_NEXT = re.compile(r"[\s\-)*\u00a0\u202f]*(?:\([^()\n]{1,30}\)\s*)?([^\W\d_]+)(?:[\s\-]+([^\W\d_]+))?")
_ROW = re.compile(r"[^\S\n]{0,40}\|")
_CELL = re.compile(r"(?::[^\S\n]|\t)[^\S\n]*$")
_NEAR = 40
"""Characters before a number in which a colon or a tab is looked for."""
_NEW_LINE = re.compile(r"\n")
_CELL_END = re.compile(r"[^\S\n]*(?:[|\n.;,]|$)")
_SHORT = {"h": "hour", "hr": "hour", "std": "hour", "d": "day", "j": "day", "tg": "day"}
_COMPOUNDS = {"tage": "day", "tagen": "day", "tagig": "day", "wochig": "week", "monatig": "month", "jahrig": "year"}
_COMPOUNDS |= {"stundig": "hour", "minutig": "minute"}
"""How a German word that is made of a unit ends, without the ending of its case: "Werktage", "14-tägig"."""
_CASE = re.compile(r"(?<=ig)e[nmrs]?$")
_RUN = re.compile(r"\d+")
_ORDINAL = re.compile(r"(?:st|nd|rd|th|er|re|e|º|ª)\b|\.(?=\s+[^\W\d_])")
_ARTICLES = frozenset({Decimal(1)})


@dataclass(frozen=True, slots=True)
class Figures:
    """``literals``: links, addresses, code, names with digits. ``durations``: the number, "minutes" or "months", and how many.

    ``units``: numbers with the unit that stands behind them ("EUR", "%", "day"). ``counted``: numbers with the stem of the
    word behind them. ``bare``: numbers that stand somewhere with neither, and ``cells`` those of them in a table or behind a
    colon, whose unit may stand elsewhere. ``lasting``: numbers of a length of time whose unit is not the next word ("5 business
    days").
    """

    literals: frozenset[str]
    numbers: frozenset[Decimal]
    durations: frozenset[tuple[Decimal, str, Decimal]]
    units: frozenset[tuple[Decimal, str]]
    counted: frozenset[tuple[Decimal, str]]
    bare: frozenset[Decimal]
    cells: frozenset[Decimal]
    lasting: frozenset[tuple[Decimal, str]]


@functools.lru_cache(maxsize=256)
def figures_of(text: str, languages: tuple[str, ...] | None = None) -> Figures:
    """All figures of a text. Number words of these languages, or of every language when it is None."""
    exact, rest = literals(text)
    folded = fold(rest)
    lines = [0, *(line.end() for line in _NEW_LINE.finditer(folded))]
    values, durations, units, counted, bare, cells, lasting = set(), set(), set(), set(), set(), set(), set()
    for value, start, end, spelled in itertools.chain(_in_digits(folded), _in_words(folded, languages), _duals(folded)):
        unit = _unit(folded, start, end)
        article = spelled and value in _ARTICLES
        if not article:
            values.add(value)
        if unit in _MINUTES:
            durations.add((value, "minutes", value * _MINUTES[unit]))
        elif unit in _MONTHS:
            durations.add((value, "months", value * _MONTHS[unit]))
        if article:
            continue
        if unit is None and (length := _unit_further_on(folded, end)) is not None:
            lasting.add((value, length))
        if unit is not None:
            units.add((value, unit))
        elif (word := _word_behind(folded, end)) is not None:
            counted.add((value, stem(word)))
        else:
            bare.add(value)
        if unit is None and _in_cell(folded, lines[bisect_right(lines, start) - 1], start, end):
            cells.add(value)
    return Figures(
        literals=frozenset(exact),
        numbers=frozenset(values),
        durations=frozenset(durations),
        units=frozenset(units),
        counted=frozenset(counted),
        bare=frozenset(bare),
        cells=frozenset(cells),
        lasting=frozenset(lasting),
    )


def digits_of(text: str) -> frozenset[Decimal]:
    """Every run of digits by itself: "80,443" may be one number or two."""
    return frozenset(Decimal(run).normalize() for run in _RUN.findall(fold(text)))


def otherwise_written(text: str) -> frozenset[Decimal]:
    """Numbers that another language writes for what stands here: the hour of "2 pm", the month of "3 April"."""
    folded = fold(text)
    hours = {Decimal(int(match[1]) % 12 + (12 if match[2] == "p" else 0)) for match in _CLOCK.finditer(folded)}
    months = {Decimal(_months()[match[0]]) for match in _month_names().finditer(folded)}
    return frozenset(hours | months)


def denies(text: str, language: str) -> bool:
    """Whether it holds a word that turns a statement of this language into its opposite; none are known of others."""
    known = negations(language)
    return bool(known) and not known.isdisjoint(_harmless()[language].sub(" ", phrase(text)).split())


@functools.cache
def negations(language: str) -> frozenset[str]:
    """The words that deny in this language."""
    return frozenset(map(phrase, _data().get(language, {}).get("negations", ())))


@functools.cache
def _harmless() -> Mapping[str, re.Pattern[str]]:
    entries = {code: data.get("harmless", ()) for code, data in _data().items()}
    return {code: re.compile(rf"(?<!\w){any_of(known)}(?!\w)" if known else "(?!)") for code, known in entries.items()}


def _in_digits(folded: str) -> Iterator[tuple[Decimal, int, int, bool]]:
    for match in numbers(folded):
        yield Decimal(number(match[0])).normalize(), match.start(), match.end(), False


def _in_words(folded: str, languages: tuple[str, ...] | None) -> Iterator[tuple[Decimal, int, int, bool]]:
    """Words that follow one another make one number: "one hundred and twenty"."""
    for name in _data() if languages is None else _data().keys() & set(languages):
        words, pattern = _number_words()[name]
        run: tuple[int, int, int] | None = None
        for match in pattern.finditer(folded):
            value = words[phrase(match[0])]
            if run is not None and _AND.fullmatch(folded, run[2], match.start()) and value < run[0]:
                run = (run[0] + value, run[1], match.end())
                continue
            if run is not None:
                yield Decimal(run[0]), run[1], run[2], True
            run = (value, match.start(), match.end())
        if run is not None:
            yield Decimal(run[0]), run[1], run[2], True


def _duals(folded: str) -> Iterator[tuple[Decimal, int, int, bool]]:
    """Arabic has a form of its own for two: the number is in the word that is its unit."""
    for match in _dual_words().finditer(folded):
        yield Decimal(2), match.start(), match.start(), False


def _unit(folded: str, start: int, end: int) -> str | None:
    before = _BEFORE.search(folded, max(0, start - 4), start)
    if before is not None:
        return CURRENCIES[before[1]]
    after = _AFTER.match(folded, end)
    if after is None:
        return None
    word = after[1]
    if word in _PERCENT:
        return "%"
    return CURRENCIES.get(word) or _duration_words().get(word)


def _unit_further_on(folded: str, end: int) -> str | None:
    """The length of time that a number is one of, where its unit is not the next word."""
    listed = _LIST.match(folded, end)
    after = _NEXT.match(folded, listed.end() if listed is not None else end)
    words = after.groups() if after is not None else ()
    return next((unit for word in words if word is not None and (unit := _lasts(word)) is not None), None)


def _lasts(word: str) -> str | None:
    found = _duration_words().get(word) or _SHORT.get(word)
    plain = _CASE.sub("", word)
    return found or next((unit for ending, unit in _COMPOUNDS.items() if plain.endswith(ending)), None)


def _in_cell(folded: str, line: int, start: int, end: int) -> bool:
    """In a row of a table, or behind a colon or a tab. ``line``: where its line begins."""
    begun = _ROW.match(folded, line) or _CELL.search(folded[max(line, start - _NEAR) : start])
    return begun is not None and _CELL_END.match(folded, end) is not None


def _word_behind(folded: str, end: int) -> str | None:
    """What is counted; an ordinal counts nothing."""
    if _ORDINAL.match(folded, end):
        return None
    after = _AFTER.match(folded, end)
    return after[1] if after is not None and len(after[1]) > 2 else None


@functools.cache
def _data() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(Path(__file__).with_name("figures.json").read_text(encoding="utf-8"))
    return found


@functools.cache
def _number_words() -> Mapping[str, tuple[Mapping[str, int], re.Pattern[str]]]:
    return {code: _words_of(data) for code, data in _data().items()}


def _words_of(data: Mapping[str, Any]) -> tuple[Mapping[str, int], re.Pattern[str]]:
    units: Mapping[str, int] = data["units"]
    tens: Mapping[str, int] = data["tens"]
    joined = {
        join.format(tens=ten, unit=unit): tens[ten] + units[unit]
        for join in data["joins"]
        for ten in tens
        for unit in units
    }
    words = {phrase(word): value for word, value in {**units, **data["others"], **tens, **joined}.items()}
    return words, re.compile(rf"(?<!\w){any_of(words)}(?!\w)".replace(r"\ ", r"[\s\-]+"))


@functools.cache
def _duration_words() -> Mapping[str, str]:
    names = ((unit, word) for data in _data().values() for unit, words in data["durations"].items() for word in words)
    return {**{phrase(word): unit for unit, word in names}, **_dual_units()}


@functools.cache
def _dual_units() -> Mapping[str, str]:
    names = (
        (unit, word) for data in _data().values() for unit, words in data.get("duals", {}).items() for word in words
    )
    return {phrase(word): unit for unit, word in names}


@functools.cache
def _dual_words() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){any_of(_dual_units())}(?!\w)")


@functools.cache
def _months() -> Mapping[str, int]:
    names = ((name, month) for code in _data() for month, name in get_month_names("wide", locale=code).items())
    return {fold(name): month for name, month in names if len(name) > 3}


@functools.cache
def _month_names() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){any_of(_months())}(?!\w)")
