"""Cuts running text into sentences without losing a character."""

from __future__ import annotations

import regex

_END = regex.compile(
    r"""
    (?: (?<![.!?…]) [.!?…]++ [\p{Pe}\p{Pf}"'*_`]*+ (?= \s+ [\p{Lu}\p{Lt}\p{Lo}\p{N}\p{Ps}\p{Pi}"'*_`¿¡] )
      | [。！？｡؟۔।]++ [\p{Pe}\p{Pf}]*+
      | \n (?= \s* (?: [-*+] | \p{N}{1,3} [.)] ) \s )
      | \n [^\S\n]* (?= \n )
    ) \s*
    """,
    regex.VERBOSE,
)
_ABBREVIATION = regex.compile(
    r"(?:^|[\s(\[\"'])(?:\p{L}|(?:\p{L}\.)+\p{L}|dr|mr|mrs|ms|prof|st|nr|no|vs|etc|e\.g|i\.e|cf|ca|approx|fig|inc|ltd|jan|"
    r"feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|bzw|usw|z\.b|d\.h|str|abs|art|p|pp|vol|\d{1,3})\.$",
    regex.IGNORECASE,
)
_LONGEST_ABBREVIATION = 12
"""Characters before a stop that tell whether it ends a sentence. No more is looked at: between two ends that are none there may
be megabytes (the index of a manual is all "p. 12"), and they must not be searched again at each stop."""


def sentences_of(text: str) -> list[str]:
    """The sentences and list items in order, each with the white space that follows it: joined they are ``text``."""
    found: list[str] = []
    start = 0
    for end in _END.finditer(text):
        near = text[max(start, end.start() - _LONGEST_ABBREVIATION) : end.end()]
        if _ABBREVIATION.search(near.rstrip()) and not near.endswith("\n"):
            continue
        piece = text[start : end.end()]
        if piece.strip():
            found.append(piece)
            start = end.end()
    if start < len(text):
        found.append(text[start:])
    return found
