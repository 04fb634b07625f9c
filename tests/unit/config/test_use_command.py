"""``switchboard customers use``, and the prices that a budget of cost needs."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, insert

from config.cli import main
from config.settings import read_settings
from core.domain.errors import ConfigError
from core.storage.migrate import migrate
from core.storage.tables import model_use

_DAY = 86_400
_TODAY = time.time() // _DAY * _DAY


@pytest.fixture
async def used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two customers today, and one ten days ago."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    url = read_settings().effective_database_url
    await migrate(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        for customer, day, cost in (("ada", _TODAY, 0.5), ("bob", _TODAY, 1.5), ("ada", _TODAY - 10 * _DAY, 4.0)):
            counts = {"calls": 1, "estimated_calls": 1, "input_tokens": 10, "cached_tokens": 4, "output_tokens": 3}
            key = {"day": day, "customer_id": customer, "conversation_id": "c", "model": "m", "task": "answer"}
            connection.execute(insert(model_use).values(**key, **counts, cost=cost))
    engine.dispose()


def _use(*options: str) -> str:
    ran = CliRunner().invoke(main, ["customers", "use", *options], catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    return ran.stdout


@pytest.mark.usefixtures("used")
def test_the_most_expensive_comes_first() -> None:
    assert [line.split()[:2] for line in _use().splitlines()] == [["4.5000", "ada:"], ["1.5000", "bob:"]]
    assert "2 calls, 2 estimated, 20 tokens in (8 cached), 6 out" in _use()
    assert [line.split()[0] for line in _use("--days", "5").splitlines()] == ["1.5000", "0.5000"]
    assert len(_use("--limit", "1").splitlines()) == 1
    assert [one["cost"] for one in json.loads(_use("--by", "day", "--json"))["use"]] == [2.0, 4.0]
    assert "m  answer" in _use("--by", "model")


def test_a_cost_budget_needs_the_price_of_each_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_COST_PER_CUSTOMER", "0.5")
    assert read_settings().models_asked == ()
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("AGENT_TRANSCRIPTION_MODEL", "off")
    with pytest.raises(ConfigError, match="That of gpt-5-mini is missing: add it to MODEL_PRICES"):
        read_settings()
    monkeypatch.setenv("MODEL_PRICES", '{"gpt-5-*": {"input": 0.25, "output": 2}}')
    assert read_settings().model_prices["gpt-5-*"].output == 2
    arms = '{"tone": {"share": 1, "arms": {"now": {}, "new": {"model": "small"}}}}'
    for name, value in [("AGENT_VERIFY_MODEL", "small"), ("AGENT_SUMMARY_MODEL", "small"), ("EXPERIMENTS", arms)]:
        with monkeypatch.context() as changed:
            changed.setenv(name, value)
            with pytest.raises(ConfigError, match="That of small is missing"):
                read_settings()


@pytest.mark.parametrize(
    "prices",
    ['{"m": {"input": -1}}', '{"m": {"input": Infinity}}', '{"m": {"output": 1}}', '{"m": {"input": 1, "in": 2}}', "x"],
)
def test_a_price_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, prices: str) -> None:
    monkeypatch.setenv("MODEL_PRICES", prices)
    with pytest.raises(ConfigError, match="MODEL_PRICES"):
        read_settings()
