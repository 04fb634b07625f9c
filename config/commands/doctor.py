"""``switchboard doctor``: looks at each channel as its provider sees it, and says what to change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import click

from config import parts
from config.channels import CREDENTIALS, half_set, switched_on
from config.clock import SystemClock
from config.commands.event_loop import run_async
from config.confinement_checks import CONFINEMENT, check_confinement
from config.desk.app import OWN_APP, has_own_app, make_door
from config.desk.desk import make_handoff
from config.desk.staffed import MAIL_DESK, desk_account
from config.knowledge.source_checks import KNOWLEDGE, check_sources
from config.settings import Settings
from config.sound_settings import TOGETHER, sound_settings
from core.confined.runner import ConfinedRunner
from core.domain.attachments import human_size
from core.domain.errors import ConfigError, HubError
from core.ports.channel import Channel, Diagnosis, SupportsDiagnosis
from core.ports.metrics import NoMetrics
from core.ports.surroundings import Surroundings
from core.storage.ids import new_id
from core.storage.migrate import migrate
from handoff.teams import Team

_PATIENCE = 30.0
_DISK = "disk"
_PARTS = (KNOWLEDGE, CONFINEMENT, _DISK)


def run(names: Sequence[str]) -> int:
    """0 when everything that is switched on works, 1 otherwise. ``names``: only these channels and parts."""
    settings, wrong = sound_settings()
    teams, unfit = _teams(settings)
    found: dict[str, Sequence[Diagnosis]] = {TOGETHER: [Diagnosis(name, False, reason) for name, reason in wrong]}
    if _DISK in names or not names:
        found[_DISK] = run_async(_check_disk(settings))
    channels = [name for name in names if name not in _PARTS]
    if channels or not names:
        found |= {
            "desk": [*unfit, *_mail_desk(settings)],
            **run_async(_examine(settings, teams, set(channels))),
            **_halves(settings, channels),
        }
    if KNOWLEDGE in names or not names:
        found[KNOWLEDGE] = run_async(check_sources(settings))
    if CONFINEMENT in names or not names:
        found[CONFINEMENT] = run_async(check_confinement(settings))
    for name, diagnoses in found.items():
        for diagnosis in diagnoses:
            _show(name, diagnosis)
    for name, variable in CREDENTIALS.items():
        if name not in found and (not names or name in names):
            click.echo(f"{name:<10} off    set {variable} to switch it on")
    return 0 if all(one.ok for diagnoses in found.values() for one in diagnoses) else 1


async def _check_disk(settings: Settings) -> list[Diagnosis]:
    disk = parts.make_disk(settings)
    trouble, use = await disk.trouble(settings.max_attachment_bytes), await disk.measure()
    fix = "Make room on the disk of DATA_DIR, or change DISK_QUOTA_BYTES or DISK_RESERVE_BYTES."
    return [Diagnosis("room", trouble is None, trouble or f"{human_size(use.free)} are free for files", fix)]


def _teams(settings: Settings) -> tuple[Sequence[Team], list[Diagnosis]]:
    """None where the desk's settings are wrong, with what is wrong."""
    try:
        return make_handoff(settings).teams, []
    except ConfigError as error:
        return (), [Diagnosis("settings", False, error.detail)]


def _mail_desk(settings: Settings) -> list[Diagnosis]:
    """Where STAFF_EMAIL is set: whether it is the desk, and how sure it is who replies."""
    if settings.staff_email is None:
        return []
    if desk_account(settings) != MAIL_DESK:
        return [Diagnosis("STAFF_EMAIL", True, "is not used, because SLACK_STAFF_CHANNEL is the desk")]
    told = f"requests go to {settings.staff_email}, and replies are read in {settings.email_address}"
    if settings.email_authserv_id is None:
        told += "; who replies is not proven, because EMAIL_AUTHSERV_ID is not set"
    return [Diagnosis("STAFF_EMAIL", True, told)]


def _halves(settings: Settings, names: Sequence[str]) -> dict[str, Sequence[Diagnosis]]:
    """Somebody who set a part of a channel believes that it is on."""
    return {
        name: [
            Diagnosis(
                CREDENTIALS[name],
                False,
                f"is missing, so the channel is off, although there is {', '.join(given)}",
                f"Set {CREDENTIALS[name]}, or take {', '.join(given)} out.",
            )
        ]
        for name, given in half_set(settings).items()
        if not names or name in names
    }


def _show(name: str, diagnosis: Diagnosis) -> None:
    click.echo(f"{name:<10} {'ok' if diagnosis.ok else 'WRONG':<6} {diagnosis.check}: {diagnosis.detail}")
    if not diagnosis.ok and diagnosis.fix:
        click.echo(f"{'':<18}to mend it: {diagnosis.fix}")


async def _examine(settings: Settings, teams: Sequence[Team], names: set[str]) -> dict[str, Sequence[Diagnosis]]:
    clock = SystemClock()
    store = parts.make_store(settings, clock)
    await migrate(settings.effective_database_url)  # channels look up what they remember, also before the first start
    await store.open()
    try:
        files = parts.make_files(settings)
        surroundings = parts.make_surroundings(
            settings,
            store=store,
            files=files,
            clock=clock,
            metrics=NoMetrics(),
            process=new_id(),
            confined=ConfinedRunner(),
            alone=True,
        )
        makers = switched_on(settings, surroundings, parts.secret_keys(settings, alone=True), teams)
        if has_own_app(settings):
            makers[OWN_APP] = lambda: _door(settings, surroundings, teams)
        unknown = names - makers.keys() - CREDENTIALS.keys()
        if unknown:
            known = ", ".join((*CREDENTIALS, *_PARTS))
            raise ConfigError(f"There is no channel or part {', '.join(sorted(unknown))}. There are: {known}.")
        chosen = {name: make for name, make in makers.items() if not names or name in names}
        results = await asyncio.gather(*(_of(make) for make in chosen.values()))
        return dict(zip(chosen, results, strict=True))
    finally:
        await store.close()


def _door(settings: Settings, surroundings: Surroundings, teams: Sequence[Team]) -> Channel:
    door = make_door(settings, surroundings, teams)
    assert door is not None, "it is asked for only where staff have an app of their own"
    return door


async def _of(make: Callable[[], Channel]) -> Sequence[Diagnosis]:
    """One that cannot even be made does not keep the others from being looked at."""
    try:
        channel = make()
    except ConfigError as error:
        return [Diagnosis("settings", False, error.detail)]
    if not isinstance(channel, SupportsDiagnosis):
        return [Diagnosis("itself", True, "is switched on, and has nothing to check")]
    try:
        async with asyncio.timeout(_PATIENCE):
            return await channel.diagnose()
    except TimeoutError:
        return [
            Diagnosis(
                "network", False, f"no answer within {_PATIENCE:.0f} s", "Check this machine's way to the provider."
            )
        ]
    except HubError as error:
        return [Diagnosis("itself", False, error.detail)]
