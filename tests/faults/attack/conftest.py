"""Hubs to attack: with the sample documents where text is looked at, without any where it is not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from config.settings import Settings
from tests.e2e.knowledge_copy import copy_of, indexed_sample, started
from tests.fixtures.hub import MakeHub
from tests.servers.hub import Hub

LAUNCHER = ("-m", "tests.faults.attack.hub_process")

_LIMITS = ("sessions_per_address", "messages_per_address", "uploads_per_address", "unsent_bytes_per_address")

MakeTarget = Callable[..., Awaitable[Hub]]


@pytest.fixture(scope="session")
def sample_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DATA_DIR with the sample documents."""
    return indexed_sample(tmp_path_factory)


@pytest.fixture
def make_target(make_hub: MakeHub, request: pytest.FixtureRequest) -> MakeTarget:
    """``make_target(knows=True, environment={…})``: a hub that runs, with the limits that it is shipped with."""

    async def make(*, knows: bool = False, environment: Mapping[str, str] | None = None) -> Hub:
        hub = make_hub(
            start=False,
            launcher=LAUNCHER,
            sources="sample" if knows else "none",
            environment={**_as_shipped(), **(environment or {})},
        )
        if knows:
            copy_of(request.getfixturevalue("sample_template"), hub.home)
            return await asyncio.to_thread(started, hub)
        await asyncio.to_thread(hub.start)
        return hub

    return make


def _as_shipped() -> dict[str, str]:
    """Limits of one address, which other tests switch off because all of their customers share one."""
    return {name.upper(): str(Settings.model_fields[name].default) for name in _LIMITS}
