"""What ``switchboard doctor`` says of each channel that is switched on, and of the database in which channels remember things."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from config import parts
from config.channels import switched_on
from config.clock import SystemClock
from config.desk.app import OWN_APP, has_own_app, make_door
from config.settings import Settings
from config.store import make_store
from core.confined.runner import ConfinedRunner
from core.domain.errors import ConfigError, HubError, StoreUnavailable
from core.ports.channel import Channel, Diagnosis, SupportsDiagnosis
from core.ports.metrics import NoMetrics
from core.ports.surroundings import Surroundings
from core.storage.ids import new_id
from core.storage.migrate import migrate
from handoff.teams import Team

DATABASE = "database"
"""The name under which the database is told of."""
_FILES = "files"
_NO_DATABASE = (
    "Let DATABASE_URL name a server that this machine reaches, with its user, password and database; or leave it out."
)
_NO_FILES = "Write ATTACHMENTS_URL as s3://bucket/prefix?region=… or s3://key:secret@bucket?endpoint=https://…, or leave it out."


async def check_channels(
    settings: Settings, teams: Sequence[Team], names: Collection[str], seconds: float
) -> dict[str, Sequence[Diagnosis]]:
    """By channel: those of ``names``, or all. Each gets ``seconds``, all at once. Where the database or the place of files is
    unusable, that is told too, and empty ones in a temporary folder stand in."""
    found: dict[str, Sequence[Diagnosis]] = {}
    with tempfile.TemporaryDirectory(prefix="switchboard-doctor-") as folder:
        database = await _database(settings)
        if not database.ok:
            url = f"sqlite:///{Path(folder) / 'stand-in.db'}"
            settings = settings.model_copy(update={"database_url": url})
            await migrate(url)
        if settings.database_url:
            found[DATABASE] = [database]
        files = _files(settings)
        if not files.ok:
            settings = settings.model_copy(update={"attachments_url": None})
            found[_FILES] = [files]
        return found | await _examine(settings, teams, names, seconds)


async def _database(settings: Settings) -> Diagnosis:
    """Brings its tables up to date: channels look up what they remember, also before the first start."""
    try:
        await migrate(settings.effective_database_url)
    except StoreUnavailable as error:
        return Diagnosis("DATABASE_URL", False, error.detail.partition("\n")[0], _NO_DATABASE)
    except HubError as error:
        return Diagnosis("DATABASE_URL", False, error.detail, _NO_DATABASE)
    return Diagnosis("DATABASE_URL", True, "answers, and its tables are up to date")


def _files(settings: Settings) -> Diagnosis:
    try:
        parts.make_files(settings)
    except ConfigError as error:
        return Diagnosis("ATTACHMENTS_URL", False, error.detail, _NO_FILES)
    return Diagnosis("ATTACHMENTS_URL", True, "can be read")


async def _examine(
    settings: Settings, teams: Sequence[Team], names: Collection[str], seconds: float
) -> dict[str, Sequence[Diagnosis]]:
    clock = SystemClock()
    store = make_store(settings, clock)
    await store.open()
    try:
        surroundings = parts.make_surroundings(
            settings,
            store=store,
            files=parts.make_files(settings),
            clock=clock,
            metrics=NoMetrics(),
            process=new_id(),
            confined=ConfinedRunner(),
            alone=True,
        )
        makers = switched_on(settings, surroundings, parts.secret_keys(settings, alone=True), teams)
        if has_own_app(settings):
            makers[OWN_APP] = lambda: _door(settings, surroundings, teams)
        chosen = {name: make for name, make in makers.items() if not names or name in names}
        results = await asyncio.gather(*(_ask(make, seconds) for make in chosen.values()))
        return dict(zip(chosen, results, strict=True))
    finally:
        await store.close()


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
