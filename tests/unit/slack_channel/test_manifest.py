"""The manifest in the guide is one that Slack takes, and asks for what the channel needs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from channels.slack.adapter import SlackChannel
from channels.slack.settings import NEEDED, SCOPES
from channels.slack.views import SHORTCUT

PAGE = (Path(__file__).parents[3] / "docs" / "howto" / "slack.md").read_text(encoding="utf-8")
HOOK = "https://hub.example.com/webhooks/slack"


def manifests() -> list[dict[str, Any]]:
    return [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]


def test_it_asks_for_exactly_the_scopes_that_are_used() -> None:
    manifest = manifests()[0]
    assert manifest["oauth_config"]["scopes"]["bot"] == list(SCOPES)
    assert set(SCOPES) >= NEEDED


def test_it_subscribes_to_every_event_that_is_read_and_has_the_scope_for_it() -> None:
    manifest = manifests()[0]
    events = set(manifest["settings"]["event_subscriptions"]["bot_events"])
    assert events == {
        "app_home_opened",
        "app_mention",
        "app_uninstalled",
        "assistant_thread_started",
        "message.channels",
        "message.groups",
        "message.im",
        "message.mpim",
        "reaction_added",
        "reaction_removed",
        "tokens_revoked",
    }
    for event, scope in {"message.channels": "channels:history", "message.im": "im:history"}.items():
        assert event in events
        assert scope in SCOPES


def test_its_addresses_are_routes_of_the_channel() -> None:
    manifest = manifests()[0]
    places = [
        manifest["settings"]["event_subscriptions"]["request_url"],
        manifest["settings"]["interactivity"]["request_url"],
        *(command["url"] for command in manifest["features"]["slash_commands"]),
    ]
    assert places == [HOOK] * 3
    assert manifest["oauth_config"]["redirect_urls"] == ["https://hub.example.com/slack/oauth_redirect"]
    assert SlackChannel.name == "slack"


def test_it_keeps_slacks_limits() -> None:
    manifest = manifests()[0]
    assert len(manifest["display_information"]["name"]) <= 35
    assert len(manifest["display_information"]["description"]) <= 140
    assert len(manifest["features"]["bot_user"]["display_name"]) <= 80
    for command in manifest["features"]["slash_commands"]:
        assert re.fullmatch(r"/[a-z0-9_-]{1,31}", command["command"])
        assert len(command["usage_hint"]) <= 1000


def test_its_shortcut_is_the_one_that_opens_a_case() -> None:
    (shortcut,) = manifests()[0]["features"]["shortcuts"]
    assert (shortcut["type"], shortcut["callback_id"]) == ("message", SHORTCUT)
    assert len(shortcut["name"]) <= 24
    assert len(shortcut["description"]) <= 150


def test_people_can_write_to_the_app() -> None:
    home = manifests()[0]["features"]["app_home"]
    assert home == {
        "home_tab_enabled": True,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": False,
    }


def test_the_pane_is_switched_on_by_its_description() -> None:
    (pane,) = [found["agent_view"] for found in manifests() if "agent_view" in found]
    assert 0 < len(pane["agent_description"]) <= 300
