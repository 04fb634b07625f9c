"""One address holds every line that it can get, silent or saying a byte now and then; others are served all the same."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.attack.conftest import MakeTarget
from tests.faults.attack.liveness import Footprint, disk_use, recovered, watching
from tests.faults.attack.neighbours import neighbourhood
from tests.faults.attack.stranger import Session, lines, stranger
from tests.fixtures.report import MakeReport
from tests.scale import Scale

_LINES = 1_100
_HEAD = b"POST /api/sessions HTTP/1.1\r\nHost: hub\r\nX-Slow: "


@pytest.mark.soak(small=False)
@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_silent_lines_keep_nobody_out(make_target: MakeTarget, scale: Scale, make_report: MakeReport) -> None:
    report = make_report("attack-connections", "One client holds connections")
    hub = await make_target()
    async with neighbourhood(hub, scale.pick(small=2, full=10), least=3) as others, lines() as held:
        await others.each_answered(1)
        before = Footprint.of(hub)
        most = 0
        async with watching(hub, full=scale.full) as liveness:
            for _ in range(scale.pick(small=1, full=10)):
                await held.open(hub, _LINES)
                most = max(most, held.held)
                await others.each_answered(2)
                await held.close()
            await held.open(hub, 100)
            for byte in _HEAD[: scale.pick(small=12, full=48)]:
                await held.say(bytes([byte]))
                await asyncio.sleep(0.1)
            await others.each_answered(1)
            await held.close()
    report.record("silent connections of one address", _LINES)
    report.record("of them held by the hub at once", most)
    others.judge(report)
    liveness.judge(report)
    await recovered(hub, before)


@pytest.mark.soak(small=False)
@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_uploads_that_trickle_keep_nobody_out(
    make_target: MakeTarget, scale: Scale, make_report: MakeReport
) -> None:
    report = make_report("attack-trickle", "One client uploads a byte at a time")
    hub = await make_target()
    async with stranger(hub) as attacker, neighbourhood(hub, scale.pick(small=2, full=10), least=3) as others:
        session = await attacker.session()
        assert session is not None
        await others.each_answered(1)
        before, files = Footprint.of(hub), disk_use(hub.data_dir / "attachments")
        async with watching(hub, full=scale.full) as liveness, lines() as held:
            await held.open(hub, scale.pick(small=40, full=400))
            await held.say(_upload_head(session))
            for _ in range(scale.pick(small=10, full=300)):
                await held.say(b"a")
                await asyncio.sleep(0.1)
            await others.each_answered(1)
            report.record("uploads that the hub still held", held.held)
        attacker.judge()
    others.judge(report)
    liveness.judge(report)
    await recovered(hub, before)
    assert disk_use(hub.data_dir / "attachments") <= files, "pieces of uploads were left behind"


def _upload_head(session: Session) -> bytes:
    """A form with one file of a million bytes, up to where the file begins."""
    lines_ = [
        f"POST /api/sessions/{session['session_id']}/attachments HTTP/1.1",
        "Host: hub",
        f"Authorization: Bearer {session['token']}",
        "Content-Type: multipart/form-data; boundary=b",
        "Content-Length: 1000000",
        "",
        "--b",
        'Content-Disposition: form-data; name="file"; filename="a.txt"',
        "",
        "",
    ]
    return "\r\n".join(lines_).encode()
