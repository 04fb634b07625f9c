"""The settings by subject; config/settings.py reads them as one."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel


class SettingsGroup(BaseModel):
    """What belongs together, under one heading of docs/reference/settings.md."""

    title: ClassVar[str]
