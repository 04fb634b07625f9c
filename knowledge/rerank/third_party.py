"""Rerankers that others wrote, found by entry point: a class, or a function, that makes one without being told anything."""

from __future__ import annotations

from importlib.metadata import entry_points

from core.domain.errors import ConfigError
from core.ports.retriever import Reranker

GROUP = "switchboard.rerankers"
"""The entry points' group; RERANKER names one."""


def load(name: str) -> Reranker:
    """A new reranker of that name. Raises ConfigError for one that is unknown or broken."""
    for point in entry_points(group=GROUP):
        if point.name == name:
            try:
                found: Reranker = point.load()()
            except Exception as error:
                raise ConfigError(f"The reranker {name} cannot be made: {type(error).__name__}: {error}") from error
            return found
    known = ", ".join(sorted({point.name for point in entry_points(group=GROUP)})) or "none"
    raise ConfigError(f"RERANKER is {name}, and no such reranker is installed (there is {known}).")
