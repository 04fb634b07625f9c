"""One client fills the disk from many sessions, and sends files that are expensive to read."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.attack.conftest import MakeTarget
from tests.faults.attack.hostile_files import hostile_files
from tests.faults.attack.liveness import Footprint, disk_use, recovered, watching
from tests.faults.attack.neighbours import neighbourhood
from tests.faults.attack.stranger import Session, Stranger, stranger
from tests.fixtures.report import MakeReport
from tests.scale import Scale

_SESSIONS = 60
_EACH = 10
"""Files of each session."""
_DATABASE = 32 * 2**20
"""Bytes for its log and for the text of what was stored."""
_UNLIMITED = {"UNSENT_BYTES_PER_ADDRESS": "0", "SESSIONS_PER_ADDRESS": "0", "UPLOADS_PER_ADDRESS": "0"}
"""What bounds the disk is then the quota alone."""


@pytest.mark.soak(small=False)
@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("limited", [True, False])
async def test_many_sessions_do_not_fill_the_disk(
    make_target: MakeTarget, scale: Scale, make_report: MakeReport, limited: bool
) -> None:
    limits = "the limits by the minute" if limited else "no limit by the minute"
    report = make_report(f"attack-uploads-{'limited' if limited else 'free'}", f"One client uploads, with {limits}")
    size = scale.pick(small=500_000, full=10 * 2**20)
    content = b"a" * (size - 1)
    quota = scale.pick(small=10_000_000, full=200_000_000)
    hub = await make_target(environment=_settings(size, quota) | ({} if limited else _UNLIMITED))
    async with stranger(hub) as attacker, neighbourhood(hub, scale.pick(small=2, full=10)) as others:
        await others.each_answered(1)
        before = Footprint.of(hub)
        # Without limits the plain waits are those of a machine that does nothing but take in files.
        async with watching(hub, full=scale.full and limited) as liveness:
            sessions = await attacker.sessions(_SESSIONS)
            assert limited or len(sessions) == _SESSIONS, attacker.answers
            await asyncio.gather(*(_fill(attacker, session, content) for session in sessions))
            files = disk_use(hub.data_dir / "attachments")
            grown = disk_use(hub.data_dir) - before.disk
        report.record("sessions", len(sessions))
        report.record("bytes that it may leave behind", quota)
        report.record("bytes of files that it left behind", files)
        report.record("bytes by which DATA_DIR grew", grown)
        report.record("answers to it", dict(attacker.answers))
        attacker.judge()
        assert files <= quota, f"{files:,} bytes were stored and not sent"
        assert grown <= quota + _DATABASE, f"DATA_DIR grew by {grown:,} bytes"
        assert attacker.answers["429"], f"nothing was refused: {attacker.answers}"
    others.judge(report)
    liveness.judge(report)
    await recovered(hub, before)


def _settings(size: int, quota: int) -> dict[str, str]:
    return {"MAX_ATTACHMENT_BYTES": str(size), "UNSENT_BYTES_IN_ALL": str(quota)}


async def _fill(attacker: Stranger, session: Session, content: bytes) -> None:
    """Stored, and never sent."""
    for number in range(_EACH):
        await attacker.upload(session, f"{number}.txt", content)


@pytest.mark.soak(small=False)
@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_hostile_files_hold_nobody_up(make_target: MakeTarget, scale: Scale, make_report: MakeReport) -> None:
    report = make_report("attack-files", "One client sends hostile files")
    hub = await make_target()
    async with (
        stranger(hub, patient=scale.full) as attacker,
        neighbourhood(hub, scale.pick(small=2, full=10)) as others,
    ):
        session = await attacker.session()
        assert session is not None
        await others.each_answered(1)
        before = Footprint.of(hub)
        async with watching(hub, full=scale.full) as liveness:
            for round_ in range(scale.pick(small=1, full=5)):
                for name, content in hostile_files().items():
                    await _send(attacker, session, f"{round_}-{name}", content)
            await others.each_answered(1)
        report.record("hostile files", len(hostile_files()))
        report.record("answers to their sender", dict(attacker.answers))
        attacker.judge()
    others.judge(report)
    liveness.judge(report)
    await recovered(hub, before)


async def _send(attacker: Stranger, session: Session, name: str, content: bytes) -> None:
    """Upload it and, where it was taken, ask about it."""
    status, body = await attacker.upload(session, name, content)
    if status == 200:
        await attacker.send_file(session, body["id"], "What does this file say?")
