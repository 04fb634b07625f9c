"""Hubs to attack: with the sample documents where text is looked at, without any where it is not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.knowledge_copy import copy_of, indexed_sample, started
from tests.fixtures.hub import MakeHub
from tests.servers.hub import Hub

LAUNCHER = ("-m", "tests.faults.attack.hub_process")

MakeTarget = Callable[..., Awaitable[Hub]]


@pytest.fixture(scope="session")
def sample_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DATA_DIR with the sample documents."""
    return indexed_sample(tmp_path_factory)


@pytest.fixture
def make_target(make_hub: MakeHub, request: pytest.FixtureRequest) -> MakeTarget:
    """``make_target(knows=True, environment={…})``: a hub that runs, under the usual limit of open files."""

    async def make(*, knows: bool = False, **options: Any) -> Hub:
        hub = make_hub(start=False, launcher=LAUNCHER, sources="sample" if knows else "none", **options)
        if knows:
            copy_of(request.getfixturevalue("sample_template"), hub.home)
            return await asyncio.to_thread(started, hub)
        await asyncio.to_thread(hub.start)
        return hub

    return make
