"""Whether people are connected. Apart from the desk itself, which commands that only read the store need not import."""

from __future__ import annotations

from config.settings import Settings


def is_staffed(settings: Settings) -> bool:
    """Whether people are connected."""
    return settings.slack_staff_channel is not None
