"""What ``switchboard doctor`` says of each channel that is switched on."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from config import parts
from config.channels import switched_on
from config.database_check import DATABASE, check_database
from config.desk.app import OWN_APP, has_own_app, make_door
from config.processes.data_dir import kept_secret_key
from config.settings import Settings, secrets_of
from config.store import make_store
from core.clock import SystemClock
from core.confined.runner import ConfinedRunner
from core.domain.errors import ConfigError, HubError
from core.ports.channel import Channel, Diagnosis, SupportsDiagnosis
from core.ports.metrics import NoMetrics
from core.ports.surroundings import Surroundings
from core.storage.channel_memory import SqlChannelMemory
from core.storage.ids import new_id
from core.storage.read_only import ReadOnlyDatabase
from core.storage.revisions import SchemaState
from handoff.teams import Team

_FILES = "files"
_NO_FILES = "Write ATTACHMENTS_URL as s3://bucket/prefix?region=… or s3://key:secret@bucket?endpoint=https://…, or leave it out."


async def check_channels(
    settings: Settings, teams: Sequence[Team], names: Collection[str], seconds: float
) -> dict[str, Sequence[Diagnosis]]:
    """By channel: those of ``names``, or all. Each gets ``seconds``, all at once. Where the database or the place of files is
    unusable, that is told too, and the channels are asked without what they remember. Nothing is changed."""
    found: dict[str, Sequence[Diagnosis]] = {}
    database, schema = await check_database(settings, seconds)
    if settings.database_url or not database.ok:
        found[DATABASE] = [database]
    files = _files(settings)
    if not files.ok:
        settings = settings.model_copy(update={"attachments_url": None})
        found[_FILES] = [files]
    if schema is None:  # the store is only made, never opened, and must be of a kind that can be
        settings = settings.model_copy(update={"database_url": None})
    return found | await _examine(settings, teams, names, seconds, remembers=schema not in (None, SchemaState.MISSING))


def _files(settings: Settings) -> Diagnosis:
    try:
        parts.make_files(settings)
    except ConfigError as error:
        return Diagnosis("ATTACHMENTS_URL", False, error.detail, _NO_FILES)
    return Diagnosis("ATTACHMENTS_URL", True, "can be read")


async def _examine(
    settings: Settings, teams: Sequence[Team], names: Collection[str], seconds: float, *, remembers: bool
) -> dict[str, Sequence[Diagnosis]]:
    clock = SystemClock()
    database = ReadOnlyDatabase(settings.effective_database_url, clock) if remembers else ReadOnlyDatabase.empty(clock)
    keys = _keys(settings)
    surroundings = parts.make_surroundings(
        settings,
        store=make_store(settings, clock),
        files=parts.make_files(settings),
        clock=clock,
        metrics=NoMetrics(),
        process=new_id(),
        confined=ConfinedRunner(),
        keys=keys,
    )
    surroundings = replace(surroundings, memory=SqlChannelMemory(database))
    makers = switched_on(settings, surroundings, keys, teams)
    if has_own_app(settings):
        makers[OWN_APP] = lambda: _door(settings, surroundings, teams)
    chosen = {name: make for name, make in makers.items() if not names or name in names}
    results = await asyncio.gather(*(_ask(make, seconds) for make in chosen.values()))
    return dict(zip(chosen, results, strict=True))


def _keys(settings: Settings) -> tuple[str, ...]:
    """As a lone hub has them. One that never ran has made none, and has signed nothing yet."""
    return secrets_of(settings.secret_key) or (kept_secret_key(settings.data_dir) or secrets.token_hex(32),)


def _door(settings: Settings, surroundings: Surroundings, teams: Sequence[Team]) -> Channel:
    door = make_door(settings, surroundings, teams)
    assert door is not None, "it is asked for only where staff have an app of their own"
    return door


async def _ask(make: Callable[[], Channel], seconds: float) -> Sequence[Diagnosis]:
    """What the provider says; never raises."""
    try:
        channel = make()
    except ConfigError as error:
        return [Diagnosis("settings", False, error.detail)]
    if not isinstance(channel, SupportsDiagnosis):
        return [Diagnosis("itself", True, "is switched on, and has nothing to check")]
    try:
        async with asyncio.timeout(seconds):
            return await channel.diagnose()
    except TimeoutError:
        fix = "Check this machine's way to the provider."
        return [Diagnosis("network", False, f"no answer within {seconds:.0f} s", fix)]
    except HubError as error:
        return [Diagnosis("itself", False, error.detail)]
