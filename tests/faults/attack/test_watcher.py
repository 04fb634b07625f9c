"""The watcher sees a server that computes for too long, on a busy machine too, and blames nobody for waiting."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest

from tests.faults.attack.liveness import LIMIT
from tests.faults.attack.watcher import Watched, look
from tests.servers.process import ServerProcess, free_port, listens
from tests.servers.programs import ROOT

_SLOW = 2 * LIMIT


@pytest.mark.parametrize(("kind", "too_long"), [("busy", True), ("idle", False)])
def test_what_a_server_computes_counts_and_what_it_waits_does_not(tmp_path: Path, kind: str, *, too_long: bool) -> None:
    port = free_port()
    argv = [sys.executable, "-m", "tests.faults.attack.slow_server", str(port), str(_SLOW), kind]
    server = ServerProcess(argv, log=tmp_path / "log", cwd=ROOT)
    server.start()
    server.wait_ready(lambda: listens(port))
    seen = Watched()
    look(port, psutil.Process(server.pid), seen)
    server.end()
    assert seen.failures == []
    assert seen.slowest >= _SLOW
    assert (seen.blocked > LIMIT) is too_long, seen
