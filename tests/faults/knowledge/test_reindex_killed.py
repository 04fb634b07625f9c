"""kill -9 at random moments of index runs: readers see one epoch or the next, and what was done stays done."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.faults.knowledge.programs import Program, kill
from tests.faults.knowledge.world import write_aside, write_version
from tests.fixtures.report import MakeReport
from tests.integration.knowledge.test_chroma_server import chroma_server
from tests.scale import Scale
from tests.servers.process import free_port

pytestmark = [pytest.mark.slow, pytest.mark.soak(small=False), pytest.mark.timeout(1800)]

ONLOOKERS = 2
WHOLE = ("all", "more", "closed")
"""Orders that bring every document up to date; see the indexer."""


@contextmanager
def place(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Where the index is: a folder that one process has, or servers that several share."""
    docs = tmp_path / "docs"
    docs.mkdir()
    settings = {"docs": str(docs), "aside": str(tmp_path / "aside"), "directory": str(tmp_path / "chroma")}
    if kind == "embedded":
        yield settings
        return
    port = free_port()
    with chroma_server(tmp_path / "server", port):
        url = str(request.getfixturevalue("postgres_url"))
        yield {**settings, "chroma_url": f"http://127.0.0.1:{port}", "database_url": url}


def one_life(indexer: Program, wait: float | None, order: str = "all") -> tuple[int, int | None, float]:
    """A run that is killed after so many seconds (None: never). The version it found, the one it said it had indexed, and how
    long it ran.
    """
    indexer.ask(order)
    said = indexer.until("pid")
    said |= indexer.until("begin")
    began = time.monotonic()
    if wait is not None:
        time.sleep(wait)
        kill(said["pid"])
    indexer.ask()
    said |= indexer.until("ended")
    if wait is None:
        assert said["ended"] == 0, indexer.faults
    return said["begin"], said.get("done"), time.monotonic() - began


@pytest.mark.parametrize("kind", ["embedded", "servers"])
def test_killed_at_any_moment(
    kind: str, tmp_path: Path, scale: Scale, make_report: MakeReport, request: pytest.FixtureRequest
) -> None:
    kills = scale.pick(small=8, full=100)
    report = make_report(f"reindex-killed-{kind}", f"Index runs killed with -9 at random moments, {kind}")
    chance = random.Random(report.seed)
    with place(kind, tmp_path, request) as settings, ExitStack() as programs:
        docs = Path(settings["docs"])
        write_aside(Path(settings["aside"]), 0)
        write_version(docs, 1)
        indexer = programs.enter_context(Program("indexer", settings))
        one_life(indexer, None)
        watching = ONLOOKERS if kind == "servers" else 0
        onlookers = [programs.enter_context(Program("onlooker", settings)) for _ in range(watching)]
        for onlooker in onlookers:
            onlooker.until("watching")
        write_version(docs, 2)
        _, _, usual = one_life(indexer, None)
        written, acknowledged, cut, shown = 2, 2, 0, {2}
        for number in range(kills):
            if number % 4 == 3:
                assert one_life(indexer, None, chance.choice(WHOLE))[1] == written
                acknowledged = written
            if chance.random() < 0.7:
                written += 1
                write_version(docs, written)
            write_aside(Path(settings["aside"]), number)
            seen, done, _ = one_life(indexer, chance.uniform(0, 1.2 * usual), chance.choice((*WHOLE, "aside")))
            assert acknowledged <= seen <= written
            cut += done is None
            acknowledged = max(acknowledged, done or seen)
            shown |= {seen, acknowledged}
        assert one_life(indexer, None)[1] == written
        for onlooker in onlookers:
            onlooker.ask()
            assert onlooker.until("version")["version"] == written
            onlooker.end()
        ends = [onlooker.until("answered") for onlooker in onlookers]
        faults = [fault for program in (indexer, *onlookers) for fault in program.faults]
    report.record("killed with -9", kills)
    report.record("of these before the run had ended", cut)
    report.record("versions of 60 documents; of these seen by a later run", f"{written}; {len(shown)}")
    for number, end in enumerate(ends, 1):
        report.record(f"answers given by reader {number} meanwhile", end["answered"])
        report.record("epochs that it saw; growth of its memory", f"{end['epochs']}; {end['grown'] / 2**20:.1f} MB")
    report.record("answers of two epochs, documents of two versions, lost runs", len(faults))
    assert faults == []
    assert cut >= kills // 4
    assert all(end["grown"] < 20 * 2**20 for end in ends)
    assert all(end["epochs"] > len(shown) // 2 for end in ends), "they have seen what there was to see"
    assert all(end["answered"] > kills for end in ends)
