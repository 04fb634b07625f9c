"""Which channels are on, and how each is made: a channel is on when its credentials are set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from channels import registry
from channels.group_modes import Modes
from config.desk.app import has_own_app, staff_channels
from config.desk.staffed import is_answered_by_mail, staff_rule
from config.processes.data_dir import former_secret_key
from config.settings import Settings, secrets_of
from core.domain.errors import ConfigError
from core.domain.messages import Audience
from core.ports.channel import Channel
from core.ports.surroundings import Surroundings
from handoff.teams import Team

CREDENTIALS = {
    "slack": "SLACK_BOT_TOKEN",
    "telegram": "TELEGRAM_BOT_TOKEN",
    "sms": "TWILIO_ACCOUNT_SID",
    "email": "EMAIL_ADDRESS",
}
"""The setting that switches a channel on."""

USELESS_ALONE = {
    "slack": ("SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN", "SLACK_CLIENT_SECRET", "SLACK_STAFF_CHANNEL"),
    "telegram": ("TELEGRAM_WEBHOOK_SECRET",),
    "sms": ("TWILIO_AUTH_TOKEN", "TWILIO_FROM", "TWILIO_WHATSAPP_FROM"),
    "email": ("EMAIL_IMAP_URL", "EMAIL_SMTP_URL"),
}
"""What says that somebody wants a channel, and does not switch it on."""

_Make = Callable[[Settings, Surroundings, tuple[str, ...], Sequence[Team]], Channel]


def make_channels(
    settings: Settings, surroundings: Surroundings, keys: tuple[str, ...], teams: Sequence[Team] = ()
) -> dict[str, Channel]:
    """Every channel that is switched on, by name. See ``switched_on``."""
    return {name: make() for name, make in switched_on(settings, surroundings, keys, teams).items()}


def switched_on(
    settings: Settings, surroundings: Surroundings, keys: tuple[str, ...], teams: Sequence[Team] = ()
) -> dict[str, Callable[[], Channel]]:
    """How each channel is made, by name. To make it raises ConfigError, which names the setting and what to write.

    ``keys`` sign what a channel hands out and wants back; a lone process has them without SECRET_KEY too.
    ``teams``: of the staff, who are no customers in their channels.
    """
    return {
        name: partial(_CHANNELS[name][1], settings, surroundings, keys, teams)
        if name in _CHANNELS
        else partial(_foreign, name, surroundings)
        for name in names_on(settings)
    }


def names_on(settings: Settings) -> list[str]:
    """The channels that are switched on; those of other packages are."""
    foreign = set(registry.names()) - set(registry.BUILT_IN)
    return [*(name for name, (on, _) in _CHANNELS.items() if on(settings)), *sorted(foreign)]


def _foreign(name: str, surroundings: Surroundings) -> Channel:
    channel: Channel = registry.load(name)(surroundings)
    return channel


def half_set(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Channels that are off although some of their settings are there, with these settings."""
    off = (name for name, (on, _) in _CHANNELS.items() if not on(settings))
    found = {name: tuple(one for one in USELESS_ALONE[name] if getattr(settings, one.lower())) for name in off}
    if settings.slack_desk_bot_token and "slack" in found:
        found["slack"] = tuple(one for one in found["slack"] if one != "SLACK_STAFF_CHANNEL")
    return {name: given for name, given in found.items() if given}


def _slack(settings: Settings, surroundings: Surroundings, keys: tuple[str, ...], teams: Sequence[Team]) -> Channel:
    from channels.slack.settings import SlackSettings

    if not settings.slack_signing_secret and not settings.slack_app_token:
        raise ConfigError("Slack needs SLACK_SIGNING_SECRET (webhooks) or SLACK_APP_TOKEN (Socket Mode).")
    secrets = secrets_of(settings.slack_client_secret)
    given: dict[str, Any] = {
        "bot_tokens": secrets_of(settings.slack_bot_token),
        "signing_secrets": secrets_of(settings.slack_signing_secret),
        "app_tokens": secrets_of(settings.slack_app_token),
        "client_id": settings.slack_client_id,
        "client_secret": secrets[0] if secrets else None,
        "state_secrets": keys,
        "former_secrets": former_secret_key(settings.data_dir) if settings.secret_key else (),
        "own_key": not settings.secret_key,
        "agent_view": settings.slack_agent_view,
        "feedback": settings.feature_feedback,
        "suggested_prompts": tuple((prompt, prompt) for prompt in settings.slack_suggested_prompts),
        "api_base_url": settings.slack_api_base_url,
        "staff_channels": staff_channels(settings, teams),
        "staff_language": settings.desk_language,
        "staff_rule": staff_rule(settings),
        "modes": Modes.of(settings.slack_channel_modes),
        "ask_emoji": settings.slack_ask_emoji,
        "staff_tokens": secrets_of(settings.slack_desk_bot_token),
        "case_emoji": settings.desk_case_emoji,
    }
    if has_own_app(settings):
        given["hears"] = frozenset({Audience.CUSTOMER})
    return _loaded("slack", SlackSettings(**given), surroundings)


def _telegram(settings: Settings, surroundings: Surroundings, *_unused: object) -> Channel:
    from channels.telegram.settings import TelegramSettings

    (token, *_) = secrets_of(settings.telegram_bot_token)
    return _loaded(
        "telegram",
        TelegramSettings(
            bot_token=token,
            mode=settings.telegram_mode,
            webhook_secrets=secrets_of(settings.telegram_webhook_secret),
            api_base_url=settings.telegram_api_base_url,
            modes=Modes.of(settings.telegram_group_modes),
            staff_rule=staff_rule(settings),
        ),
        surroundings,
    )


def _sms(settings: Settings, surroundings: Surroundings, *_unused: object) -> Channel:
    from channels.sms.settings import SmsSettings

    return _loaded(
        "sms",
        SmsSettings(
            account_sid=settings.twilio_account_sid or "",
            auth_tokens=secrets_of(settings.twilio_auth_token),
            sender=settings.twilio_from,
            whatsapp_sender=settings.twilio_whatsapp_from,
            messages_per_second=settings.twilio_messages_per_second,
            shorten_links=settings.twilio_shorten_links,
            twilio_keywords=settings.twilio_keywords,
            whatsapp_template=settings.twilio_whatsapp_template,
            api_base_url=settings.twilio_api_base_url,
        ),
        surroundings,
    )


def _email(settings: Settings, surroundings: Surroundings, keys: tuple[str, ...], *_unused: object) -> Channel:
    from channels.email.settings import EmailSettings

    if not settings.email_imap_url or not settings.email_smtp_url:
        raise ConfigError("E-mail needs EMAIL_IMAP_URL and EMAIL_SMTP_URL beside EMAIL_ADDRESS.")
    return _loaded(
        "email",
        EmailSettings(
            address=settings.email_address or "",
            imap_url=settings.email_imap_url.get_secret_value(),
            smtp_url=settings.email_smtp_url.get_secret_value(),
            authserv_id=settings.email_authserv_id,
            folders=settings.email_folders,
            sent_folder=settings.email_sent_folder,
            own_lists=settings.email_own_lists,
            staff=settings.staff_email if is_answered_by_mail(settings) else None,
            staff_rule=staff_rule(settings),
            note_sign=settings.desk_note_sign,
            answer_days=settings.email_answer_days,
            answer_refuted=settings.email_dmarc_fail == "answer",
            thread_budget=settings.email_answers_per_thread,
            sender_budget=settings.email_answers_per_address,
            domain_budget=settings.email_answers_per_domain,
            mailbox_budget=settings.email_answers_per_mailbox,
            largest_mail=settings.email_max_bytes,
            ca_file=str(settings.email_ca_file) if settings.email_ca_file else None,
            secret_keys=keys,
        ),
        surroundings,
    )


def _loaded(name: str, settings: object, surroundings: Surroundings) -> Channel:
    channel: Channel = registry.load(name)(settings, surroundings)
    return channel


_CHANNELS: dict[str, tuple[Callable[[Settings], bool], _Make]] = {
    "slack": (lambda settings: bool(settings.slack_bot_token or settings.slack_client_id), _slack),
    "telegram": (lambda settings: bool(settings.telegram_bot_token), _telegram),
    "sms": (lambda settings: bool(settings.twilio_account_sid), _sms),
    "email": (lambda settings: bool(settings.email_address), _email),
}
