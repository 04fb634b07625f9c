"""What customers are offered."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from config.groups import SettingsGroup


class FeaturesGroup(SettingsGroup):
    """What customers are offered."""

    title: ClassVar[str] = "Features"

    feature_attachments: bool = Field(description="Customers may send files.")
    feature_feedback: bool = Field(description="Customers may rate answers.")
    feature_streaming: bool = Field(description="Answers are shown while they are written.")
    feature_demo_page: bool = Field(description="GET / serves the demo page.")
