"""What the desk needs to know about the company."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HandoffSettings:
    """``default_region``: ISO country of phone numbers written without a country code, where the locale names none."""

    default_locale: str = "en"
    default_region: str | None = None
