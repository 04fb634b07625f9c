"""The desk's hours and reminders as they are written in settings; what is wrong is named."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from config.desk.desk import check_desk, make_handoff
from config.settings import read_settings
from core.domain.errors import ConfigError


def test_minutes_hours_and_people(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "DESK_HOURS": "Mon-Fri 09:00-17:30; closed 12-25",
        "DESK_TIME_ZONE": "Europe/Berlin",
        "DESK_REMIND_MINUTES": "2.5",
        "DESK_OWNER_MINUTES": "0",
        "DESK_ON_CALL": "S0NCALL, U0GRACE",
    }.items():
        monkeypatch.setenv(name, value)
    found = make_handoff(read_settings())
    assert (found.remind_seconds, found.owner_seconds, found.honest_seconds) == (150.0, 0.0, 300.0)
    assert found.on_call == ("S0NCALL", "U0GRACE")
    assert found.hours is not None
    assert found.hours.zone == found.zone == ZoneInfo("Europe/Berlin")


def test_without_hours_staff_are_always_there() -> None:
    found = make_handoff(read_settings())
    assert found.hours is None
    assert found.zone == ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("DESK_HOURS", "Mon-Fri whenever", "DESK_HOURS: .*whenever"),
        ("DESK_TIME_ZONE", "Berlin", "DESK_TIME_ZONE: There is no time zone “Berlin”"),
        ("DESK_ON_CALL", "@grace", "DESK_ON_CALL: '@grace' is no id"),
        ("DESK_LANGUAGE", "xx", "DESK_LANGUAGE"),
        ("DESK_NOTE_SIGN", "  ", "DESK_NOTE_SIGN is empty"),
        ("SLACK_STAFF_CHANNEL", "#support", "SLACK_STAFF_CHANNEL is '#support'; it must be the channel's id"),
    ],
)
def test_what_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, problem: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=problem):
        check_desk(read_settings())
