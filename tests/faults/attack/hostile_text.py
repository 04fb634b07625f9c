"""Kinds of text that a stranger writes to make a program look at it for long: each a class of input, not one example.

A kind is a few short units. A message is one of them over and over, up to the size that is asked for: an analysis whose
cost grows faster than its input shows it.
"""

from __future__ import annotations

from collections.abc import Iterator

KINDS: dict[str, tuple[str, ...]] = {
    "sentence stops": ("a. ", "e.g. 1. ", "?! ... "),
    "nested markdown": ("**_", "> ", "- *a\n  "),
    "unfinished code": ("``` `a", "`", "~~~\n```x\n"),
    "brackets": ("[", "[a](", "((a) [b]"),
    "long words": ("a", "Ab1", "so-"),
    "addresses": ("https://a.example/", "a@b.", "www.a@b-c."),
    "digits": ("1", "+49 (0) 12-3 ", "1,2.3 € "),
    "quotes": ('"', "“a” ‘b ", "'a' „b"),
    "combining characters": ("e\u0301\u0302", "a\u200b\u200d", "\U0001f469\u200d\U0001f4bb"),
    "right to left": ("\u0645\u0627\u061f ", "\u202e\u05d0a ", "\u200f\u0661. "),
    "characters without spaces": ("\u4ec0\u4e48", "\u4ec0\u3002", "\u30a2\u300c\uff01\u300d"),
    "citation markers": ("a [1, 2,", "[1][^2]", "\u30101\u3011a. "),
    "tables": ("|a|b|\n|-|-|\n", "| ", "a\tb\n\n"),
}

_QUESTION = "How do I reset my password? "


def messages(kind: str, size: int, count: int) -> Iterator[str]:
    """``count`` messages of ``size`` characters. Of two, one begins with a question that the knowledge answers."""
    units = KINDS[kind]
    for number in range(count):
        head = _QUESTION if number % 2 else ""
        unit = units[number % len(units)]
        yield (head + unit * (size // len(unit) + 1))[:size]
