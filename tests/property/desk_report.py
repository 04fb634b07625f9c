"""What a run of random interleavings did, counted for its report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sized
from typing import Any

import hypothesis
from hypothesis.stateful import run_state_machine_as_test

from core.domain.messages import Author
from tests.property.desk_world import DeskWorld
from tests.soak_report import Report


def count_run(tally: Counter[str], world: DeskWorld, said: Sized, staff_said: Sized) -> None:
    """One more, that has come to its end."""
    told = world.told_customer()
    tally["interleavings"] += 1
    tally["messages of customers"] += len(said)
    tally["messages and presses of staff"] += len(staff_said)
    tally["messages that customers were sent"] += len(told)
    tally["conversations that a person had"] += any(one.author is Author.STAFF for one in told)


def run_reported(machine: Any, settings: hypothesis.settings, report: Report) -> None:
    """``machine`` keeps its ``tally``."""
    machine.tally = Counter()
    run_state_machine_as_test(machine, settings=settings)
    for name, count in machine.tally.items():
        report.record(name, count)
    report.record("events in each, at most", settings.stateful_step_count)
