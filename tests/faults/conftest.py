"""Hubs that follow a plan."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.points import LAUNCHER, Switches
from tests.fixtures.hub import MakeHub
from tests.servers.hub import Hub

MakeFaultyHub = Callable[..., tuple[Hub, Switches]]


@pytest.fixture
def make_faulty_hub(make_hub: MakeHub, tmp_path: Path) -> MakeFaultyHub:
    """``make_faulty_hub(database_url=…, lease=1.0)``: a hub that is not started yet, and its switches."""
    made: list[Path] = []

    def make(*, lease: float = 1.0, **options: Any) -> tuple[Hub, Switches]:
        folder = tmp_path / f"switches-{len(made) + 1}"
        folder.mkdir()
        made.append(folder)
        switches = Switches(folder)
        environment = {
            **switches.environment,
            "LEASE_SECONDS": str(lease),
            "LOG_LEVEL": "warning",
            **options.pop("environment", {}),
        }
        launcher = options.pop("launcher", LAUNCHER)
        return make_hub(start=False, launcher=launcher, environment=environment, **options), switches

    return make
