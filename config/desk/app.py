"""The app through which staff write: the customers' own one, or one of theirs in a workspace of their own."""

from __future__ import annotations

from collections.abc import Sequence

from channels import registry
from channels.slack.settings import DESK_HOOK, SlackSettings
from config.settings import Settings, secrets_of
from core.domain.errors import ConfigError
from core.domain.messages import Audience
from core.ports.channel import Channel
from core.ports.surroundings import Surroundings
from handoff.teams import Team

OWN_APP = "slack-desk"
"""By this the hub knows the door of the staff's own app among its channels; conversations through it are Slack's."""
ACCOUNT = "desk"


def has_own_app(settings: Settings) -> bool:
    """Whether staff are heard through an app that no customer uses."""
    return settings.slack_staff_channel is not None and bool(settings.slack_desk_bot_token)


def staff_channels(settings: Settings, teams: Sequence[Team]) -> frozenset[str]:
    """Channels in which nobody is a customer, through whichever app somebody writes there."""
    named = (settings.slack_staff_channel, *(team.channel for team in teams))
    return frozenset(channel for channel in named if channel)


def make_door(settings: Settings, surroundings: Surroundings, teams: Sequence[Team]) -> Channel | None:
    """What hears the staff's own app, over HTTP or Socket Mode. Raises ConfigError."""
    if not has_own_app(settings):
        return None
    if not settings.slack_desk_signing_secret and not settings.slack_desk_app_token:
        raise ConfigError(
            "The staff's own app needs SLACK_DESK_SIGNING_SECRET (webhooks) or SLACK_DESK_APP_TOKEN (Socket Mode)."
        )
    given = SlackSettings(
        account=ACCOUNT,
        bot_tokens=secrets_of(settings.slack_desk_bot_token),
        signing_secrets=secrets_of(settings.slack_desk_signing_secret),
        app_tokens=secrets_of(settings.slack_desk_app_token),
        api_base_url=settings.slack_api_base_url,
        staff_channels=staff_channels(settings, teams),
        staff_language=settings.desk_language,
        hears=frozenset({Audience.STAFF}),
        hook=DESK_HOOK,
    )
    door: Channel = registry.load("slack")(given, surroundings)
    return door


def desk_tokens(settings: Settings) -> tuple[str, ...]:
    """Of the bot that writes in the staff channel. Raises ConfigError."""
    tokens = secrets_of(settings.slack_desk_bot_token or settings.slack_bot_token)
    if not tokens:
        raise ConfigError(
            "SLACK_STAFF_CHANNEL needs SLACK_BOT_TOKEN, or SLACK_DESK_BOT_TOKEN for an app of the staff's own: the app that "
            "staff and hub meet in."
        )
    return tokens
