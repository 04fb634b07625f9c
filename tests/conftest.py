"""What every test may use: seeds, sizes, real servers. Nothing here is started before a test asks for it."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import structlog

from config.simulation import telegram_api
from tests import corpus, seed
from tests.scale import Scale, run_scale
from tests.servers.postgres import PostgresServer, postgres
from tests.servers.redis import RedisServer, redis
from tests.servers.small_disk import SmallDisk, small_disk
from tests.servers.used_databases import UsedDatabases

_FIXTURES = ("report", "compiled", "hub", "browser", "peers")
pytest_plugins = [f"tests.fixtures.{name}" for name in _FIXTURES]

_HERE = Path(__file__).parent
_LAST_SLOW = 0.7
"""The share of the files by which all files with slow tests have begun."""
_LAST_WAITING = 0.85
"""The same of files outside ``_QUICK``, which may wait. What comes after them takes seconds, so that all workers end together."""
_QUICK = ("unit", "contract", "architecture")
_POSTGRES = {"postgres_server", "durable_postgres", "postgres_on_small_disk"}

collect_ignore_glob = [] if corpus.CORPUS_DIR else ["*_corpus.py"]
if corpus.CORPUS_DIR is not None and (_BOT_API := corpus.CORPUS_DIR / "telegram" / "bot-api.json").exists():
    telegram_api.description = _BOT_API  # the whole Bot API, in place of the calls that the channel makes

# The same contract runs once for each adapter, by subclassing: that is what the first health check warns of. The second
# measures time, also that in which a busy machine did something else.
_OPTIONS: dict[str, Any] = {
    "deadline": None,
    "print_blob": True,
    "suppress_health_check": [hypothesis.HealthCheck.differing_executors, hypothesis.HealthCheck.too_slow],
}
hypothesis.settings.register_profile("test", max_examples=40, **_OPTIONS)
hypothesis.settings.register_profile("soak", max_examples=5_000, **_OPTIONS)


def pytest_configure(config: pytest.Config) -> None:
    """Hypothesis draws from the run's seed too; a seed given to it by hand wins.

    An error that is logged is printed as Python prints it: with colours and all variables it takes half a second.
    """
    if config.getoption("--hypothesis-seed") is None:
        config.option.hypothesis_seed = str(seed.run_seed())
    hypothesis.settings.load_profile("soak" if run_scale().full else "test")
    structlog.dev.ConsoleRenderer.get_active().exception_formatter = structlog.dev.plain_traceback


def pytest_collection(session: pytest.Session) -> None:
    """Thousands of tests are made, and none of them is garbage: nothing looks for any until they are all there."""
    gc.disable()


def pytest_collection_finish(session: pytest.Session) -> None:
    """From here on what was collected is not looked through again, which would stop a test's event loop for a moment."""
    gc.freeze()
    gc.enable()


def pytest_report_header() -> str:
    """The first line of every run says how to repeat it."""
    return f"seed: {seed.run_seed()} (repeat this run with {seed.VARIABLE}={seed.run_seed()})"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests with a browser share its event loop: a browser cannot be handed from one loop to the next.

    The run stays in the order that is made here.
    """
    _leave_to_the_soak(config, items)
    _spread_the_slow(items)
    shared_loop = pytest.mark.asyncio(loop_scope="session")
    for item in items:
        names = getattr(item, "fixturenames", ())
        if "browser" in names:
            item.add_marker(shared_loop, append=False)
            item.add_marker(pytest.mark.browser)
        if _POSTGRES.intersection(names):
            item.add_marker(pytest.mark.postgres)


def _spread_the_slow(items: list[pytest.Item]) -> None:
    """Mix files with slow tests, which are busy, among those that mostly wait, and early enough that no worker ends with one."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    others = sorted({item.path for item in items if not slow[item.path]}, key=_shuffle_key)
    places = {path: _latest_start(path) * number / len(others) for number, path in enumerate(others)}
    places |= {path: _LAST_SLOW * number / len(slow) for number, (path, _) in enumerate(slow.most_common())}
    items.sort(key=lambda item: places[item.path])


def _latest_start(path: Path) -> float:
    return 1.0 if path.relative_to(_HERE).parts[0] in _QUICK else _LAST_WAITING


def _shuffle_key(path: Path) -> bytes:
    """The same in each run. By name, files of one folder would come together: all workers would wait at once."""
    return hashlib.sha256(str(path.relative_to(_HERE)).encode()).digest()


def _leave_to_the_soak(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Scenarios whose small size repeats other tests: ``-m soak`` runs them."""
    if "soak" not in config.option.markexpr:
        soaks = {item: item.get_closest_marker("soak") for item in items}
        left = [item for item, soak in soaks.items() if soak and not soak.kwargs.get("small", True)]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that skips itself proves nothing, so it fails. What it needs has to be installed, or asked for by name."""
    outcome = yield
    if outcome.skipped:
        outcome.outcome = "failed"
        outcome.longrepr = f"{item.nodeid} was skipped ({call.excinfo.value if call.excinfo else 'expected to fail'})"
    return outcome


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Said again where a failure is read."""
    if terminalreporter.stats.get("failed"):
        terminalreporter.write_line(f"repeat this run with {seed.VARIABLE}={seed.run_seed()}")


@pytest.fixture(params=["fixed", "random"] if run_scale().full else ["fixed"])
def scenario_seed(request: pytest.FixtureRequest) -> int:
    """A seed that never changes; in a soak, the one of the run as well."""
    return seed.FIXED if request.param == "fixed" else seed.run_seed()


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """Random numbers of this test alone, from the run's seed."""
    return random.Random(f"{seed.run_seed()}:{request.node.nodeid}")


@pytest.fixture(scope="session")
def scale() -> Scale:
    """Small in ``make test``, full in ``make soak``."""
    return run_scale()


@pytest.fixture(scope="session")
def corpus_dir() -> Path:
    """The corpora; only for tests in ``test_*_corpus.py``."""
    assert corpus.CORPUS_DIR is not None, "tests that read CORPUS_DIR belong in a module called test_*_corpus.py"
    return corpus.CORPUS_DIR


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server without fsync, for what it does; not for what survives."""
    with postgres() as server:
        yield server


@pytest.fixture
def durable_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this test's own with fsync on, which the test may stop, kill, freeze and start."""
    with postgres(durable=True) as server:
        yield server


@pytest.fixture
def postgres_on_small_disk() -> Iterator[tuple[PostgresServer, SmallDisk]]:
    """A durable server of this test's own, and the disk of 128 MB under it, which the test may fill and free."""
    with small_disk(128) as disk, postgres(durable=True, disk=disk) as server:
        yield server, disk


@pytest.fixture(scope="session")
def _postgres_databases(postgres_server: PostgresServer) -> UsedDatabases:
    """Copies of a migrated one. That is made in a thread with a loop of its own, so that tests with any loop can use it."""
    from core.storage.migrate import migrate

    async def make() -> str:
        name = await postgres_server.create_database()
        await migrate(postgres_server.url(name))
        return name

    with ThreadPoolExecutor(1) as threads:
        return UsedDatabases(postgres_server, threads.submit(asyncio.run, make()).result())


@pytest.fixture
async def postgres_url(postgres_server: PostgresServer, _postgres_databases: UsedDatabases) -> AsyncIterator[str]:
    """The address of a migrated, empty database of this test's own."""
    name = await _postgres_databases.lend()
    yield postgres_server.url(name)
    _postgres_databases.take_back(name)


@pytest.fixture
async def bare_postgres_url(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """The address of a database with nothing in it, for tests of the migrations themselves."""
    name = await postgres_server.create_database()
    yield postgres_server.url(name)
    await postgres_server.drop_database(name)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of a migrated, empty SQLite file of this test's own."""
    from tests.servers.sqlite import new_sqlite

    return new_sqlite(tmp_path / "switchboard.db")


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Both databases, one after the other: what a store promises, it promises on both."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A Redis server in memory."""
    with redis() as server:
        yield server


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own keys and addresses never reach a test."""
    foreign = ("OPENAI_", "AZURE_OPENAI_", "SLACK_", "TELEGRAM_", "TWILIO_", "EMAIL_", "DATABASE_URL", "REDIS_URL")
    for name in list(os.environ):
        if name.startswith((*foreign, "CHROMA_URL", "ATTACHMENTS_URL", "WIDGET_", "KNOWLEDGE_")):
            monkeypatch.delenv(name)
