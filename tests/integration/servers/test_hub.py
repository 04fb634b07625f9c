"""The hub as a process: it starts, is frozen, killed, started again, and ends in good order."""

from __future__ import annotations

import pytest

from tests.fixtures.hub import MakeHub
from tests.servers.process import NotReady


@pytest.mark.parametrize("fresh", [True, False], ids=["fresh", "forked"])
def test_it_comes_back_on_the_same_port_after_a_kill(make_hub: MakeHub, sqlite_url: str, fresh: bool) -> None:
    hub = make_hub(database_url=sqlite_url, fresh=fresh)
    first = hub.pid
    hub.restart()
    assert hub.pid != first
    assert hub.get_status("/health/ready") == 200
    assert hub.stop() == 0
    assert hub.get_status("/health/live") is None


def test_a_frozen_hub_answers_nobody_and_a_thawed_one_goes_on(make_hub: MakeHub, sqlite_url: str) -> None:
    hub = make_hub(database_url=sqlite_url)
    hub.freeze()
    assert hub.get_status("/health/live", timeout=0.5) is None
    assert hub.running
    hub.thaw()
    assert hub.get_status("/health/live") == 200


def test_two_hubs_may_not_share_a_data_directory(make_hub: MakeHub) -> None:
    first = make_hub()
    second = make_hub(start=False, environment={"DATA_DIR": str(first.data_dir)})
    with pytest.raises(NotReady, match="is in use by another switchboard"):
        second.start()


def test_web_and_worker_are_separate_processes(make_hub: MakeHub, postgres_url: str) -> None:
    web = make_hub(database_url=postgres_url, role="web")
    worker = make_hub(database_url=postgres_url, role="worker")
    assert (web.get_status("/widget.js"), worker.get_status("/widget.js")) == (200, 404)
    assert worker.get_status("/health/live") == 200
