"""Whether people are connected. Apart from the desk itself, which commands that only read the store need not import."""

from __future__ import annotations

from typing import Final

from channels.staff_rule import StaffRule
from config.settings import Settings

_SLACK_DESK: Final = "default"


def desk_account(settings: Settings) -> str | None:
    """The account of the desk that staff read; None without a desk. What staff were shown is stored under it.

    Where both are set, it is Slack's. Each STAFF_EMAIL is a desk of its own, since its readers have not seen another's mails.
    """
    if settings.slack_staff_channel is not None:
        return _SLACK_DESK
    return f"mail {settings.staff_email}" if settings.staff_email is not None else None


def is_answered_by_mail(settings: Settings) -> bool:
    """Whether the staff read and answer by mail."""
    return settings.slack_staff_channel is None and settings.staff_email is not None


def is_staffed(settings: Settings) -> bool:
    """Whether people are connected."""
    return desk_account(settings) is not None


def staff_rule(settings: Settings) -> StaffRule:
    """Who is staff where customers write."""
    pairs = (one.rpartition("=") for one in settings.staff_overrides)
    return StaffRule(frozenset(settings.staff_domains), {who: role == "staff" for who, _, role in pairs})
