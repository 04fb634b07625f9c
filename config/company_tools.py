"""From settings to the tools that a company adds, and what ``switchboard doctor`` says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from config.remote_tools import check_servers, file_tools, names_to_come
from config.settings import Settings
from core.agent.builtin_tools import ESCALATE, LINK, SEARCH
from core.agent.ticket_tools import TICKET_TOOLS
from core.agent.tool_files import tools_in
from core.agent.tool_rules import meant
from core.agent.tools import Tool, by_name, installed_tools, overridden
from core.domain.errors import ConfigError
from core.ports.channel import Diagnosis
from core.ports.metrics import Metrics, NoMetrics

_NO_METRICS = NoMetrics()
_FIX = "Correct what it names, then run switchboard doctor tools."


def company_tools(settings: Settings, metrics: Metrics = _NO_METRICS) -> Mapping[str, Tool]:
    """Those of installed packages, of TOOLS_PATH, then of OPENAPI_TOOLS, as TOOL_OVERRIDES wants them. Raises ConfigError."""
    here = tools_in(settings.tools_path) if settings.tools_path else ()
    found = by_name([*installed_tools(), *here, *file_tools(settings, metrics)])
    for name in found.keys() & {SEARCH, ESCALATE, LINK}:
        raise ConfigError(f"The hub has a tool {name} of its own: give yours another name.")
    to_come = names_to_come(settings)
    for name in to_come:
        if to_come.count(name) > 1:
            raise ConfigError(f"OPENAPI_TOOLS: two operations are called {name}: leave one of them out.")
    both = settings.mcp_servers.keys() & {key for key, one in settings.openapi_tools.items() if "://" in one.document}
    if both:
        raise ConfigError(f"OPENAPI_TOOLS and MCP_SERVERS both have {', '.join(sorted(both))}: give one another name.")
    known = [SEARCH, ESCALATE, LINK, *TICKET_TOOLS, *found, *to_come]
    prefixes = tuple(f"{name}_" for name in settings.mcp_servers)
    for name in settings.tool_overrides.keys() - set(known):
        if name.startswith(prefixes):
            continue
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
        names = ", ".join(company_tools(settings)) or "none in files or packages"
    except ConfigError as error:
        return [Diagnosis("loading", False, error.detail, _FIX)]
    told = names if settings.has_model else f"{names}; no language model calls them"
    return [Diagnosis("loading", True, told), *await check_servers(settings)]
