"""What the agent may do beyond answering: the company's own tools."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from config.groups import SettingsGroup


class ToolsGroup(SettingsGroup):
    """What the agent may do beyond answering: the company's own tools."""

    title: ClassVar[str] = "Tools"

    tools_path: Path | None = Field(
        None,
        description="A Python file, or a folder of them, with functions marked @tool. It is read at the start and runs with the "
        "hub's rights.",
    )
