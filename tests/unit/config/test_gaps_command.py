"""``switchboard gaps`` says what it does not show, and how to see it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, insert

from config.cli import main
from config.settings import read_settings
from core.domain.gaps import Why
from core.storage.desk_tables import gap
from core.storage.migrate import migrate

_THINGS = ["bicycles", "parking", "umbrellas", "breakfast", "laundry"]


@pytest.fixture
async def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five questions about five things."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    url = read_settings().effective_database_url
    await migrate(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        for number, thing in enumerate(_THINGS):
            values = {"message_id": f"m{number}", "conversation_id": "c", "channel": "web", "asked": f"{thing}?"}
            values |= {"looked_up": f"{thing}?", "why": str(Why.NOT_FOUND), "thumb_down": False}
            connection.execute(insert(gap).values(**values, created_at=time.time()))
    engine.dispose()


def gaps(*options: str) -> str:
    ran = CliRunner().invoke(main, ["gaps", *options], catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    return ran.stdout


@pytest.mark.usefixtures("asked")
def test_how_many_more_there_are() -> None:
    assert "and 3 more: switchboard gaps --since 7d --closed --limit 5" in gaps(
        "--limit", "2", "--since", "7d", "--closed"
    )
    assert "and 1 more: switchboard gaps --limit 5" in gaps("--limit", "4")
    assert "more:" not in gaps("--limit", "5")
    assert json.loads(gaps("--limit", "2", "--json"))["more"] == 3


@pytest.mark.usefixtures("asked")
def test_a_note_stays_when_it_is_closed_once_more() -> None:
    assert gaps("--close", "m0", "see the page").startswith("Closed.")
    assert gaps("--close", "m0").startswith("Closed.")
    assert "see the page" in gaps("--closed")
