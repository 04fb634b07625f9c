"""What the company knows of a customer, for the card of their case: asked of a tool that the company has installed."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping

from config.company_tools import named_tool
from config.settings import Settings
from core.agent.tools import ToolContext
from core.domain.errors import ConfigError
from core.ports.store import TurnState

ContextOf = Callable[[TurnState], Awaitable[Mapping[str, object]]]


def customer_context(settings: Settings) -> ContextOf | None:
    """Asks the tool of DESK_CONTEXT_TOOL. Raises ConfigError for one that is missing, has an effect or needs arguments."""
    tool = named_tool(settings, "DESK_CONTEXT_TOOL")
    if tool is None:
        return None
    name = tool.name
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
