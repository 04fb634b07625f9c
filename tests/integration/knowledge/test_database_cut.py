"""The PostgreSQL of a shared index is started anew in the middle of a run: what the run has to write is written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import Connection, make_url, text

from knowledge.index.database import PostgresManifest
from tests.integration.knowledge.index_bench import Bench, vector
from tests.servers.postgres import PostgresServer

Open = Callable[[Callable[[float], None]], PostgresManifest]


@pytest.fixture
def open_with(durable_postgres: PostgresServer) -> Iterator[Open]:
    """``open_with(sleep)``: the manifest's database; ``sleep`` is called between two tries."""
    url = make_url(durable_postgres.url(asyncio.run(durable_postgres.create_database())))
    opened: list[PostgresManifest] = []

    def open_one(sleep: Callable[[float], None]) -> PostgresManifest:
        opened.append(PostgresManifest(url.set(drivername="postgresql+asyncpg"), sleep))
        return opened[-1]

    yield open_one
    for database in opened:
        database.close()


def one(connection: Connection) -> int:
    return int(connection.execute(text("SELECT 1")).scalar_one())


def test_a_server_that_is_away_for_a_moment_is_waited_for(
    durable_postgres: PostgresServer, open_with: Open, tmp_path: Path
) -> None:
    def back_again(seconds: float) -> None:
        if seconds and not durable_postgres.running:
            durable_postgres.start()

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        durable_postgres.stop("immediate")
        return np.stack([vector(text) for text in texts])

    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(70):
        (docs / f"{number}.md").write_text(f"# Number {number}\n\nText number {number}.")
    database = open_with(back_again)
    bench = Bench(docs, tmp_path / "chroma", database=database)
    bench.embed = embed  # type: ignore[method-assign]

    report = bench.run()

    assert (report.indexed, report.failures) == (70, ())
    for ask in (database.read, database.write):
        durable_postgres.stop("immediate")
        assert ask(one) == 1


def test_one_that_does_not_come_back_keeps_no_question_for_long(
    durable_postgres: PostgresServer, open_with: Open
) -> None:
    pauses: list[float] = []
    database = open_with(pauses.append)
    durable_postgres.stop("immediate")

    with pytest.raises(OSError, match="Connect call failed"):
        database.read(one)

    assert 1 < sum(pauses) < 5
