"""One client writes the most expensive text that it is allowed to, message after message, while others ask."""

from __future__ import annotations

from functools import partial

import pytest

from tests.faults.attack.conftest import MakeTarget
from tests.faults.attack.hostile_text import KINDS, messages
from tests.faults.attack.liveness import Footprint, recovered, watching
from tests.faults.attack.neighbours import neighbourhood
from tests.faults.attack.patience import until
from tests.faults.attack.stranger import Session, Stranger, stranger
from tests.fixtures.report import MakeReport
from tests.scale import Scale


@pytest.mark.soak(small=False)
@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_hostile_text_holds_nobody_up(make_target: MakeTarget, scale: Scale, make_report: MakeReport) -> None:
    report = make_report("attack-text", "One client writes hostile text")
    hub = await make_target(knows=True)
    many = scale.pick(small=3, full=12)
    async with stranger(hub, patient=scale.full) as attacker:
        sessions = await attacker.sessions(len(KINDS))
        assert len(sessions) == len(KINDS), attacker.answers
        size = sessions[0]["config"]["max_message_chars"]
        async with neighbourhood(hub, scale.pick(small=2, full=10)) as others:
            await others.each_answered(1)
            before = Footprint.of(hub)
            async with watching(hub, full=scale.full) as liveness:
                for kind, session in zip(KINDS, sessions, strict=True):
                    await _write(attacker, session, kind, size, many)
                await _all_answered(attacker, sessions, within=scale.pick(small=360, full=900))
        report.record("kinds of hostile text", len(KINDS))
        report.record("messages of the attacker", attacker.answers["202"])
        report.record("characters of each", size)
        attacker.judge()
        others.judge(report)
        liveness.judge(report)
    await recovered(hub, before)


async def _write(attacker: Stranger, session: Session, kind: str, size: int, many: int) -> None:
    for number, text in enumerate(messages(kind, size, many)):
        status = await attacker.write(session, text, f"c{number}")
        assert status == 202, f"{kind} was not looked at: {status}"


async def _all_answered(attacker: Stranger, sessions: list[Session], within: float) -> None:
    """Each conversation ends with a reply: an answer, or the honest word that there is none."""
    for kind, session in zip(KINDS, sessions, strict=True):
        await until(partial(attacker.is_answered, session), f"{kind}: no answer", within)
