"""The file of teams: what it may say, what is wrong with it, and which case goes where."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from config.channels import half_set
from config.desk.app import desk_tokens, has_own_app, staff_channels
from config.desk.assign import calendars_of
from config.desk.handoff import make_handoff
from config.settings import read_settings
from core.domain.errors import ConfigError
from core.domain.messages import Author, Citation
from core.ports.store import TurnState
from handoff.teams import Team, team_for
from tests.unit.handoff.test_notices import customer_says, turn


def turn_state(*texts: str) -> TurnState:
    return turn(*(customer_says(text) for text in texts))


def teams(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str) -> None:
    path = tmp_path / "teams.yaml"
    path.write_text(text, "utf-8")
    monkeypatch.setenv("DESK_TEAMS_FILE", str(path))
    monkeypatch.setenv("SLACK_STAFF_CHANNEL", "C0STAFF01")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")


def test_a_team_has_hours_people_and_a_channel_or_the_companys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    teams(
        monkeypatch,
        tmp_path,
        "billing:\n  channel: C0BILLING\n  hours: Mon-Fri 08:00-16:00\n  time_zone: Asia/Tokyo\n  on_call: [S0BILL]\n"
        "  keywords: [invoice]\nshop:\n  channels: sms\n",
    )
    monkeypatch.setenv("DESK_ON_CALL", "S0NCALL")
    settings = read_settings()
    found = make_handoff(settings)
    billing, shop = found.for_team("billing"), found.for_team("shop")
    assert billing.hours is not None
    assert (billing.zone, billing.on_call) == (ZoneInfo("Asia/Tokyo"), ("S0BILL",))
    assert (shop.hours, shop.on_call) == (None, ("S0NCALL",))
    assert found.for_team("gone since") is found
    assert staff_channels(settings, found.teams) == {"C0STAFF01", "C0BILLING"}


def test_a_team_may_give_its_cases_in_its_own_way(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    teams(
        monkeypatch,
        tmp_path,
        "billing:\n  keywords: [invoice]\n  hours: 24/7\n  assign: [on_call, round_robin]\n  assign_to: [U0ANN]\n"
        "  on_call_url: https://example.com/billing.ics\n  holidays_url: https://example.com/holidays.ics\n"
        "shop:\n  channels: sms\n  assign: off\nphone:\n  channels: web\n",
    )
    monkeypatch.setenv("DESK_ASSIGN", "round_robin")
    found = make_handoff(read_settings())
    billing, shop, phone = (found.for_team(name) for name in ("billing", "shop", "phone"))
    assert (billing.assign, billing.assign_to) == (("on_call", "round_robin"), ("U0ANN",))
    assert billing.calendar is not None
    assert (shop.assign, shop.calendar) == ((), None)
    assert phone.assign == ("round_robin",)
    assert {one.address for one in calendars_of(found)} == {
        "https://example.com/billing.ics",
        "https://example.com/holidays.ics",
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- a\n", "must hold teams by name"),
        ("a: [b\n", "cannot be read"),
        ("a:\n  channel: '#billing'\n  keywords: [x]\n", "must be a channel's id"),
        ("a:\n  hours: sometimes\n  keywords: [x]\n", "hours: "),
        ("a:\n  keyword: [x]\n", "keyword is not known"),
        ("a:\n  channel: C0BILLING\n", "no case would ever come to it"),
        ("a:\n  keywords: [x]\n  on_call: ['@grace']\n", "'@grace' is no id"),
        ("a:\n  keywords: {x: y}\n", "must be a list"),
        ("a:\n  keywords: [x]\n  assign: turns\n", "'turns' is none of off, round_robin"),
        ("a:\n  keywords: [x]\n  assign_to: [grace]\n", "'grace' is no id of a person"),
        ("a:\n  keywords: [x]\n  on_call_url: here\n", "needs an address"),
        ("a:\n  keywords: [x]\n  assign: account_owner\n", "account_owner needs DESK_CONTEXT_TOOL"),
    ],
)
def test_what_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, problem: str) -> None:
    teams(monkeypatch, tmp_path, text)
    with pytest.raises(ConfigError, match=problem):
        make_handoff(read_settings())


def test_a_desk_of_its_own_needs_no_slack_for_customers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_STAFF_CHANNEL", "C0STAFF01")
    with pytest.raises(ConfigError, match="SLACK_DESK_BOT_TOKEN"):
        desk_tokens(read_settings())
    monkeypatch.setenv("SLACK_DESK_BOT_TOKEN", "xoxb-new,xoxb-old")
    settings = read_settings()
    assert has_own_app(settings)
    assert desk_tokens(settings) == ("xoxb-new", "xoxb-old")
    assert "slack" not in half_set(settings)


def test_what_is_said_now_counts_before_what_was_said_and_where() -> None:
    billing = Team("billing", keywords=("invoice", "请求退款"))
    returns = Team("returns", keywords=("return",), categories=("Returns",))
    phone = Team("phone", channels=("web",))
    every = (billing, returns, phone)
    now = turn_state("Where is the INVOICE?", "I want to return it")
    assert team_for(now, every) == "billing"
    assert team_for(now, ()) is None
    assert team_for(turn_state("invoiced"), (billing,)) is None
    assert team_for(turn_state("我要请求退款"), every) == "billing"
    assert team_for(turn_state("A person"), every) == "phone"
    cited = Citation("p", "Returns", "…", "returns.md", 0.9, category="returns")
    said = replace(turn_state("x").pending[0], author=Author.AGENT, citations=(cited,))
    assert team_for(replace(turn_state("A person"), history=(said,)), every) == "returns"
