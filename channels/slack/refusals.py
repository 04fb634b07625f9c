"""What Slack's refusals mean for a message: try later, never again, or find out first."""

from __future__ import annotations

from typing import Final

from core.domain.errors import AuthFailed, ChannelError, OutcomeUnknown, RateLimited, Rejected, Unreachable

_CREDENTIALS = frozenset(
    {
        "account_inactive",
        "ekm_access_denied",
        "enterprise_is_restricted",
        "invalid_auth",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "org_login_required",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
        "two_factor_setup_required",
    }
)
_LATER = frozenset({"service_unavailable", "team_added_to_org", "migration_in_progress", "accesslimited"})
_PERHAPS = frozenset({"fatal_error", "internal_error", "request_timeout"})
"""Slack says of these that a part of the operation may have succeeded."""

DEFAULT_PAUSE = 30.0
_ANOTHER_TOKEN = frozenset({"invalid_auth", "token_revoked", "token_expired", "account_inactive"})

_SOCKET = "apps.connections.open"
"""The only call with the app-level token."""
_NEW_APP_TOKEN = "Make a new app-level token and copy it to SLACK_APP_TOKEN."  # noqa: S105
_NEW_BOT_TOKEN = "Install the app again and copy its token to SLACK_BOT_TOKEN."  # noqa: S105


class BadToken(AuthFailed):
    """The token itself is not valid (any more); another one may be."""


CLOSED: Final = frozenset({"not_in_channel", "channel_not_found", "is_archived", "restricted_action"})
"""What people can mend: until then everything waits, and nothing is given up."""
NOBODY: Final = frozenset({"user_not_found", "user_not_visible"})
"""Slack's words for somebody whom the app may not see."""


class Refused(Rejected):
    """``reason`` is Slack's own word, such as ``channel_not_found``."""

    def __init__(self, detail: str, reason: str) -> None:
        super().__init__(detail)
        self.reason = reason


def refusal(method: str, reason: str, *, needed: str = "", retry_after: float = DEFAULT_PAUSE) -> ChannelError:
    """The error for an answer with ``ok: false``. ``needed``: the scope that Slack names."""
    said = f"Slack refused {method}: {reason}."
    if reason in ("ratelimited", "rate_limited", "message_limit_exceeded"):
        return RateLimited(said, retry_after=retry_after)
    if reason in _ANOTHER_TOKEN:
        return BadToken(f"{said} {_NEW_APP_TOKEN if method == _SOCKET else _NEW_BOT_TOKEN}")
    if reason == "missing_scope":
        return AuthFailed(f"{said} Add the scope {needed or '(unnamed)'} to the app and install it again.")
    if reason in _CREDENTIALS:
        return AuthFailed(said)
    if reason in _LATER:
        return Unreachable(said)
    if reason in _PERHAPS:
        return OutcomeUnknown(said)
    return Refused(said, reason)
