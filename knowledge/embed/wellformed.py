"""Tokenizers are written in Rust and refuse what is no Unicode text; files and customers send such text all the same."""

from __future__ import annotations

from collections.abc import Sequence


def well_formed(texts: Sequence[str]) -> list[str]:
    """The texts with halves of characters joined where both are there, and replaced by U+FFFD where one is alone."""
    return [text if _is_fine(text) else _mended(text) for text in texts]


def _is_fine(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _mended(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
