"""The desk's hours and reminders as they are written in settings; what is wrong is named."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from channels.staff_rule import StaffRule
from config.cli import main
from config.desk.assign import calendars_of
from config.desk.handoff import make_handoff
from config.desk.staffed import staff_rule
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


def test_staff_by_domain_and_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAFF_DOMAINS", "Example.com, @example.org")
    monkeypatch.setenv("STAFF_OVERRIDES", "U0GRACE=customer, Ann@Example.net=staff")
    rule = staff_rule(read_settings())
    assert rule == StaffRule(frozenset({"example.com", "example.org"}), {"U0GRACE": False, "ann@example.net": True})


def test_who_is_given_new_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    assert make_handoff(read_settings()).assign == ()
    for name, value in {
        "DESK_ASSIGN": "on_call, Round_Robin",
        "DESK_ASSIGN_TO": "U0ANN, U0BOB",
        "DESK_ASSIGN_MINUTES": "5",
        "DESK_ON_CALL_URL": "webcal://calendar.example.com/on-call.ics?key=s3cret",
        "DESK_HOURS": "24/7",
        "DESK_HOLIDAYS_URL": "https://calendar.example.com/holidays.ics",
    }.items():
        monkeypatch.setenv(name, value)
    settings = read_settings()
    found = make_handoff(settings)
    assert (found.assign, found.assign_to, found.assign_seconds) == (
        ("on_call", "round_robin"),
        ("U0ANN", "U0BOB"),
        300.0,
    )
    addresses = {one.address for one in calendars_of(found)}
    assert addresses == {
        "https://calendar.example.com/on-call.ics?key=s3cret",
        "https://calendar.example.com/holidays.ics",
    }
    assert "s3cret" not in repr(settings)
    monkeypatch.setenv("DESK_ASSIGN", "off")
    assert make_handoff(read_settings()).assign == ()
    monkeypatch.setenv("DESK_ASSIGN", "account_owner")
    with pytest.raises(ConfigError, match="account_owner needs DESK_CONTEXT_TOOL"):
        make_handoff(read_settings())


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
        ("DESK_ASSIGN", "by_turns", "DESK_ASSIGN: 'by_turns' is none of off, round_robin, account_owner, on_call"),
        ("DESK_ASSIGN", "off, on_call", "DESK_ASSIGN: off stands alone"),
        ("DESK_ASSIGN_TO", "S0TEAM", "DESK_ASSIGN_TO: 'S0TEAM' is no id of a person"),
        ("DESK_ON_CALL_URL", "on-call.ics", "DESK_ON_CALL_URL: .*needs an address"),
        ("DESK_HOLIDAYS_URL", "file:///etc/passwd", "DESK_HOLIDAYS_URL: .*needs an address"),
        ("STAFF_DOMAINS", "example", "STAFF_DOMAINS: 'example' is no domain"),
        ("STAFF_DOMAINS", "example.com, yahoo.co.uk", "yahoo.co.uk gives addresses to everybody: .*STAFF_OVERRIDES"),
        ("STAFF_OVERRIDES", "grace=staff", "STAFF_OVERRIDES: 'grace=staff' is none such as"),
        ("STAFF_OVERRIDES", "U0GRACE=boss", "STAFF_OVERRIDES: 'U0GRACE=boss' is none such as"),
        ("SLACK_CHANNEL_MODES", "always", "SLACK_CHANNEL_MODES: 'always' is none of mention, first, every, emoji"),
        ("SLACK_CHANNEL_MODES", "#help=every", "SLACK_CHANNEL_MODES: '#help' is no channel's id"),
        ("SLACK_ASK_EMOJI", "two words", "SLACK_ASK_EMOJI: 'two words' is no emoji's name"),
        ("TELEGRAM_GROUP_MODES", "first", "TELEGRAM_GROUP_MODES: first is for Slack; on Telegram: mention or every"),
        ("TELEGRAM_GROUP_MODES", "help=every", "TELEGRAM_GROUP_MODES: 'help' is no group's id"),
        ("DESK_LANGUAGE", "xx", "DESK_LANGUAGE: 'xx' .*de, en"),
        ("DESK_TRANSLATE", "true", "DESK_TRANSLATE needs a language model"),
        ("GAPS_POST", "Mon 25:00", "GAPS_POST: “Mon 25:00” is no day and time"),
        ("DESK_NOTE_SIGN", "  ", "DESK_NOTE_SIGN: is empty"),
        ("SLACK_STAFF_CHANNEL", "#support", "SLACK_STAFF_CHANNEL: '#support' is no channel's id"),
    ],
)
def test_what_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, problem: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=problem):
        read_settings()


@pytest.mark.parametrize("command", [["index", "--status"], ["gaps"], ["migrate"], ["learned", "list"], ["serve"]])
def test_every_command_refuses_it_alike(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GAPS_POST", "Mon 25:00")
    ran = CliRunner().invoke(main, command)
    assert ran.exit_code == 2
    assert "These settings are wrong:\n  GAPS_POST: “Mon 25:00” is no day and time. Write it like this" in ran.output


def test_what_is_empty_is_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    names = ("knowledge_reindex_cron", "knowledge_time_zone", "desk_time_zone", "desk_hours", "gaps_post")
    defaults = read_settings()
    for name in names:
        monkeypatch.setenv(name.upper(), "")
    assert read_settings() == defaults
    for name in names:
        monkeypatch.delenv(name.upper())
    Path("switchboard.toml").write_text("".join(f'{name} = ""\n' for name in names))
    found = make_handoff(read_settings())
    assert (found.zone, found.hours, found.gaps_post) == (ZoneInfo("UTC"), None, make_handoff(defaults).gaps_post)
    assert read_settings().knowledge_reindex_cron == defaults.knowledge_reindex_cron
    assert read_settings().knowledge_time_zone is None


def test_what_a_desk_to_stay_in_needs_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_TARGETS", "vip first 5, next 30; whatsapp next 1 h; first 30")
    monkeypatch.setenv("DESK_VIP", "*@acme.com")
    monkeypatch.setenv("DESK_FIELDS", "Plan: free, pro; Order number")
    monkeypatch.setenv("DESK_NUDGE_DAYS", "3")
    monkeypatch.setenv("DESK_CLOSE_DAYS", "0.5")
    found = make_handoff(read_settings())
    assert (found.nudge_seconds, found.close_seconds) == (3 * 86_400, 43_200)
    assert [(one.name, one.first, one.following) for one in found.targets] == [
        ("vip", 300.0, 1800.0),
        ("whatsapp", 0.0, 3600.0),
        ("", 1800.0, 0.0),
    ]
    assert found.targets[0].customers == ("*@acme.com",)
    assert [(one.name, one.choices) for one in found.fields] == [("Plan", ("free", "pro")), ("Order number", ())]


@pytest.mark.parametrize(("name", "value"), [("DESK_TARGETS", "vip soon"), ("DESK_FIELDS", "Plan:")])
def test_what_cannot_be_read_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=name):
        read_settings()


def test_a_target_for_nobody_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_TARGETS", "biling first 5")
    with pytest.raises(ConfigError, match="'biling' is none of vip, web"):
        make_handoff(read_settings())
