"""The widget on other people's pages."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, SecretStr, field_validator

from channels.web.origin import ANY_ORIGIN, allowed_origin
from config.groups import SettingsGroup
from config.listed import Listed
from core.domain.errors import ConfigError


class WebGroup(SettingsGroup):
    """The widget on other people's pages."""

    title: ClassVar[str] = "Widget"

    widget_origins: Listed = Field(
        (), description="Sites that may embed the widget: https://shop.example, https://*.shop.example, or *."
    )
    widget_identity_secret: SecretStr | None = Field(
        None, description="Verifies the signed tokens by which a site tells who its customer is. May be a list."
    )

    @field_validator("widget_origins")
    @classmethod
    def _widget_sites(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            try:
                if one != ANY_ORIGIN:
                    allowed_origin(one)
            except ConfigError as error:
                raise ValueError(error.detail.removeprefix("WIDGET_ORIGINS: ")) from None
        return value
