"""What the company knows of a customer, for the card of their case: asked of a tool that the company has installed."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping

from core.agent.tools import Tool, ToolContext, by_name, installed_tools
from core.domain.errors import ConfigError
from core.ports.store import TurnState

ContextOf = Callable[[TurnState], Awaitable[Mapping[str, object]]]


def named_tool(setting: str, name: str) -> Tool:
    """The installed tool that a setting names. Raises ConfigError where there is none."""
    tools = by_name(installed_tools())
    if name not in tools:
        known = ", ".join(tools) or "none is installed"
        raise ConfigError(f"{setting}: there is no tool {name}. Tools: {known}.")
    return tools[name]


def customer_context(name: str | None) -> ContextOf | None:
    """Asks the tool of that name. Raises ConfigError for one that is missing, changes something, or has to be told more."""
    if not name:
        return None
    tool = named_tool("DESK_CONTEXT_TOOL", name)
    if tool.effect or any(field.is_required() for field in tool.arguments.model_fields.values()):
        raise ConfigError(f"DESK_CONTEXT_TOOL: {name} must read only, and need no arguments.")

    async def ask(turn: TurnState) -> Mapping[str, object]:
        """By name; what is no JSON object is one remark."""
        whom = ToolContext(turn.conversation.id, turn.customer, turn.conversation.id, name, turn.conversation.locale)
        said = (await tool.run(tool.parse("{}"), whom)).content
        try:
            found = json.loads(said)
        except ValueError:
            found = said
        return found if isinstance(found, dict) else {name: found}

    return ask
