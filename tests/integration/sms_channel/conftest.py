"""A hub for every test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.sms_channel.rig import Rig, running


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    """One number, WhatsApp on the same, a public address."""
    async with running(tmp_path) as rig:
        yield rig
