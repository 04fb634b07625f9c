"""Whether people are connected. Apart from the desk itself, which commands that only read the store need not import."""

from __future__ import annotations

from config.settings import Settings

SLACK_DESK, MAIL_DESK = "default", "mail"
"""The accounts of the desk: what staff are shown in Slack, and by mail."""


def desk_account(settings: Settings) -> str | None:
    """Of the desk that staff read; None where nobody is connected. Where both are set, it is Slack's."""
    if settings.slack_staff_channel is not None:
        return SLACK_DESK
    return MAIL_DESK if settings.staff_email is not None else None


def is_staffed(settings: Settings) -> bool:
    """Whether people are connected."""
    return desk_account(settings) is not None
