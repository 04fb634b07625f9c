"""What is said of index runs is true at every moment: under way, done, failed, cut off."""

from __future__ import annotations

import pytest

from core.domain.knowledge import IndexProgress, IndexReport
from knowledge.index.indexed_roots import indexed_roots
from knowledge.index.runs import RunLog, RunState, last_runs, searched
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.manifest.conftest import OpenDatabase
from tests.integration.knowledge.index_bench import Bench

pytestmark = BOTH_DATABASES


def fail(log: RunLog) -> None:
    with log.run() as entry:
        entry.progress = IndexProgress(1, 3, "docs/b.md")
        raise RuntimeError("no space left")


def test_a_run_that_ends_and_one_that_fails(open_manifest: OpenDatabase) -> None:
    database, now = open_manifest(), [1000.0]
    log = RunLog(database, "model1", lambda: now[0])
    assert last_runs(database, now[0]) == []
    report = IndexReport(1, 2, 3, 4, (("docs/a.md", "is empty"),), 1.5)
    with log.run() as entry:
        [running] = last_runs(open_manifest(), now[0])
        assert (running.state, running.began_at, running.report) == (RunState.RUNNING, 1000.0, None)
        entry.progress, entry.report = IndexProgress(3, 3, "docs/a.md"), report
        now[0] = 1002.0
    [done] = last_runs(database, now[0])
    assert (done.state, done.report, done.seen_at, done.done) == (RunState.DONE, report, 1002.0, 3)

    now[0] = 1100.0
    with pytest.raises(RuntimeError):
        fail(log)
    failed, before = last_runs(database, now[0], 2)
    assert (failed.state, failed.done, failed.total, failed.document) == (RunState.FAILED, 1, 3, "docs/b.md")
    assert "no space left" in failed.error
    assert before == done


def test_a_run_without_a_sign_of_life_was_cut_off(open_manifest: OpenDatabase) -> None:
    database = open_manifest()
    killed = RunLog(database, "model1", lambda: 1000.0).run()
    entry = killed.__enter__()
    assert entry.report is None
    assert last_runs(database, 1010.0)[0].state is RunState.RUNNING
    assert last_runs(database, 1030.0)[0].state is RunState.INTERRUPTED
    with RunLog(database, "model1", lambda: 1031.0).run():
        states = [run.state for run in last_runs(database, 1031.0, 2)]
    assert states == [RunState.RUNNING, RunState.INTERRUPTED]
    killed.__exit__(None, None, None)


def test_only_the_last_runs_are_kept(open_manifest: OpenDatabase) -> None:
    database = open_manifest()
    for number in range(30):
        with RunLog(database, "model1", lambda at=number: float(at)).run():  # type: ignore[misc]
            pass
    kept = last_runs(database, 100.0, 100)
    assert len(kept) == 21
    assert kept[0].began_at == 29.0


def test_what_is_searched_is_what_the_last_model_committed(bench: Bench) -> None:
    with RunLog(bench.database, "model1", lambda: 1.0).run():
        bench.run()
    assert searched(bench.database, 10.0) == (3, 6)
    with RunLog(bench.database, "model2", lambda: 2.0).run():
        pass
    assert searched(bench.database, 10.0) == (0, 0)


def test_a_run_of_a_clock_that_was_ahead_is_not_the_last_one_for_ever(open_manifest: OpenDatabase) -> None:
    database = open_manifest()
    with pytest.raises(RuntimeError):
        fail(RunLog(database, "model0", lambda: 9_000_000.0))
    with RunLog(database, "model1", lambda: 1000.0).run():
        pass

    states = [run.state for run in last_runs(database, 1001.0, 2)]

    assert states == [RunState.DONE, RunState.FAILED]


def test_a_run_that_was_killed_while_the_clock_was_ahead_was_cut_off(
    open_manifest: OpenDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("knowledge.index.runs._PAUSE", 600.0)  # it gives no sign of life any more
    database = open_manifest()
    killed = RunLog(database, "model1", lambda: 9_000_000.0).run()
    killed.__enter__()
    assert last_runs(database, 1000.0)[0].state is RunState.INTERRUPTED
    with RunLog(database, "model1", lambda: 1000.0).run():
        pass
    assert [run.state for run in last_runs(database, 9_000_001.0, 2)] == [RunState.INTERRUPTED, RunState.DONE]
    killed.__exit__(None, None, None)


def test_what_is_searched_is_not_what_a_clock_that_was_ahead_has_begun(bench: Bench) -> None:
    with RunLog(bench.database, "model2", lambda: 9_000_000.0).run():
        pass
    with RunLog(bench.database, "model1", lambda: 1.0).run():
        bench.run()
    assert searched(bench.database, 10.0) == (3, 6)
    assert [one.documents for one in indexed_roots(bench.database, 10.0)] == [3]
