"""``switchboard doctor``: looks at each channel as its provider sees it, and says what to change."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import click

from config.channels import CREDENTIALS, names_on
from config.commands.event_loop import run_async
from config.commands.safe_echo import echo_line
from config.confinement_checks import CONFINEMENT, check_confinement
from config.database_check import DATABASE, check_database
from config.desk.app import OWN_APP, has_own_app
from config.desk.handoff import make_handoff
from config.desk.staffed import is_answered_by_mail
from config.env_file import faults_of_env_file, lines_without_effect, read_env_file
from config.env_syntax import UNLIKE_COMPOSE
from config.idle_settings import idle_channels, idle_parts
from config.knowledge.source_checks import KNOWLEDGE, check_sources
from config.listening import check_listening
from config.name_checks import check_names
from config.processes.data_dir import folder_trouble
from config.settings import ENV_FILE, TOML_FILE, Settings, misnamed_in_file, set_in_toml
from config.sound_settings import TOGETHER, sound_settings
from core.attachments.disk_room import DiskRoom
from core.domain.attachments import human_size
from core.domain.errors import ConfigError, HubError
from core.ports.channel import Diagnosis
from handoff.teams import Team

_SECONDS = 10.0
"""What is asked over the network is asked at once, and all of it has this long."""
_DISK, _MODEL, _EMBEDDING, _CACHE, _INDEX = "disk", "model", "embedding", "redis", "chroma"
_RERANKER, _TOOLS, _CALENDARS, _RULES = "reranker", "tools", "calendars", "rules"
_PARTS = (
    _MODEL,
    _EMBEDDING,
    _RERANKER,
    _TOOLS,
    KNOWLEDGE,
    _CACHE,
    _INDEX,
    DATABASE,
    _DISK,
    CONFINEMENT,
    _CALENDARS,
    _RULES,
)
_MODEL_SWITCH = "OPENAI_API_KEY (or OPENAI_BASE_URL)"
_PART_SWITCHES = {
    _EMBEDDING: "EMBEDDING_BASE_URL",
    _RERANKER: "RERANKER_URL or RERANKER",
    _TOOLS: "TOOLS_PATH, OPENAPI_TOOLS or MCP_SERVERS",
    _CACHE: "REDIS_URL",
    _INDEX: "CHROMA_URL",
    _CALENDARS: "DESK_ON_CALL_URL, DESK_HOLIDAYS_URL or DESK_TEAMS_FILE",
    _RULES: "AGENT_RULES_PATH or EXPERIMENTS",
}
"""Parts that a hub may well do without: that they are off is said only where they are named."""

_WRITE = "Write NAME=value, one a line, with single quotes around a value that holds spaces or #."
_QUOTE = "Write the value between single quotes, and a comment in a line of its own."
_SHOWN = 5
"""Of the lines that set one name."""

Found = dict[str, Sequence[Diagnosis]]


def run(names: Sequence[str]) -> int:
    """0 when everything that is switched on works, 1 otherwise. ``names``: only these channels and parts. Changes nothing."""
    misnamed = [Diagnosis(name, False, f"{TOML_FILE} names what is no setting") for name in misnamed_in_file()]
    settings, wrong = sound_settings()
    teams, unfit = _teams(settings)
    channels = _chosen_channels(settings, names)
    found: Found = {TOGETHER: [Diagnosis(name, False, reason, _meaning(name)) for name, reason in wrong]}
    found[TOGETHER] = [*found[TOGETHER], *misnamed, *_check_file([name.upper() for name in Settings.model_fields])]
    if channels is not None:
        found["desk"] = [*unfit, *_mail_desk(settings)]
    if not names:
        found[TOGETHER] = [*found[TOGETHER], *check_listening(settings)]
    found |= run_async(_look(settings, teams, names, channels))
    if channels is not None:
        found |= {name: [one] for name, one in idle_channels(settings, channels).items()}
    for name, one in idle_parts(_given()).items():
        if not names or name in names:
            found[name] = [*found.get(name, ()), one]
    for name, diagnoses in found.items():
        for diagnosis in diagnoses:
            _show(name, diagnosis)
    for name, variable in {**CREDENTIALS, _MODEL: _MODEL_SWITCH, **(_PART_SWITCHES if names else {})}.items():
        if name not in found and (not names or name in names):
            click.echo(f"{name:<10} off    set {variable} to switch it on")
    return 0 if all(one.ok for diagnoses in found.values() for one in diagnoses) else 1


def _given() -> set[str]:
    """Names of what is set to something, wherever."""
    written = read_env_file(Path(ENV_FILE)) if Path(ENV_FILE).is_file() else {}
    return {name.upper() for name, value in {**written, **os.environ}.items() if value} | set_in_toml()


def _meaning(name: str) -> str | None:
    """What the setting is for; what does not go together says itself what to do."""
    name = name.partition(".")[0]
    field = Settings.model_fields.get(name.lower())
    return (
        f"Correct {name} in {ENV_FILE}, {TOML_FILE} or the environment. {field.description}"
        if field is not None
        else None
    )


def _chosen_channels(settings: Settings, names: Sequence[str]) -> set[str] | None:
    """Those that were named, empty for all, None where only other parts were named. Raises ConfigError for unknown names."""
    channels = {name for name in names if name not in _PARTS}
    unknown = channels - {*names_on(settings), *CREDENTIALS, OWN_APP}
    if unknown:
        known = ", ".join((*CREDENTIALS, *_PARTS))
        raise ConfigError(f"There is no channel or part {', '.join(sorted(unknown))}. There are: {known}.")
    return channels if channels or not names else None


def _check_file(known: Sequence[str]) -> list[Diagnosis]:
    """What is wrong in our own file, and names there and in the environment that are nearly settings."""
    path = Path(ENV_FILE)
    if path.is_dir():
        fix = "Move it away. Docker makes such a folder where a container is given a file that is not there."
        return [Diagnosis(ENV_FILE, False, "is a folder, so nothing is read from it", fix)]
    named, faults = (read_env_file(path), faults_of_env_file(path)) if path.is_file() else ({}, [])
    lines = [
        Diagnosis(ENV_FILE, False, f"line {one.line} {one.fault}", _QUOTE if one.fault == UNLIKE_COMPOSE else _WRITE)
        for one in faults
    ]
    again = [_set_again(name, lines) for name, lines in lines_without_effect(path).items()] if named else []
    return [*lines, *again, *check_names(os.environ, named, known)]


def _set_again(name: str, lines: Sequence[int]) -> Diagnosis:
    *former, last = lines
    first = ", ".join(map(str, former[:_SHOWN])) + (" and others" if len(former) > _SHOWN else "")
    told = f"line {last} sets {name} again and wins, so there is no effect of line {first}"
    return Diagnosis(ENV_FILE, False, told, f"Keep one line that sets {name}.")


async def _look(settings: Settings, teams: Sequence[Team], names: Sequence[str], channels: set[str] | None) -> Found:
    """All that waits for others at the same time; then the two that look at this machine."""
    parts = {
        name: check for name, (on, check) in _REMOTE.items() if on(settings) and (name in names if names else True)
    }
    looks = [_in_time(name, check(settings)) for name, check in parts.items()]
    outside = settings.database_url or settings.attachments_url
    on = channels is not None and (names_on(settings) or has_own_app(settings) or outside)
    seen = [_channels(settings, teams, channels or set())] if on else []
    found: Found = {}
    for one in await asyncio.gather(*seen, *looks):
        found |= one
    if DATABASE not in found and (DATABASE in names or not names):
        database, _ = await check_database(settings, _SECONDS)
        found |= {DATABASE: [database]} if names or not database.ok else {}
    for name, local in ((_DISK, _check_disk), (CONFINEMENT, check_confinement)):
        if name in names or not names:
            found[name] = await local(settings)
    return found


async def _channels(settings: Settings, teams: Sequence[Team], names: set[str]) -> Found:
    from config.channel_checks import (
        check_channels,
    )  # with the libraries of channels, which a hub without any need not load

    return await check_channels(settings, teams, names, _SECONDS)


async def _in_time(name: str, check: Awaitable[Sequence[Diagnosis]]) -> Found:
    try:
        async with asyncio.timeout(_SECONDS):
            return {name: await check}
    except TimeoutError:
        fix = f"See what keeps this machine from reaching it, then run switchboard doctor {name}."
        return {name: [Diagnosis("network", False, f"no answer within {_SECONDS:.0f} s", fix)]}
    except HubError as error:
        return {name: [Diagnosis("itself", False, error.detail)]}


async def _check_model(settings: Settings) -> Sequence[Diagnosis]:
    from config.model_checks import check_model
    from config.model_option_checks import check_model_options

    return [*await check_model(settings), *await check_model_options(settings)]


async def _check_embedding(settings: Settings) -> Sequence[Diagnosis]:
    from config.model_checks import check_embedding

    return await check_embedding(settings)


async def _check_cache(settings: Settings) -> Sequence[Diagnosis]:
    from config.cache_check import check_cache

    return await check_cache(settings.redis_url or "")


async def _check_index(settings: Settings) -> Sequence[Diagnosis]:
    from config.index_check import check_index

    return await check_index(settings.chroma_url or "")


async def _check_reranker(settings: Settings) -> Sequence[Diagnosis]:
    from config.reranker_check import check_reranker

    return await check_reranker(settings)


def _may_have_calendars(settings: Settings) -> bool:
    return bool(settings.desk_on_call_url or settings.desk_holidays_url or settings.desk_teams_file)


async def _check_calendars(settings: Settings) -> Sequence[Diagnosis]:
    from config.desk.calendar_check import check_calendars

    return await check_calendars(settings)


async def _check_tools(settings: Settings) -> Sequence[Diagnosis]:
    from config.company_tools import check_tools

    return await check_tools(settings)


def _may_have_rules(settings: Settings) -> bool:
    return bool(settings.agent_rules_path or settings.experiments)


async def _check_rules(settings: Settings) -> Sequence[Diagnosis]:
    from config.company_rules import check_rules

    return check_rules(settings)


async def _check_disk(settings: Settings) -> Sequence[Diagnosis]:
    if (closed := folder_trouble(settings.data_dir)) is not None:
        return [Diagnosis("DATA_DIR", False, closed, "Let DATA_DIR name a folder that this account may write.")]
    disk = DiskRoom(settings.data_dir, quota=settings.disk_quota_bytes, reserve=settings.disk_reserve_bytes)
    trouble, use = await disk.trouble(settings.max_attachment_bytes), await disk.measure()
    fix = "Make room on the disk of DATA_DIR, or change DISK_QUOTA_BYTES or DISK_RESERVE_BYTES."
    return [Diagnosis("room", trouble is None, trouble or f"{human_size(use.free)} are free for files", fix)]


_REMOTE: dict[str, tuple[Callable[[Settings], bool], Callable[[Settings], Awaitable[Sequence[Diagnosis]]]]] = {
    _MODEL: (lambda settings: settings.has_model, _check_model),
    _EMBEDDING: (lambda settings: bool(settings.embedding_base_url), _check_embedding),
    _RERANKER: (lambda settings: bool(settings.reranker or settings.reranker_url), _check_reranker),
    _TOOLS: (lambda settings: settings.has_tools, _check_tools),
    KNOWLEDGE: (lambda _settings: True, check_sources),
    _CACHE: (lambda settings: bool(settings.redis_url), _check_cache),
    _INDEX: (lambda settings: bool(settings.chroma_url), _check_index),
    _CALENDARS: (_may_have_calendars, _check_calendars),
    _RULES: (_may_have_rules, _check_rules),
}
"""Parts that others may have to answer for: when each is there, and what looks at it."""


def _teams(settings: Settings) -> tuple[Sequence[Team], list[Diagnosis]]:
    """None where the desk's settings are wrong, with what is wrong."""
    try:
        return make_handoff(settings).teams, []
    except ConfigError as error:
        return (), [Diagnosis("settings", False, error.detail)]


def _mail_desk(settings: Settings) -> list[Diagnosis]:
    """Where STAFF_EMAIL is set and has a mailbox: whether it is the desk, and how sure it is who replies."""
    if None in (settings.staff_email, settings.email_address, settings.email_imap_url, settings.email_smtp_url):
        return []
    if not is_answered_by_mail(settings):
        return [Diagnosis("STAFF_EMAIL", True, "is not used, because SLACK_STAFF_CHANNEL is the desk")]
    told = f"requests go to {settings.staff_email}, and replies are read in {settings.email_address}"
    if settings.email_authserv_id is None:
        told += "; who replies is not proven, because EMAIL_AUTHSERV_ID is not set"
    return [Diagnosis("STAFF_EMAIL", True, told)]


def _show(name: str, diagnosis: Diagnosis) -> None:
    echo_line(f"{name:<10} {'ok' if diagnosis.ok else 'WRONG':<6} {diagnosis.check}: {diagnosis.detail}")
    if not diagnosis.ok and diagnosis.fix:
        echo_line(f"{'':<18}to mend it: {diagnosis.fix}")
