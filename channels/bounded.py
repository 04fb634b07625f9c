"""A dictionary that holds no more than so many entries: the oldest go first. For what can be looked up again."""

from __future__ import annotations

from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Bounded(dict[Key, Value]):
    """An entry that is written again counts as new."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def __setitem__(self, key: Key, value: Value) -> None:
        self.pop(key, None)
        super().__setitem__(key, value)
        if len(self) > self._most:
            del self[next(iter(self))]

    def setdefault(self, key: Key, default: Value) -> Value:
        """Bounded like any other write."""
        if key not in self:
            self[key] = default
        return self[key]
