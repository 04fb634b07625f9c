"""Who and what is in the fake's Slack before a test begins."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

TEAM, BOT, BOT_ID, APP = "T0HOME001", "U0BOT0001", "B0BOT0001", "A0APP0001"
ANNA, DIRECT, PUBLIC = "U0ANNA001", "D0ANNA001", "C0HELP001"
STAFF, GRACE, LINUS = "C0STAFF01", "U0GRACE01", "U0LINUS01"
TOKEN, APP_TOKEN, SECRET = "xoxb-home", "xapp-home", "8f742231b10e8888abcd99yyyzzz85a5"
SCOPES = (
    "app_mentions:read,assistant:write,channels:history,channels:read,chat:write,commands,files:read,files:write,"
    "groups:history,groups:read,im:history,im:read,im:write,mpim:history,mpim:read,reactions:read,reactions:write,team:read,users:read,"
    "users:read.email"
)
DESK_TEAM, DESK_BOT, DESK_TOKEN, DESK_APP_TOKEN = "T0DESK001", "U0DBOT001", "xoxb-desk", "xapp-desk"
DESK_SECRET = "0d5b2231b10e8888abcd99yyyzzz0d5b"  # noqa: S105 - of a fake
"""Another workspace, with an app of the staff's own."""
Json = dict[str, Any]
HISTORY = {"D": "im:history", "C": "channels:history", "G": "groups:history"}


@dataclass
class Workspace:
    """An installation of the app."""

    team: str = TEAM
    bot: str = BOT
    scopes: set[str] = field(default_factory=lambda: set(SCOPES.split(",")))
    revoked: bool = False


@dataclass
class Channel:
    """Where messages are. ``member``: whether the app is in it. ``team``: whose it is; None: of every workspace.
    ``outside``: other companies are in it. ``absent``: people who are not in it.
    """

    messages: list[Json] = field(default_factory=list)
    member: bool = True
    archived: bool = False
    outside: bool = False
    team: str | None = None
    absent: set[str] = field(default_factory=set)


@dataclass
class Fault:
    """``status``: answered instead. ``error``: refused with that word. ``written``: done first. ``drop``: the connection is lost.

    ``silent``: no answer comes, and the connection stays.
    """

    status: int = 200
    error: str = ""
    retry_after: int | None = None
    written: bool = False
    drop: bool = False
    silent: bool = False


def kind(channel: str) -> str:
    """channel_type in events."""
    return {"D": "im", "C": "channel", "G": "group"}[channel[0]]
