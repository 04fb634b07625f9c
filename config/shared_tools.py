"""The company's tools, loaded once for the agent and for the desk, which runs what staff approve."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from functools import cached_property

from config.settings import Settings
from core.agent.tool_use import ToolUse
from core.agent.tools import Tool
from core.ports.budgets import Budgets
from core.ports.clock import Clock
from core.ports.metrics import Metrics


class SharedTools:
    """Nothing is loaded, and no server is asked, before somebody wants one. ``closing`` ends the connections."""

    def __init__(
        self, settings: Settings, clock: Clock, metrics: Metrics, closing: AsyncExitStack, budgets: Budgets
    ) -> None:
        self._settings = settings
        self._metrics = metrics
        self._closing = closing
        self.use = ToolUse(budgets, clock.monotonic)

    @cached_property
    def local(self) -> Mapping[str, Tool]:
        """Those that are loaded here. Raises ConfigError."""
        from config.company_tools import company_tools

        return company_tools(self._settings, self._metrics)

    @cached_property
    def remote(self) -> Callable[[], Mapping[str, Tool]]:
        """Gives those that servers have at the moment."""
        from config.remote_tools import start_servers

        return start_servers(self._settings, self._metrics, self._closing, self.local)

    def now(self) -> Mapping[str, Tool]:
        """All. A tool that is loaded here goes before one of a server with its name."""
        return {**self.remote(), **self.local}
