"""What ``switchboard doctor`` finds out about the bot: its token, its groups, and where its messages go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from telegram import User, WebhookInfo

from channels.group_modes import Mode, Modes
from channels.telegram.client import BotApi
from channels.telegram.settings import OFFICIAL, WANTED, TelegramSettings
from channels.telegram.webhook import failed_lately, wanted_url
from core.domain.errors import AuthFailed, ChannelError
from core.ports.channel import Diagnosis

_MANY_WAIT = 100
_PORTS = (None, 443, 80, 88, 8443)


async def examine(
    api: BotApi, settings: TelegramSettings, public_url: str | None, now: datetime
) -> Sequence[Diagnosis]:
    """Changes nothing; every finding that is not well names what to change, and where."""
    try:
        me = await api.call("getMe")
        info = await api.call("getWebhookInfo")
    except AuthFailed as error:
        fix = "Copy the token from @BotFather (/mybots, API Token) into TELEGRAM_BOT_TOKEN and restart."
        return [Diagnosis("token", False, error.detail, fix)]
    except ChannelError as error:
        fix = f"Let this machine reach {settings.origin}: see TELEGRAM_API_BASE_URL, the firewall and the proxy."
        return [Diagnosis("reachable", False, error.detail, fix)]
    found = [Diagnosis("token", True, f"It is @{me.username}'s."), *_groups(me, settings.modes)]
    if settings.mode == "polling":
        return [*found, _polling(info, wanted_url(public_url))]
    return [*found, *_webhook(info, settings, public_url, now)]


def _groups(me: User, modes: Modes) -> Iterator[Diagnosis]:
    if Mode.EVERY in modes.used and not me.can_read_all_group_messages:
        fix = "Switch privacy mode off (@BotFather, /setprivacy, Disable), then take the bot out of its groups and add it again."
        said = "TELEGRAM_GROUP_MODES wants every message of a group, and privacy mode keeps them from the bot."
        yield Diagnosis("groups", False, said, fix)
    elif me.can_join_groups is False:
        yield Diagnosis("groups", True, "The bot cannot be added to groups (@BotFather, /setjoingroups).")
    elif me.can_read_all_group_messages:
        said = "Privacy mode is off: Telegram sends every message of its groups; those not for the bot are thrown away."
        if Mode.EVERY in modes.used:
            said = "Privacy mode is off: Telegram sends every message of its groups."
        yield Diagnosis("groups", True, said)
    else:
        said = "Privacy mode is on: in groups the bot gets commands, answers to it and mentions of it."
        yield Diagnosis("groups", True, f"{said} Should mentions not come: @BotFather, /setprivacy, Disable.")


def _polling(info: WebhookInfo, own: str | None) -> Diagnosis:
    url = info.url
    if not url:
        return Diagnosis("polling", True, "No webhook is set, so messages come by polling.")
    if url == own:
        return Diagnosis("polling", True, "This hub's own webhook is still set; the server ends it when it starts.")
    fix = (
        "Set TELEGRAM_MODE=webhook to take the bot over, or stop the other program and call deleteWebhook "
        "(https://api.telegram.org/bot<token>/deleteWebhook)."
    )
    return Diagnosis("polling", False, f"A webhook at {_host(url)} gets this bot's messages: polling gets none.", fix)


def _webhook(
    info: WebhookInfo, settings: TelegramSettings, public_url: str | None, now: datetime
) -> Iterator[Diagnosis]:
    wanted, url = wanted_url(public_url), info.url
    if wanted is None:
        yield Diagnosis(
            "address", False, "The hub does not know its own address.", "Set PUBLIC_URL, or TELEGRAM_MODE=polling."
        )
        return
    parts = urlsplit(wanted)
    if settings.origin == OFFICIAL and (parts.scheme != "https" or parts.port not in _PORTS):
        fix = "PUBLIC_URL begins with https:// and uses port 443, 80, 88 or 8443; or set TELEGRAM_MODE=polling."
        yield Diagnosis("address", False, "Telegram sends to https on four ports only.", fix)
    if not url:
        yield Diagnosis("webhook", False, "No webhook is set.", "Start the server: it sets the webhook itself.")
    elif url != wanted:
        fix = "Stop the program that set it. The server sets its own at its start and checks it every five minutes."
        yield Diagnosis("webhook", False, f"It points to {_host(url)}, not to PUBLIC_URL.", fix)
    else:
        yield Diagnosis("webhook", True, "It points to PUBLIC_URL.")
        yield from _deliveries(info, now)


def _deliveries(info: WebhookInfo, now: datetime) -> Iterator[Diagnosis]:
    waiting, said = info.pending_update_count, info.last_error_message
    if failed_lately(info, now):
        yield Diagnosis("deliveries", False, f"{waiting} wait. Telegram's last error: {said}", _fix_for(str(said)))
    elif waiting > _MANY_WAIT:
        fix = "See /health and the log: the hub takes messages more slowly than they come."
        yield Diagnosis("deliveries", False, f"{waiting} messages wait.", fix)
    else:
        yield Diagnosis("deliveries", True, f"{waiting} wait.")
    if not set(info.allowed_updates) >= set(WANTED):
        fix = "Restart the server: it sets the webhook again."
        yield Diagnosis("kinds", False, "Not all kinds of updates are asked for.", fix)


def _fix_for(error: str) -> str:
    lowered = error.lower()
    if "401" in error or "403" in error:
        return (
            "TELEGRAM_WEBHOOK_SECRET differs from the one that was set: restart the server, it sets the webhook again."
        )
    if "certificate" in lowered or "ssl" in lowered:
        return "PUBLIC_URL needs a certificate that everybody trusts, with its whole chain."
    if "404" in error:
        return "Let the proxy pass /webhooks/telegram to the hub."
    return "Let Telegram reach PUBLIC_URL from outside: see the proxy, the firewall and the hub's log."


def _host(url: str) -> str:
    """Others may keep a secret in the path."""
    return urlsplit(url).hostname or "an unknown place"
