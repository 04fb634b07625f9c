"""Which tool may create issues, and where there is a webhook for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config.desk import issues
from config.settings import Settings, read_settings
from core.agent.tool_rules import Needs, RunsWhen
from core.agent.tools import make_tool
from core.domain.errors import ConfigError


def create_issue(title: str, text: str, project: str = "APP") -> dict[str, str]:
    """Create an issue."""
    return {"key": "APP-7", "url": f"https://tracker.example.com/{project}"}


def find_issue(title: str, text: str) -> str:
    """Look for an issue."""
    return text


def upgrade(plan: str) -> str:
    """Give them the larger plan."""
    return "Done."


def create_there(title: str, text: str, project: str) -> str:
    """Create an issue in a project."""
    return "Done."


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a package of the company's would bring them."""
    given = (create_issue, find_issue, upgrade, create_there)
    monkeypatch.setattr(
        "config.company_tools.installed_tools",
        lambda: [make_tool(one, effect=one is not find_issue) for one in given],
    )


def test_a_tool_that_takes_a_title_and_a_text_is_run_because_staff_ask() -> None:
    overrides = {"create_issue": {"needs": "verified"}}
    tool = issues.issue_tool(read_settings(desk_issue_tool="create_issue", tool_overrides=overrides))
    assert tool is not None
    assert (tool.runs_when, tool.needs, tool.effect) == (RunsWhen.MODEL_CALLS, Needs.ANYONE, True)
    assert issues.issue_tool(read_settings()) is None


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("create_isue", "there is no tool create_isue. Tools: create_issue"),
        ("find_issue", "must have an effect"),
        ("upgrade", "take a title and a text"),
        ("create_there", "need nothing else"),
    ],
)
def test_a_tool_that_cannot_create_issues_is_said_at_the_start(name: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        issues.issue_tool(read_settings(desk_issue_tool=name))


@pytest.mark.parametrize(
    ("given", "tracks"),
    [
        ({}, False),
        ({"desk_issue_tool": "create_issue"}, True),
        ({"desk_issue_webhook_secret": "0123456789abcdef"}, True),
        ({"desk_issue_tool": "create_issue", "slack_staff_channel": None}, False),
    ],
)
def test_it_is_off_unless_it_is_set_and_staff_are_in_slack(given: dict[str, Any], tracks: bool) -> None:
    settings = Settings.model_construct(**{**_DEFAULTS, "slack_staff_channel": "C0STAFF01", **given})
    assert issues.tracks_issues(settings) is tracks


_DEFAULTS = {name: field.default for name, field in Settings.model_fields.items()}


def test_a_secret_that_could_be_guessed_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16 characters"):
        Settings(desk_issue_webhook_secret="short")


def test_the_tool_in_the_guide_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    guide = (Path(__file__).parents[3] / "docs/howto/desk/issues.md").read_text("utf-8")
    found: dict[str, Any] = {}
    exec(guide.partition("```python\n")[2].partition("```")[0], found)
    monkeypatch.setattr("config.company_tools.installed_tools", lambda: [found["create_issue"]])
    assert issues.issue_tool(read_settings(desk_issue_tool="create_issue")) is not None
