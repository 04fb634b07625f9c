"""All tools that a turn may offer, by name, including those that other packages bring."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import entry_points
from typing import Any

from core.agent.tools import Tool
from core.domain.errors import ConfigError
from core.ports.chat_model import ToolSpec

GROUP = "switchboard.tools"


class ToolRegistry:
    """Unique names; the order of registration is the order in which the model reads of them."""

    def __init__(self, tools: Iterable[Tool] = ()) -> None:
        self._tools: dict[str, Tool] = {}
        for item in tools:
            self.add(item)

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def add(self, item: Tool) -> None:
        """Raises ConfigError for a name that is taken."""
        if item.name in self._tools:
            raise ConfigError(f"Two tools are called {item.name}: rename one of them.")
        self._tools[item.name] = item

    def get(self, name: str) -> Tool | None:
        """None when the model invented the name."""
        return self._tools.get(name)

    @property
    def specs(self) -> Sequence[ToolSpec]:
        """What the model is told."""
        return [item.spec for item in self._tools.values()]


def _tools_of(name: str, loaded: Any) -> list[Tool]:
    found = [loaded] if isinstance(loaded, Tool) else list(loaded) if isinstance(loaded, (list, tuple)) else []
    if not found or not all(isinstance(item, Tool) for item in found):
        raise ConfigError(f"Entry point {name} of {GROUP} must be a Tool or a list of Tools.")
    return found


def installed_tools(group: str = GROUP) -> list[Tool]:
    """The tools of all installed packages. Raises ConfigError that names the entry point that cannot be loaded."""
    found: list[Tool] = []
    for entry in sorted(entry_points(group=group), key=lambda item: item.name):
        try:
            loaded = entry.load()
        except Exception as error:
            raise ConfigError(f"Entry point {entry.name} of {group} cannot be loaded: {error}") from error
        found.extend(_tools_of(entry.name, loaded))
    return found
