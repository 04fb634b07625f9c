"""Patterns made from the phrase lists of the language files, compiled when they are needed or ahead of the first turn."""

from __future__ import annotations

import functools
import inspect
import re
import sys
from collections.abc import Iterable

from core.agent.language import LanguagePack, packs
from core.agent.wording import phrase


def any_of(entries: Iterable[str]) -> str:
    """A pattern for any of these phrases, the longest first."""
    ready = sorted({phrase(entry) for entry in entries if phrase(entry)}, key=lambda item: (-len(item), item))
    return "(?:" + "|".join(re.escape(entry) for entry in ready) + ")"


def one_of(pack: LanguagePack, name: str, section: str = "person") -> str:
    """A pattern for the phrases of a list; one that matches nothing where the language has no such list."""
    entries = pack.words(section, name)
    return any_of(entries) if entries else "(?!)"


def words_of(pack: LanguagePack, name: str) -> re.Pattern[str]:
    """Any phrase of a list of ``[person]`` as whole words; nothing where the language has no such list."""
    return re.compile(rf"\b{one_of(pack, name)}\b")


class Phrases:
    """The phrases of some lists ("talk.thanks") in all languages, read when they are first needed."""

    def __init__(self, *lists: str, without: Iterable[str] = ()) -> None:
        self._lists = lists
        self._without = without

    @functools.cached_property
    def known(self) -> frozenset[str]:
        """Folded. Those of the lists ``without`` are left out."""
        return frozenset(_entries(self._lists) - _entries(self._without))

    @functools.cached_property
    def pattern(self) -> re.Pattern[str]:
        """Any of them as whole words."""
        return re.compile(rf"(?<!\w){any_of(self.known)}(?!\w)")

    def are_in(self, spoken: str) -> bool:
        """Whether folded text holds one."""
        return self.pattern.search(spoken) is not None

    def removed_from(self, spoken: str) -> str:
        """Folded text without them."""
        return " ".join(self.pattern.sub(" ", spoken).split())


def _entries(lists: Iterable[str]) -> set[str]:
    names = [entry.split(".") for entry in lists]
    return {
        phrase(entry) for pack in packs().values() for section, name in names for entry in pack.words(section, name)
    }


def compile_expressions() -> None:
    """Compile each Phrases, and call every cached function without parameters, in the modules of this package that are
    imported. Takes up to a second, for which a turn would block the event loop.
    """
    for module in [module for name, module in sys.modules.copy().items() if name.startswith(f"{__package__}.")]:
        for value in list(vars(module).values()):
            if isinstance(value, Phrases):
                value.pattern.pattern  # noqa: B018
            elif isinstance(value, functools._lru_cache_wrapper) and not inspect.signature(value).parameters:
                value()
