"""The file that names the staff's teams: where each is told of its cases, when it is there, and which cases are its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from config.desk.assign import PERSON, calendar_at, parse_policies, with_holidays
from config.settings import Settings
from core.domain.errors import ConfigError
from handoff.hours import BadHours, parse_hours
from handoff.teams import Team

_CHANNEL_ID = re.compile("[CG][A-Z0-9]{6,}")
_SLACK_ID = re.compile("[SUW][A-Z0-9]{2,}")
_NAME = re.compile(r"[\w. -]{1,40}")
_LISTS = ("on_call", "channels", "keywords", "categories", "assign", "assign_to")
_WORDS = ("channel", "hours", "time_zone", "on_call_url", "holidays_url")


def read_teams(settings: Settings) -> tuple[Team, ...]:
    """In the order of the file: the first that a case fits is its team. Raises ConfigError."""
    path = settings.desk_teams_file
    if path is None:
        return ()
    if settings.slack_staff_channel is None:
        raise ConfigError("DESK_TEAMS_FILE needs SLACK_STAFF_CHANNEL: cases that fit no team go there.")
    zone, holidays = settings.desk_time_zone, settings.desk_holidays_url
    return tuple(_team(name, given, zone, holidays) for name, given in _read(path).items())


def _read(path: Path) -> Mapping[str, Any]:
    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"DESK_TEAMS_FILE: {path} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
        raise ConfigError(
            f"DESK_TEAMS_FILE: {path} must hold teams by name, each with channel, hours, keywords and so on."
        )
    return {str(name): given for name, given in found.items()}


def _team(name: str, given: Mapping[str, Any], zone: str, holidays: str | None) -> Team:
    where = f"DESK_TEAMS_FILE: {name}"
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{where}: a team's name is at most 40 letters, digits, spaces, dots and dashes.")
    unknown = sorted(str(one) for one in given if one not in (*_LISTS, *_WORDS))
    if unknown:
        raise ConfigError(f"{where}: {', '.join(unknown)} is not known; there are {', '.join((*_WORDS, *_LISTS))}.")
    channel, hours = given.get("channel"), given.get("hours")
    if channel is not None and not _CHANNEL_ID.fullmatch(str(channel)):
        raise ConfigError(f"{where}: channel is {channel!r}; it must be a channel's id, such as C0123456789.")
    lists = {one: _listed(where, one, given.get(one)) for one in _LISTS}
    for one in lists["on_call"]:
        if not _SLACK_ID.fullmatch(one):
            raise ConfigError(f"{where}: on_call: {one!r} is no id of a Slack user group (S…) or person (U…).")
    if not (lists["channels"] or lists["keywords"] or lists["categories"]):
        raise ConfigError(f"{where}: no case would ever come to it; give it channels, keywords or categories.")
    if wrong := [one for one in lists["assign_to"] if not PERSON.fullmatch(one)]:
        raise ConfigError(f"{where}: assign_to: {wrong[0]!r} is no id of a person on Slack (U…).")
    try:
        kept = parse_hours(str(hours), str(given.get("time_zone") or zone)) if hours else None
    except BadHours as error:
        raise ConfigError(f"{where}: hours: {error}") from error
    try:
        assign, address = parse_policies(lists.pop("assign")), given.get("on_call_url")
        calendar = calendar_at(str(address), kept.zone if kept else ZoneInfo(zone)) if address else None
        kept = with_holidays(kept, given.get("holidays_url") or holidays)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from error
    own = assign if "assign" in given else None
    shown = None if channel is None else str(channel)
    return Team(name, channel=shown, hours=kept, assign=own, calendar=calendar, **lists)


def _listed(where: str, name: str, value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    value = "off" if value is False else value  # how YAML reads that word
    many = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str | int) for one in many):
        raise ConfigError(f"{where}: {name} must be a list of words.")
    return tuple(str(one).strip() for one in many if str(one).strip())
