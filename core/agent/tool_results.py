"""What the tools of a turn gave, as the sources of what is said without a marker.

A tool's facts stand in no document and have no number to be cited by. That they are there excuses nothing else: a figure that
stands neither in a result nor in a source is the model's own, whatever was looked up beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from core.agent.entailment import is_borne_out
from core.agent.grounding import is_grounded

_LARGEST = 1e12
"""Beyond are ids and moments in time, which nobody reads in another unit."""


class ToolResults:
    """Empty as long as no tool gave anything."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._also: list[str] = []

    def __bool__(self) -> bool:
        return bool(self._texts)

    @property
    def passages(self) -> tuple[str, ...]:
        """One for each result, the call as its heading: what was asked for is part of what is known ("order 4711 is paid")."""
        return tuple(self._texts)

    def add(self, name: str, arguments: str, content: str) -> None:
        """``content`` as the model reads it, ``arguments`` as the model gave them and the tool took them."""
        self._texts.append(f"# {name} {_readable(arguments)}\n{content}")
        self._also += map(str, _otherwise(_parsed(content)))

    def allow(self, stated: str, texts: Iterable[str], said: str) -> bool:
        """Whether its figures stand there or in ``texts``, and nothing says the opposite. Without a result nothing is allowed."""
        if not self._texts:
            return False
        results = [*self._texts, *texts]
        if is_borne_out(stated, results, said=said):
            return True
        return bool(self._also) and is_borne_out(stated, [*results, "\n".join(self._also)], said=said)

    def say(self, stated: str, said: str) -> bool:
        """Whether it is in their words, so that there is no doubt about it."""
        return bool(self._texts) and is_grounded(stated, self._texts, said=said)


def _readable(arguments: str) -> str:
    """Letters as letters, however the model has written them down."""
    given = _parsed(arguments or "{}")
    return arguments if given is None else json.dumps(given, ensure_ascii=False)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _otherwise(value: Any) -> Iterator[Decimal]:
    """What customers read for it: euros for cents, percent for a share, how many there are for a list."""
    match value:
        case bool():
            return
        case int() | float() if abs(value) < _LARGEST:
            exact = Decimal(str(value))
            yield from (exact / 100, exact * 100)
        case list():
            yield Decimal(len(value))
            for one in value:
                yield from _otherwise(one)
        case dict():
            for one in value.values():
                yield from _otherwise(one)
