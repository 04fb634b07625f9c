"""Schedules, their time zone and the webhook's secret: what is wrong is said at the start, by the setting's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.knowledge.freshness import schedule_zone, scheduled_sources
from config.settings import read_settings
from core.domain.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("KNOWLEDGE_REINDEX_CRON", "every day", "five fields"),
        ("KNOWLEDGE_REINDEX_CRON", "0 25 * * *", "no schedule"),
        ("KNOWLEDGE_REINDEX_CRON", "0 0 30 2 *", "no such day"),
        ("KNOWLEDGE_TIME_ZONE", "Berlin", "Europe/Berlin"),
        ("KNOWLEDGE_WEBHOOK_SECRET", "the-long-one-of-today,short", "16 characters"),
    ],
)
def test_a_wrong_setting_is_named_with_what_to_write(
    name: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as raised:
        read_settings()
    assert name in raised.value.detail
    assert says in raised.value.detail
    assert "the-long-one-of-today" not in raised.value.detail


def test_a_source_s_own_schedule_comes_before_the_one_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "switchboard.toml").write_text(
        """
        [[knowledge_source]]
        url = "https://help.example.com/"
        schedule = "0 4 * * *"

        [[knowledge_source]]
        path = "handbook"

        [[knowledge_source]]
        path = "archive"
        schedule = "none"
        """
    )
    monkeypatch.chdir(tmp_path)
    settings = read_settings(knowledge_reindex_cron="@hourly", desk_time_zone="Asia/Tokyo")
    lines = [source.schedule.text if source.schedule else None for source in scheduled_sources(settings)]
    assert lines == ["0 4 * * *", "@hourly", None]
    assert str(schedule_zone(settings)) == "Asia/Tokyo"
    assert str(schedule_zone(read_settings(knowledge_time_zone="Europe/Paris"))) == "Europe/Paris"


def test_a_wrong_schedule_of_a_source_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "switchboard.toml").write_text('[[knowledge_source]]\npath = "handbook"\nschedule = "4 am"\n')
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"KNOWLEDGE_SOURCE\.0\.SCHEDULE.*no schedule"):
        read_settings()


def test_the_time_zone_of_the_desk_is_checked_as_well() -> None:
    with pytest.raises(ConfigError, match="DESK_TIME_ZONE"):
        schedule_zone(read_settings(desk_time_zone="Berlin"))
