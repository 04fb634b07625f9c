"""How many tokens a text has for a model whose tokenizer is not here: rather too many than too few."""

from __future__ import annotations

import re

_PARTS = re.compile(r"[A-Za-z]+|[0-9]+|[^\W\d_]|[^\s]", re.ASCII)
_LETTERS_PER_TOKEN, _DIGITS_PER_TOKEN = 3, 2
"""English words have four to five letters per token in the tokenizers of OpenAI, BERT and SentencePiece; names and codes
fewer."""


def estimated_tokens(text: str) -> int:
    """Of any text; one that was cut shorter never has more."""
    return sum(_of_part(part) for part in _PARTS.findall(text))


def _of_part(part: str) -> int:
    if part.isascii() and part.isalpha():
        return -(-len(part) // _LETTERS_PER_TOKEN)
    if part.isdigit() and part.isascii():
        return -(-len(part) // _DIGITS_PER_TOKEN)
    return max(1, len(part.encode("utf-8", "replace")) - 1)  # at most one token per byte, as all of them fall back to


def start_within(text: str, tokens: int) -> str:
    """The longest start of ``text`` that is estimated at no more than ``tokens``."""
    spent = 0
    for part in _PARTS.finditer(text):
        spent += _of_part(part.group())
        if spent > tokens:
            return text[: part.start()]
    return text
