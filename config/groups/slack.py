"""Customers on Slack, and the app that the desk speaks through."""

from __future__ import annotations

import re
from typing import ClassVar

from pydantic import Field, SecretStr, field_validator

from channels.group_modes import Modes
from config.addresses import WebAddress
from config.groups import SettingsGroup
from config.listed import Listed, Sentences

_CHANNEL_ID = re.compile("[CG][A-Z0-9]{6,}")
_EMOJI = re.compile(r"[^\s:,]{1,100}")


class SlackGroup(SettingsGroup):
    """Customers on Slack, and the app that the desk speaks through."""

    title: ClassVar[str] = "Slack"

    slack_bot_token: SecretStr | None = Field(
        None, description="Switches Slack on: the bot's token (xoxb-…). May be a list while it is being rotated."
    )
    slack_signing_secret: SecretStr | None = Field(None, description="Proves that requests come from Slack. A list.")
    slack_app_token: SecretStr | None = Field(
        None, description="Socket Mode instead of webhooks: the app-level token (xapp-…). A list."
    )
    slack_client_id: str | None = Field(None, description="For installing the app into other workspaces by OAuth.")
    slack_client_secret: SecretStr | None = Field(None, description="Belongs to SLACK_CLIENT_ID.")
    slack_api_base_url: WebAddress = Field(description="Slack's Web API; ends in /api/.")
    slack_agent_view: bool = Field(
        False, description="The app has Slack's pane for agents (agent_view in its manifest)."
    )
    slack_suggested_prompts: Sentences = Field(
        (),
        description="Up to four questions that Slack's pane offers, each in a line of its own or with semicolons between them.",
    )
    slack_staff_channel: str | None = Field(
        None,
        description="The id of the staff's channel (C…). Customers who need a person arrive there, each as a thread.",
    )
    slack_channel_modes: Listed = Field(
        ("mention",),
        description="What the app answers in channels without being mentioned: mention (nothing), first (the first message of "
        "each thread), every (every message), emoji or staff_emoji (what somebody, or somebody of the staff, marks with "
        "SLACK_ASK_EMOJI). For one channel by its id: mention, C0123456789=every.",
    )
    slack_ask_emoji: str = Field("robot_face", description="The name of the emoji by which the app is asked.")
    slack_desk_bot_token: SecretStr | None = Field(
        None,
        description="The staff's own app, where they are in another workspace than the one that SLACK_BOT_TOKEN is of, or "
        "customers are not on Slack at all: its bot's token (xoxb-…). A list.",
    )
    slack_desk_signing_secret: SecretStr | None = Field(
        None, description="Proves that requests to /webhooks/slack/desk come from the staff's own app. A list."
    )
    slack_desk_app_token: SecretStr | None = Field(
        None, description="Socket Mode for the staff's own app (xapp-…). A list."
    )

    @field_validator("slack_channel_modes")
    @classmethod
    def _channel_modes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for place in Modes.of(value).places:
            if not _CHANNEL_ID.fullmatch(place):
                raise ValueError(f"{place!r} is no channel's id, such as C0123456789=every.")
        return value

    @field_validator("slack_ask_emoji")
    @classmethod
    def _ask_emoji(cls, value: str) -> str:
        found = value.strip().strip(":")
        if not _EMOJI.fullmatch(found):
            raise ValueError(f"{value!r} is no emoji's name on Slack, such as robot_face.")
        return found

    @field_validator("slack_staff_channel")
    @classmethod
    def _staff_channel(cls, value: str | None) -> str | None:
        if value is not None and not _CHANNEL_ID.fullmatch(value):
            raise ValueError(
                f"{value!r} is no channel's id, such as C0123456789: in Slack, click on the channel's name, and copy the id at "
                "the end of About."
            )
        return value
