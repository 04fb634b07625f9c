"""The widget on other people's pages."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, SecretStr

from config.groups import SettingsGroup
from config.listed import Listed


class WebGroup(SettingsGroup):
    """The widget on other people's pages."""

    title: ClassVar[str] = "Widget"

    widget_origins: Listed = Field(
        (), description="Sites that may embed the widget: https://shop.example, https://*.shop.example, or *."
    )
    widget_identity_secret: SecretStr | None = Field(
        None, description="Verifies the signed tokens by which a site tells who its customer is. May be a list."
    )
