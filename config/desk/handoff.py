"""From settings to what the desk works with. Apart from the desk itself, which ``doctor`` need not load."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from config.desk.assign import calendar_at, parse_policies, with_holidays
from config.desk.fields import parse_fields
from config.desk.macros import read_macros
from config.desk.mood import read_mood_words
from config.desk.targets import VIP, parse_targets
from config.desk.teams import read_teams
from config.settings import Settings
from core.domain.errors import ConfigError
from handoff.hours import parse_hours
from handoff.learning.weekly import parse_weekly
from handoff.places import PLACES
from handoff.settings import HandoffSettings
from handoff.teams import Policy, Target

_ALWAYS = "24/7"
_DAY = 24 * 3600.0


def make_handoff(settings: Settings) -> HandoffSettings:
    """What the desk works with, read once. Raises ConfigError for files that none can work with, before anything is started."""
    zone = parse_hours(_ALWAYS, settings.desk_time_zone).zone
    hours = parse_hours(settings.desk_hours, settings.desk_time_zone) if settings.desk_hours else None
    teams = read_teams(settings)
    _check_owners(settings, (parse_policies(settings.desk_assign), *(team.assign for team in teams)))
    calendar = settings.desk_on_call_url
    return HandoffSettings(
        hours=with_holidays(hours, settings.desk_holidays_url),
        zone=zone,
        remind_seconds=settings.desk_remind_minutes * 60,
        owner_seconds=settings.desk_owner_minutes * 60,
        nudge_seconds=settings.desk_nudge_days * _DAY,
        close_seconds=settings.desk_close_days * _DAY,
        follow_up_seconds=settings.follow_up_minutes * 60,
        follow_ups=settings.follow_up_unanswered,
        honest_seconds=settings.desk_honest_minutes * 60,
        on_call=settings.desk_on_call,
        assign=parse_policies(settings.desk_assign),
        assign_to=settings.desk_assign_to,
        assign_seconds=settings.desk_assign_minutes * 60,
        calendar=calendar_at(calendar.get_secret_value(), zone) if calendar else None,
        staff_locale=settings.desk_language,
        note_sign=settings.desk_note_sign,
        undo_seconds=settings.desk_undo_seconds,
        reopen_seconds=settings.desk_reopen_hours * 3600,
        rating_seconds=settings.desk_rating_hours * 3600,
        teams=teams,
        targets=_read_targets(settings, {team.name for team in teams}),
        macros=read_macros(settings),
        fields=parse_fields(settings.desk_fields),
        largest_file=settings.max_attachment_bytes,
        emoji_act=settings.desk_emoji_act,
        creates_issues=settings.desk_issue_tool is not None,
        gaps_post=parse_weekly(settings.gaps_post, zone),
        mood_words=read_mood_words(settings),
    )


def _check_owners(settings: Settings, policies: Iterable[tuple[Policy, ...] | None]) -> None:
    if not settings.desk_context_tool and any("account_owner" in (one or ()) for one in policies):
        raise ConfigError("DESK_ASSIGN: account_owner needs DESK_CONTEXT_TOOL, which says who looks after a customer.")


def _read_targets(settings: Settings, teams: Collection[str]) -> tuple[Target, ...]:
    """Raises ConfigError for a name that no case could fit."""
    found = parse_targets(settings.desk_targets, settings.desk_vip)
    for one in found:
        if one.name not in ("", VIP, *PLACES, *teams) and not set(one.name) & set("*@:"):
            known = ", ".join((VIP, *PLACES, *teams))
            raise ConfigError(f"DESK_TARGETS: {one.name!r} is none of {known}, and no pattern such as *@example.com.")
    return found
