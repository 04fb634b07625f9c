"""From settings to the tools that a company adds, and what ``switchboard doctor`` says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations

from config.remote_tools import HUB_TOOLS, check_servers, file_tools, names_to_come
from config.settings import Settings
from core.agent.builtin_tools import ESCALATE, LINK, SEARCH
from core.agent.tool_files import tools_in
from core.agent.tool_rules import RunsWhen, meant
from core.agent.tools import Tool, by_name, installed_tools, overridden
from core.domain.errors import ConfigError
from core.ports.channel import Diagnosis
from core.ports.metrics import Metrics, NoMetrics
from core.tools.tool_budget import ToolBudget

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
    _check_names(settings)
    tools = by_name(overridden(found.values(), settings.tool_overrides))
    ToolBudget().rest(tools.values())
    elsewhere = (*HUB_TOOLS, *to_come)
    prefixes = tuple(f"{name}_" for name in settings.mcp_servers)
    for name in settings.tool_overrides.keys() - {*found, *elsewhere}:
        if not name.startswith(prefixes):
            raise ConfigError(f"TOOL_OVERRIDES: there is no tool {name}; {meant(name, [*found, *elsewhere])}")
    checkers = {name: one.checked_by for name, one in settings.tool_overrides.items() if one.checked_by}
    for name, checker in {
        **checkers,
        **{name: one.checked_by for name, one in tools.items() if one.checked_by},
    }.items():
        if checker not in {*tools, *elsewhere} and not checker.startswith(prefixes):
            raise ConfigError(
                f"{name} is checked_by {checker}: there is no such tool; {meant(checker, [*tools, *elsewhere])}"
            )
        if checker in tools and tools[checker].effect:
            raise ConfigError(f"{name} is checked_by {checker}, which does not only read.")
    _check_approvals(settings, tools)
    return tools


def _check_names(settings: Settings) -> None:
    """Raises ConfigError for names of servers that their tools could be mistaken by."""
    both = settings.mcp_servers.keys() & {key for key, one in settings.openapi_tools.items() if "://" in one.document}
    if both:
        raise ConfigError(f"OPENAPI_TOOLS and MCP_SERVERS both have {', '.join(sorted(both))}: give one another name.")
    for name, other in permutations(settings.mcp_servers, 2):
        if other.startswith(f"{name}_"):
            raise ConfigError(
                f"MCP_SERVERS: {name} and {other} could give two tools the same name, as {other}_find is a tool find of {other} "
                f"and a tool {other.removeprefix(f'{name}_')}_find of {name}: give one of them another name."
            )


def _check_approvals(settings: Settings, found: Mapping[str, Tool]) -> None:
    """Raises ConfigError where a tool needs the approval of staff and there is no desk in Slack, or the tool is the hub's own."""
    wants = {name for name, one in found.items() if one.runs_when is RunsWhen.STAFF_APPROVES}
    changed = {name: one for name, one in settings.tool_overrides.items() if one.enabled}
    wants |= {name for name, one in changed.items() if one.runs_when is RunsWhen.STAFF_APPROVES}
    for name in sorted(wants.intersection(HUB_TOOLS)):
        raise ConfigError(f"TOOL_OVERRIDES: {name} is the hub's own: staff_approves is for your tools.")
    if wants and settings.slack_staff_channel is None:
        names = ", ".join(sorted(wants))
        raise ConfigError(
            f"{names}: staff_approves needs a desk in Slack, where staff approve it: set SLACK_STAFF_CHANNEL, or choose "
            "customer_confirms."
        )


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
        tools = company_tools(settings)
    except ConfigError as error:
        return [Diagnosis("loading", False, error.detail, _FIX)]
    names = ", ".join(tools) or "none in files or packages"
    told = names if settings.has_model else f"{names}; no language model calls them"
    return [Diagnosis("loading", True, told), *await check_servers(settings, tools)]
