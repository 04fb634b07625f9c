"""From settings to what the desk works with. Apart from the desk itself, which ``doctor`` need not load."""

from __future__ import annotations

from config.desk.macros import read_macros
from config.desk.mood import read_mood_words
from config.desk.teams import read_teams
from config.settings import Settings
from handoff.fields import parse_fields
from handoff.hours import parse_hours
from handoff.learning.weekly import parse_weekly
from handoff.settings import HandoffSettings

_ALWAYS = "24/7"


def make_handoff(settings: Settings) -> HandoffSettings:
    """What the desk works with, read once. Raises ConfigError for files that none can work with, before anything is started."""
    zone = parse_hours(_ALWAYS, settings.desk_time_zone).zone
    hours = parse_hours(settings.desk_hours, settings.desk_time_zone) if settings.desk_hours else None
    return HandoffSettings(
        hours=hours,
        zone=zone,
        remind_seconds=settings.desk_remind_minutes * 60,
        owner_seconds=settings.desk_owner_minutes * 60,
        follow_up_seconds=settings.follow_up_minutes * 60,
        follow_ups=settings.follow_up_unanswered,
        honest_seconds=settings.desk_honest_minutes * 60,
        on_call=settings.desk_on_call,
        staff_locale=settings.desk_language,
        note_sign=settings.desk_note_sign,
        undo_seconds=settings.desk_undo_seconds,
        reopen_seconds=settings.desk_reopen_hours * 3600,
        rating_seconds=settings.desk_rating_hours * 3600,
        teams=read_teams(settings),
        macros=read_macros(settings),
        fields=parse_fields(settings.desk_fields),
        largest_file=settings.max_attachment_bytes,
        gaps_post=parse_weekly(settings.gaps_post, zone),
        mood_words=read_mood_words(settings),
    )
