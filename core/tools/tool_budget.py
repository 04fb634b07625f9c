"""How much of each prompt a company's tools may fill: the model reads all of them in every turn."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.agent.tools import Tool
from core.domain.errors import ConfigError


@dataclass(frozen=True, slots=True)
class ToolBudget:
    """``characters``: of names, descriptions and schemas of arguments."""

    tools: int = 100
    characters: int = 40_000

    def rest(self, tools: Iterable[Tool]) -> ToolBudget:
        """What these leave. Raises ConfigError where they are more than it."""
        sizes = [_size(one) for one in tools]
        if len(sizes) > self.tools or sum(sizes) > self.characters:
            raise ConfigError(
                f"The company's tools are {len(sizes)} with {sum(sizes)} characters of names, descriptions and arguments; "
                f"at most {self.tools} with {self.characters} fit into a prompt. Leave some out, or switch them "
                "off in TOOL_OVERRIDES."
            )
        return ToolBudget(self.tools - len(sizes), self.characters - sum(sizes))

    def shared_by(self, servers: int) -> ToolBudget:
        """The share of one server. What one does not use is not given to others: no server can take it from them later."""
        return ToolBudget(self.tools // max(servers, 1), self.characters // max(servers, 1))

    def fitting(self, tools: Iterable[Tool]) -> tuple[list[Tool], Mapping[str, str]]:
        """Those that fit, in their order, and of the others why they do not."""
        found: list[Tool] = []
        left_out: dict[str, str] = {}
        left = self.characters
        for one in tools:
            if len(found) == self.tools or _size(one) > left:
                left_out[one.name] = (
                    f"the server's share of the prompt is {self.tools} tools with {self.characters} characters; switch off in "
                    "TOOL_OVERRIDES what is not needed"
                )
            else:
                found.append(one)
                left -= _size(one)
        return found, left_out


def _size(tool: Tool) -> int:
    spec = tool.spec
    return len(spec.name) + len(spec.description) + len(json.dumps(spec.parameters, ensure_ascii=False))
