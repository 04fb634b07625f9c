"""Patterns made from the phrase lists of the language files."""

from __future__ import annotations

import re
from collections.abc import Iterable

from core.agent.language import LanguagePack
from core.agent.wording import phrase


def any_of(entries: Iterable[str]) -> str:
    """A pattern for any of these phrases, the longest first."""
    ready = sorted({phrase(entry) for entry in entries if phrase(entry)}, key=lambda item: (-len(item), item))
    return "(?:" + "|".join(re.escape(entry) for entry in ready) + ")"


def one_of(pack: LanguagePack, name: str, section: str = "person") -> str:
    """A pattern for the phrases of a list; one that matches nothing where the language has no such list."""
    entries = pack.words(section, name)
    return any_of(entries) if entries else "(?!)"


def words_of(pack: LanguagePack, name: str, section: str = "person") -> re.Pattern[str]:
    """Any of a list's phrases as whole words; nothing where the language has no such list."""
    return re.compile(rf"\b{one_of(pack, name, section)}\b")
