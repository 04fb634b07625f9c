"""Hostile texts: what makes a careless expression or loop look through the rest again and again. Each of a given length."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping
from functools import lru_cache

from tests.scale import run_scale
from tests.seed import run_seed

_REPEATED = {
    "letters": "a",
    "one-letter sentences": "a. ",
    "one-letter words": "a ",
    "abbreviations": "e.g. ",
    "spaces": " ",
    "tabs": "\t",
    "no-break spaces": "\u00a0",
    "lines": "\n",
    "carriage returns": "\r",
    "lines of spaces": " \n",
    "lines of letters": "a\n",
    "quotes in quotes": ">",
    "quoted lines": "> a\n",
    "deeper quotes": "> ",
    "brackets": "[",
    "closed brackets": "]",
    "links begun": "](",
    "links in links": "[a](",
    "images begun": "![",
    "parentheses": "(",
    "stars": "*",
    "star words": "*a ",
    "strong words": "**a ",
    "underscores": "_",
    "underscore words": "_a ",
    "dashes": "-",
    "rules": "---\n",
    "hashes": "#",
    "headings": "# a\n",
    "list items": "- a\n",
    "numbered items": "1. a\n",
    "ticks": "`",
    "tick words": "`a ",
    "ticks of growing runs": "` `` ",
    "fences": "```\n",
    "tilde fences": "~~~\n",
    "tildes": "~a ",
    "bars": "|",
    "table rows": "|a|b|\n",
    "table rules": "|-",
    "tags begun": "<",
    "tags": "<a>",
    "attributes begun": '<a b="',
    "attributes": ' b="',
    "comments begun": "<!--",
    "closing tags": "</a>",
    "mentions": "<@U1>",
    "entities": "&",
    "named entities": "&amp;",
    "at signs": "@",
    "addresses begun": "a@",
    "addresses": "a@b.c ",
    "dotted": "a.",
    "hyphenated": "a-",
    "slashed": "a/",
    "links": "http://",
    "whole links": "http://a.b/c ",
    "digits": "1",
    "numbers with commas": "1,",
    "numbers with stops": "1.",
    "spaced digits": "1 ",
    "telephone digits": "+1 (",
    "dates": "2024-01-01 ",
    "times": "1:",
    "sizes": "1a",
    "reference numbers": "TKT-",
    "our citation markers": "[1]",
    "citation markers begun": "[1,",
    "wide citation markers begun": "【1",
    "stops": ".",
    "ellipses": "…",
    "questions": "? ",
    "exclamations": "!",
    "colons": ":",
    "emoji names": ":a:",
    "fields": "a: ",
    "assignments": "a=",
    "commas": ",",
    "semicolons": "; ",
    "double quotes": '"',
    "escapes": "\\",
    "escaped quotes": '\\"',
    "single quotes": "'",
    "contractions": "n't ",
    "braces": "{",
    "percent signs": "%",
    "dollars": "$1 ",
    "shouts": "AAA ",
    "combining marks": "a\u0301",
    "marks alone": "\u0301",
    "zero-width": "\u200b",
    "right to left": "\u0627\u0644 ",
    "overrides": "\u202e",
    "Chinese": "\u6c49",
    "Chinese sentences": "\u6c49\u3002",
    "Thai": "\u0e01",
    "emoji": "\U0001f600",
    "joined emoji": "\U0001f469\u200d",
    "controls": "\x00",
    "please": "please ",
    "wishes": "can a person ",
    "greetings": "hello and ",
    "thanks": "thank you but ",
    "negations": "not ",
    "questions asked": "how do i and ",
    "withdrawals": "no longer ",
    "Q and A": "Q: a\nA: b\n",
    "wishes refused": "i do not want to talk to a person, ",
    "wishes of others": "my colleague wants to talk to a person and ",
    "wishes inquired": "can i talk to a person on sundays, ",
    "calls": "please call me at 5, ",
    "names": "my name is a ",
    "handovers": "ich leite ",
    "ratings": "5 stars ",
    "yes": "yes, ",
    "words with digits": "a1-",
    "references": "a-1/",
}


def _words(length: int) -> str:
    """Different words, none twice."""
    return "".join(itertools.islice(itertools.chain.from_iterable(f"w{n}x " for n in itertools.count()), length))


def _sentences(length: int) -> str:
    """Different sentences, none twice."""
    return "".join(
        itertools.islice(itertools.chain.from_iterable(f"Wo{n}r is{n}. " for n in itertools.count()), length)
    )


def _runs(length: int) -> str:
    """Ticks in runs of all lengths, so that none closes another."""
    return "".join(itertools.islice(itertools.chain.from_iterable("`" * n + "a" for n in itertools.count(1)), length))


def _deeper_list(length: int) -> str:
    return "".join(
        itertools.islice(itertools.chain.from_iterable(" " * n + "- a\n" for n in itertools.count()), length)
    )


def _after(lead: str, repeated: str, end: str = "") -> Callable[[int], str]:
    """``repeated`` after what opens something, and an end that refuses to close it."""
    return lambda length: lead + repeated * (length // len(repeated)) + end


def _repeat(unit: str) -> Callable[[int], str]:
    return lambda length: unit * (length // len(unit))


PATTERNS: Mapping[str, Callable[[int], str]] = {
    **{name: _repeat(unit) for name, unit in _REPEATED.items()},
    "different words": _words,
    "different sentences": _sentences,
    "runs of ticks": _runs,
    "deeper list": _deeper_list,
    "unfinished fence": _after("```\n", "a b. ", "\n"),
    "fence and brackets": _after("```\n", "[", "\n"),
    "word behind spaces": _after("a", " ", "a"),
    "spaces before an end": _after("a.", " \t", "\x00"),
    "digits before a letter": _after("+", "1-", "x"),
    "stars before an end": _after("a.", "*_", "a"),
}


_WORST = (
    "spaces",
    "lines of letters",
    "brackets",
    "digits",
    "wishes refused",
    "different sentences",
)
"""Some of each kind (white space, lines, brackets, wishes, sentences); every run measures all functions on them."""
_DRAWN = 2


def chosen(function: str) -> list[str]:
    """The patterns that a function is measured on: all in ``make soak``; else the worst, and some by the run's seed."""
    if run_scale().full:
        return list(PATTERNS)
    others = [name for name in PATTERNS if name not in _WORST]
    return [*_WORST, *random.Random(f"{run_seed()}:{function}").sample(others, _DRAWN)]


@lru_cache(maxsize=512)
def hostile(name: str, length: int) -> str:
    """A text of that pattern, of about ``length`` characters."""
    return PATTERNS[name](length)
