"""What a run of random interleavings did, counted for its report."""

from __future__ import annotations

from collections import Counter
from typing import Any

import hypothesis
from hypothesis.stateful import run_state_machine_as_test

from core.domain.messages import Author
from tests.soak_report import Report


def count_run(machine: Any) -> None:
    """One more, that has come to its end."""
    tally: Counter[str] = type(machine).tally
    told = machine.world.told_customer()
    tally["interleavings"] += 1
    tally["messages of customers"] += len(machine.said)
    tally["messages and presses of staff"] += len(machine.staff_said)
    tally["messages that customers were sent"] += len(told)
    tally["conversations that a person had"] += any(one.author is Author.STAFF for one in told)


def run_reported(machine: Any, settings: hypothesis.settings, report: Report) -> None:
    """``machine``: a class, whose examples are counted with it."""
    machine.tally = Counter()
    run_state_machine_as_test(machine, settings=settings)
    for name, count in machine.tally.items():
        report.record(name, count)
    report.record("events in each, at most", settings.stateful_step_count)
