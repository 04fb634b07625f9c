"""What Slack says of our credentials, with the place where each fault is mended."""

from __future__ import annotations

import re
from collections.abc import Sequence

from channels.group_modes import Mode
from channels.slack.client import Refused, SlackClient, open_transport
from channels.slack.settings import DESK_HOOK, NEEDED, SCOPES, SlackSettings
from channels.slack.workspaces import Installed, Workspaces
from channels.transport import Transport
from core.domain.errors import AuthFailed, ChannelError, StoreUnavailable, Unreachable
from core.domain.messages import Audience
from core.ports.channel import Diagnosis
from core.ports.channel_memory import ChannelMemory

_CREDENTIAL = re.compile(r"SLACK_(BOT_TOKEN|SIGNING_SECRET|APP_TOKEN)")
_DESK_CREDENTIAL = r"SLACK_DESK_\1"
_APPS = "https://api.slack.com/apps"
_KINDS = {
    "xoxb-": ("bot token", "; the bot token belongs in SLACK_BOT_TOKEN", "OAuth & Permissions"),
    "xapp-": ("app-level token", "; the app-level token belongs in SLACK_APP_TOKEN", "Basic Information"),
    "xoxp-": ("user token", "", "OAuth & Permissions"),
    "xoxe": ("refresh token", "", "OAuth & Permissions"),
}
"""By the beginning of a token: what it is, where it belongs, and under which heading Slack shows it."""
_STAFF, _MODES = "SLACK_STAFF_CHANNEL", "SLACK_CHANNEL_MODES"
_MOST = 20
"""Workspaces that are asked; with more of them it would take longer than anybody waits."""


async def diagnose(settings: SlackSettings, public_url: str | None, memory: ChannelMemory) -> Sequence[Diagnosis]:
    """Everything that can be known without changing anything; only tokens that stand in clear are sealed."""
    transport = open_transport(settings.timeout)
    try:
        found = [*await _bot(settings, transport), *await _way_in(settings, public_url, transport)]
        found += _installation(settings, public_url)
        found += await _installed(settings, public_url, memory, transport)
    finally:
        await transport.close()
    return [_of_desk(one) for one in found] if settings.hook == DESK_HOOK else found


def _of_desk(found: Diagnosis) -> Diagnosis:
    """The staff's own app has settings of its own."""
    fix = None if found.fix is None else _CREDENTIAL.sub(_DESK_CREDENTIAL, found.fix)
    check, detail = (_CREDENTIAL.sub(_DESK_CREDENTIAL, text) for text in (found.check, found.detail))
    return Diagnosis(check, found.ok, detail, fix)


async def _bot(settings: SlackSettings, transport: Transport) -> list[Diagnosis]:
    if not settings.bot_tokens:
        fix = None if settings.installable else f"Copy the bot token (xoxb-) from {_APPS}, OAuth & Permissions."
        return [Diagnosis("SLACK_BOT_TOKEN", settings.installable, "no token is set", fix)]
    swapped = _of_another_kind("SLACK_BOT_TOKEN", settings.bot_tokens, "xoxb-")
    if swapped is not None:
        return [swapped]
    client = SlackClient(transport, settings.bot_tokens, settings.api_base_url)
    try:
        found = await client.identity()
    except AuthFailed as error:
        fix = f"Install the app again ({_APPS}, Install App) and copy its bot token to SLACK_BOT_TOKEN."
        return [Diagnosis("SLACK_BOT_TOKEN", False, error.detail, fix)]
    except ChannelError as error:
        fix = f"Check that this machine reaches {settings.api_base_url} (SLACK_API_BASE_URL, proxy, firewall)."
        return [Diagnosis("SLACK_BOT_TOKEN", False, error.detail, fix)]
    known = Diagnosis("SLACK_BOT_TOKEN", True, f"bot {found.user} in {found.team_name} ({found.team})")
    shown = settings.staff_channels if Audience.STAFF in settings.hears else frozenset[str]()
    staff = [await _channel(client, one, found.user, _STAFF, "cases are shown in") for one in sorted(shown)]
    heard = [
        await _channel(client, one, found.user, _MODES, f"{mode} in") for one, mode in settings.modes.places.items()
    ]
    return [known, _scopes(found.scopes, settings), *staff, *heard]


async def _channel(client: SlackClient, channel: str, bot: str, check: str, good: str) -> Diagnosis:
    """The app must be able to read and write in it. Slack hides private channels from apps outside. ``check``: the setting."""
    invite = f"invite the app: write /invite @{bot} in the channel."
    try:
        found = (await client.conversations_info(channel=channel))["channel"]
    except Refused as error:
        fix = f"Check the id in {check}; if the channel is private, {invite}"
        return Diagnosis(check, False, f"{channel} is not there for the app: {error.detail}", fix)
    except (AuthFailed, ChannelError) as error:
        fix = f"Add channels:read and groups:read under {_APPS}, OAuth & Permissions, and install the app again."
        return Diagnosis(check, False, error.detail, fix)
    name = f"#{found.get('name') or channel}"
    if found.get("is_archived"):
        return Diagnosis(check, False, f"{name} is archived", "Restore the channel in Slack, or set another one.")
    if not found.get("is_member"):
        return Diagnosis(check, False, f"the app is no member of {name}", f"I{invite[1:]}")
    return Diagnosis(check, True, f"{good} {name}")


def _scopes(scopes: frozenset[str], settings: SlackSettings) -> Diagnosis:
    missing = [one for one in SCOPES if one not in scopes]
    grave = [one for one in missing if one in NEEDED | _needed_by(settings)]
    if not missing:
        return Diagnosis("scopes", True, "all that are needed")
    fix = f"Add {', '.join(missing)} under {_APPS}, OAuth & Permissions, Bot Token Scopes, and install the app again."
    detail = f"missing: {', '.join(grave)}" if grave else f"works without, but less well: {', '.join(missing)}"
    return Diagnosis("scopes", not grave, detail, fix)


def _needed_by(settings: SlackSettings) -> frozenset[str]:
    """What these settings do not work without."""
    found = {"users:read.email"} if settings.staff_rule.asks_for_addresses else set()
    used = settings.modes.used
    if used - {Mode.MENTION}:
        found |= {"channels:history", "groups:history"}
    if used & {Mode.EMOJI, Mode.STAFF_EMOJI}:
        found.add("reactions:read")
    return frozenset(found)


async def _way_in(settings: SlackSettings, public_url: str | None, transport: Transport) -> list[Diagnosis]:
    if settings.app_tokens:
        return [await _socket(settings, transport)]
    found = []
    if not settings.signing_secrets:
        fix = f"Copy the signing secret from {_APPS}, Basic Information, to SLACK_SIGNING_SECRET; or use Socket Mode."
        found.append(Diagnosis("SLACK_SIGNING_SECRET", False, "no secret is set, so no event is believed", fix))
    if public_url is None:
        fix = "Set PUBLIC_URL to the https address of this hub, or set SLACK_APP_TOKEN for Socket Mode."
        return [*found, Diagnosis("PUBLIC_URL", False, "Slack has no address to send events to", fix)]
    hook = public_url.rstrip("/") + settings.hook
    detail = (
        f"Slack does not say where it sends. Under {_APPS}, paste {hook} in Event Subscriptions, in Interactivity & "
        "Shortcuts, and in Slash Commands"
    )
    secure = hook.startswith("https://")
    change = None if secure else "Slack sends to https addresses only: change PUBLIC_URL."
    return [*found, Diagnosis("request URL", secure, detail, change)]


def _of_another_kind(setting: str, tokens: Sequence[str], prefix: str) -> Diagnosis | None:
    """Tokens tell by their beginning what they are for (https://docs.slack.dev/authentication/tokens)."""
    for token in tokens:
        for kind, (name, own, place) in _KINDS.items():
            if token.startswith(kind) and kind != prefix:
                wanted, where = next((name, place) for one, (name, _, place) in _KINDS.items() if one == prefix)
                fix = f"Copy the {wanted} ({prefix}) from {_APPS}, {where}, to {setting}{own}."
                return Diagnosis(setting, False, f"is a {name} ({kind})", fix)
    return None


async def _socket(settings: SlackSettings, transport: Transport) -> Diagnosis:
    swapped = _of_another_kind("SLACK_APP_TOKEN", settings.app_tokens, "xapp-")
    if swapped is not None:
        return swapped
    client = SlackClient(transport, settings.app_tokens, settings.api_base_url)
    try:
        await client.socket_url()
    except ChannelError as error:
        fix = (
            f"Make an app-level token (xapp-) with connections:write under {_APPS}, Basic Information, copy it to "
            "SLACK_APP_TOKEN, and switch Socket Mode on."
        )
        return Diagnosis("SLACK_APP_TOKEN", False, error.detail, fix)
    return Diagnosis("SLACK_APP_TOKEN", True, "Socket Mode can connect")


def _installation(settings: SlackSettings, public_url: str | None) -> list[Diagnosis]:
    if not settings.client_id and not settings.client_secret:
        return []
    if settings.installable and public_url:
        where = f"{public_url.rstrip('/')}/slack/install"
        return [Diagnosis("installation", True, f"other workspaces install the app at {where}"), _key(settings)]
    fix = "Set SLACK_CLIENT_ID, SLACK_CLIENT_SECRET, SECRET_KEY and PUBLIC_URL, all four."
    return [Diagnosis("installation", False, "other workspaces cannot install the app", fix)]


def _key(settings: SlackSettings) -> Diagnosis:
    """A key that lies beside the database protects little, and another process does not have it."""
    if not settings.own_key:
        return Diagnosis("SECRET_KEY", True, "seals the tokens of other workspaces")
    detail = "is not set: other workspaces' tokens are sealed with a key that this hub made, in DATA_DIR/secret_key"
    fix = (
        "Set SECRET_KEY (openssl rand -hex 32), the same for every process. What was sealed is sealed anew at the next "
        "start; leave DATA_DIR/secret_key there until then."
    )
    return Diagnosis("SECRET_KEY", False, detail, fix)


async def _installed(
    settings: SlackSettings, public_url: str | None, memory: ChannelMemory, transport: Transport
) -> list[Diagnosis]:
    """Each workspace that has installed the app, by its own token."""
    again = f"install the app there again: {(public_url or '').rstrip('/')}/slack/install"
    try:
        found = await Workspaces(settings, memory, transport).installations()
    except StoreUnavailable as error:
        return [Diagnosis("installations", False, error.detail, "Check DATABASE_URL.")]
    known = sorted(found.items())[:_MOST]
    return [await _workspace(settings, transport, team, one, again) for team, one in known]


async def _workspace(
    settings: SlackSettings, transport: Transport, team: str, found: Installed | Unreachable, again: str
) -> Diagnosis:
    check = f"workspace {team}"
    if isinstance(found, Unreachable):
        fix = f"Write the former key behind a comma after SECRET_KEY, or {again}"
        return Diagnosis(check, False, found.detail, fix)
    client = SlackClient(transport, (found.token,), settings.api_base_url)
    try:
        await client.identity()
    except AuthFailed as error:
        return Diagnosis(check, False, f"{found.team_name}: {error.detail}", f"I{again[1:]}")
    except ChannelError as error:
        return Diagnosis(check, False, error.detail, f"Check that this machine reaches {settings.api_base_url}.")
    return Diagnosis(check, True, f"the token of {found.team_name} works")
