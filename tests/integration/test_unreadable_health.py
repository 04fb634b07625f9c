"""A conversation that cannot be read is told to operators by the hub as it runs, which stays ready for everybody else."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from sqlalchemy import update

from core.clock import SystemClock
from core.storage.store import SqlStore
from core.storage.tables import message
from tests.contract.stores.sayings import accept, said
from tests.fixtures.hub import MakeHub
from tests.unit.core.eventually import eventually


async def test_it_is_on_the_health_page_and_the_hub_stays_ready(sqlite_url: str, make_hub: MakeHub) -> None:
    store = SqlStore(sqlite_url, SystemClock())
    await store.open()
    await accept(store, said("e1", "broken"))
    await store.database.write(lambda connection: connection.execute(update(message).values(meta="{")))
    await store.close()
    hub = make_hub(database_url=sqlite_url)
    found: dict[str, Any] = {}

    def told() -> bool:
        asked = urllib.request.Request(f"{hub.url}/health/ready", headers=hub.operator)
        with urllib.request.urlopen(asked, timeout=10) as answer:
            found.update(json.load(answer))
        return "detail" in found["db"]

    await eventually(told)
    assert found["status"] == "ok"
    assert (found["db"]["status"], found["db"]["detail"]) == (
        "degraded",
        "waiting conversations that cannot be read: 1; the log says why",
    )
