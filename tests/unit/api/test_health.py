"""Health answers fast whatever the parts do, and says no more than is true."""

from __future__ import annotations

import asyncio

import pytest

from api.health import PARTS, Finding, Health, HealthStatus
from core.domain.errors import NotFound, StoreUnavailable
from tests.patience import PATIENCE


async def _well() -> None:
    return None


async def _broken() -> None:
    raise StoreUnavailable("postgresql://hub:hunter22@db refused")


def _health(**checks: object) -> Health:
    return Health({"db": _well, **checks}, version="1.0")  # type: ignore[dict-item]


async def test_all_well() -> None:
    status, found = await _health(vectors=_well, channels=_well).overall()
    assert status is HealthStatus.OK
    assert set(found) == set(PARTS)
    assert found["cache"].finding.detail == "not configured"


async def test_the_database_decides_and_the_rest_degrades() -> None:
    assert (await _health(vectors=_broken).overall())[0] is HealthStatus.DEGRADED
    assert (await _health(db=_broken).overall())[0] is HealthStatus.DOWN


async def test_a_failure_does_not_show_its_insides() -> None:
    timed = await _health(db=_broken).part("db")
    assert timed.finding.status is HealthStatus.DOWN
    assert "hunter22" not in str(timed.as_json())


async def test_a_check_that_hangs_is_given_up_and_runs_once() -> None:
    calls = 0

    async def hanging() -> None:
        nonlocal calls
        calls += 1
        await asyncio.Event().wait()

    health = _health(db=hanging)
    async with asyncio.timeout(PATIENCE):  # without a limit it would hang for ever
        found = await asyncio.gather(*(health.part("db") for _ in range(20)))
    assert calls == 1
    assert all(timed.finding.status is HealthStatus.DOWN for timed in found)
    await health.close()


async def test_a_check_can_tell_of_its_parts() -> None:
    async def channels() -> Finding:
        parts = {"web": HealthStatus.OK, "slack": HealthStatus.DOWN}
        return Finding(HealthStatus.DEGRADED, "slack is paused", parts)

    body = (await _health(channels=channels).part("channels")).as_json(for_operator=True)
    assert body["parts"] == {"web": "ok", "slack": "down"}
    assert body["status"] == "degraded"


async def test_unknown_parts_are_not_found() -> None:
    with pytest.raises(NotFound):
        await _health().part("nothing")
