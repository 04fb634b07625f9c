"""What the agent may do beyond answering: the company's own tools."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

from config.groups import SettingsGroup
from config.listed import read_table
from core.agent.tool_rules import ToolOverride


class ToolsGroup(SettingsGroup):
    """What the agent may do beyond answering: the company's own tools."""

    title: ClassVar[str] = "Tools"

    tools_path: Path | None = Field(
        None,
        description="A Python file, or a folder of them, with functions marked @tool. It is read at the start and runs with the "
        "hub's rights.",
    )
    tool_overrides: Annotated[Mapping[str, ToolOverride], NoDecode, BeforeValidator(read_table)] = Field(
        {},
        description="What differs from a tool's code, by name, also of the hub's own tools: tables in switchboard.toml, or JSON "
        'such as {"refund": {"needs": "verified", "rate": "5/hour"}}. Each may set enabled, effect, needs, runs_when, timeout, '
        "retries, rate, rate_in_all and cache; docs/reference/tools.md says more.",
    )
