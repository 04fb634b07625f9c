"""The desk that the settings ask for: Slack's where a staff channel is set, otherwise one that takes everything down."""

from __future__ import annotations

from config.settings import Settings, secrets_of
from core.domain.errors import ConfigError
from core.ports.clock import Clock
from core.ports.desk import Desk
from core.ports.surroundings import Surroundings
from core.storage.store import SqlStore
from handoff.settings import HandoffSettings
from handoff.slack_desk import DeskParts, SlackDesk
from handoff.slack_wall import SlackWall, WallSettings
from handoff.texts import languages
from handoff.unstaffed_desk import UnstaffedDesk


def is_staffed(settings: Settings) -> bool:
    """Whether people are connected."""
    return settings.slack_staff_channel is not None


def make_wall(settings: Settings, surroundings: Surroundings, store: SqlStore) -> SlackWall | None:
    """The staff channel, if there is one. Raises ConfigError."""
    if settings.slack_staff_channel is None:
        return None
    if not settings.slack_bot_token:
        raise ConfigError("SLACK_STAFF_CHANNEL needs SLACK_BOT_TOKEN: the app that staff and hub meet in.")
    wall = WallSettings(
        channel=settings.slack_staff_channel,
        tokens=secrets_of(settings.slack_bot_token),
        api_base_url=settings.slack_api_base_url,
    )
    return SlackWall(wall, surroundings, store)


def make_desk(settings: Settings, wall: SlackWall | None, store: SqlStore, clock: Clock) -> Desk:
    """Raises ConfigError."""
    if settings.desk_language not in languages():
        raise ConfigError(f"DESK_LANGUAGE is {settings.desk_language!r}; try one of {', '.join(sorted(languages()))}.")
    handoff = HandoffSettings(
        staff_locale=settings.desk_language,
        note_sign=settings.desk_note_sign,
        undo_seconds=settings.desk_undo_seconds,
        reopen_seconds=settings.desk_reopen_hours * 3600,
    )
    if wall is None:
        return UnstaffedDesk(handoff)
    return SlackDesk(DeskParts(records=store, cases=store, people=wall, wall=wall, clock=clock), handoff)
