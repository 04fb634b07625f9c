"""From settings to the tools that a company adds, and what ``switchboard doctor`` says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from config.settings import Settings
from core.agent.builtin_tools import ESCALATE, LINK, SEARCH
from core.agent.ticket_tools import TICKET_TOOLS
from core.agent.tool_files import tools_in
from core.agent.tool_rules import meant
from core.agent.tools import Tool, by_name, installed_tools, overridden
from core.domain.errors import ConfigError
from core.ports.channel import Diagnosis

_FIX = "Correct what it names, then run switchboard doctor tools."


def company_tools(settings: Settings) -> Mapping[str, Tool]:
    """Those of installed packages, then those of TOOLS_PATH, as TOOL_OVERRIDES wants them. Raises ConfigError."""
    found = by_name([*installed_tools(), *(tools_in(settings.tools_path) if settings.tools_path else ())])
    for name in found.keys() & {SEARCH, ESCALATE, LINK}:
        raise ConfigError(f"The hub has a tool {name} of its own: give yours another name.")
    known = [SEARCH, ESCALATE, LINK, *TICKET_TOOLS, *found]
    for name in settings.tool_overrides.keys() - set(known):
        raise ConfigError(f"TOOL_OVERRIDES: there is no tool {name}; {meant(name, known)}")
    return by_name(overridden(found.values(), settings.tool_overrides))


def named_tool(settings: Settings, setting: str) -> Tool | None:
    """The tool that a setting names; None where it names none. Raises ConfigError where there is no such tool."""
    name = getattr(settings, setting.lower())
    if not name:
        return None
    tools = company_tools(settings)
    if name not in tools:
        known = ", ".join(tools) or "none is installed"
        raise ConfigError(f"{setting}: there is no tool {name}. Tools: {known}.")
    return tools[name]


async def check_tools(settings: Settings) -> Sequence[Diagnosis]:
    """Whether they can be loaded, and which there are. Without a language model nothing calls them."""
    try:
        names = ", ".join(company_tools(settings))
    except ConfigError as error:
        return [Diagnosis("loading", False, error.detail, _FIX)]
    return [Diagnosis("loading", True, names if settings.has_model else f"{names}; no language model calls them")]
