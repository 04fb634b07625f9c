"""Each team's own hours: who is passed on to one that is closed reads when it opens, and nobody else does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.e2e.desk.test_desk import scene
from tests.fixtures.hub import MakeHub

pytestmark = pytest.mark.slow


async def test_a_customer_reads_when_the_team_is_back(make_hub: MakeHub, tmp_path: Path) -> None:
    opening = datetime.now(UTC) + timedelta(days=3)
    teams = tmp_path / "teams.yaml"
    teams.write_text(
        f"billing:\n  keywords: [invoice]\n  time_zone: UTC\n  hours: {opening:%a} 09:00-10:00\n", encoding="utf-8"
    )
    async with scene(make_hub, DESK_TEAMS_FILE=str(teams)) as world:
        await world.visitor.say("My invoice is wrong", client_id="m0")
        await world.escalate()
        await world.reads(f"we are back on {opening:%A} at 9:00")
    async with scene(make_hub, DESK_TEAMS_FILE=str(teams)) as world:
        await world.escalate()
        await world.reads("passed this on to our team")
        assert not any("we are back" in text for text in await world.texts())
