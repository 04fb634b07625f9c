"""Nobody acts in another's name: whoever writes in a group, a channel's thread or a copied mail is served as themselves.

Random interleavings of two to four people who write together and apart, with names that are made to deceive. No tool is called
for another, nothing of another's tickets, contact details or private words is used or said, and contact details are never said
where others read.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest

from core.storage.store import SqlStore
from tests.contract.stores.manual_clock import ManualClock
from tests.fixtures.report import MakeReport
from tests.property.authors_world import Worlds
from tests.scale import Scale

_AT_ONCE = 50
_SEEN = ("tool calls", "tickets told", "private contacts told", "words of others", "contacts kept", "wishes taken back")


@pytest.mark.soak
@pytest.mark.slow
async def test_everybody_is_served_as_themselves(
    sqlite_url: str, scenario_seed: int, scale: Scale, make_report: MakeReport, request: pytest.FixtureRequest
) -> None:
    """Ten thousand in ``make soak``, half of them with each seed."""
    which = request.node.callspec.id
    report = make_report(f"authors-{which}", "Several people in one conversation", run_seed=scenario_seed)
    rng, count = random.Random(scenario_seed), scale.pick(small=20, full=5_000)
    store = SqlStore(sqlite_url, ManualClock(), server_clock=False)
    await store.open()
    try:
        counts: Counter[str] = Counter()
        for first in range(0, count, _AT_ONCE):
            worlds = Worlds(store, rng, first, _AT_ONCE)
            await worlds.run(bursts=4)
            counts += worlds.counts
        assert all(counts[name] for name in _SEEN), counts
    finally:
        await store.close()
    report.record("interleavings of two to four people", count)
    for name, seen in sorted(counts.items()):
        report.record(name, seen)
