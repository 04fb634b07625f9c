"""``switchboard experiments``: what came of each arm, and whether the arms differ."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any, Protocol

import click

from config.commands.event_loop import run_async
from config.commands.safe_echo import echo_line
from config.commands.store_lines import ask
from config.settings import Settings, read_settings
from core.domain.experiments import ArmOutcome, Proportion, difference_interval

_MEASURES: Mapping[str, tuple[str, str]] = {
    "answered without a person": ("answered", "customers"),
    "came to people": ("escalated", "customers"),
    "only thumbs up": ("thumbs_up", "thumbs"),
    "rated 4 or 5": ("content", "ratings"),
}
"""What is counted, and of how many."""
_NOTE = (
    "Counted in customers, with intervals of 95 %. Of twenty comparisons of equal arms, one differs by chance: decide beforehand "
    "which one counts, and how long you wait."
)


class _Store(Protocol):
    async def experiment_outcomes(self) -> Sequence[ArmOutcome]: ...


def show(*, as_json: bool) -> None:
    """Arms in the order of EXPERIMENTS: the others are compared with the first."""
    settings = read_settings()
    lines = run_async(ask(settings, {"command": "experiments"}, experiment_lines))
    found = _in_order(settings, [ArmOutcome(**line["arm"]) for line in lines])
    if as_json:
        click.echo(json.dumps({"experiments": [_as_data(name, arms) for name, arms in found]}, indent=2))
        return
    for name, arms in found:
        for line in _lines(name, arms):
            echo_line(line)
    echo_line(_NOTE if found else "No customer was answered in an experiment yet.")


async def experiment_lines(store: _Store, request: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """A line for each arm, for the local socket."""
    for one in await store.experiment_outcomes():
        yield {"id": f"{one.experiment}:{one.arm}", "arm": asdict(one)}


def _in_order(settings: Settings, outcomes: Iterable[ArmOutcome]) -> list[tuple[str, list[ArmOutcome]]]:
    def place(one: ArmOutcome) -> tuple[str, int, str]:
        given = settings.experiments.get(one.experiment)
        arms = [] if given is None else list(given.arms)
        return one.experiment, arms.index(one.arm) if one.arm in arms else len(arms), one.arm

    ordered = sorted(outcomes, key=place)
    return [(name, list(arms)) for name, arms in groupby(ordered, key=lambda one: one.experiment)]


def _proportion(arm: ArmOutcome, measure: str) -> Proportion:
    count, total = _MEASURES[measure]
    return Proportion(getattr(arm, count), getattr(arm, total))


def _lines(name: str, arms: Sequence[ArmOutcome]) -> Iterator[str]:
    yield name
    for arm in arms:
        yield f"  {arm.arm}: {arm.customers} customers"
        for measure in _MEASURES:
            found = _proportion(arm, measure)
            low, high = found.interval()
            share = f"{found.value:6.1%} ({low:.1%} to {high:.1%})" if found.total else "  none"
            yield f"    {measure:<26} {found.count:>6} of {found.total:<6} {share}"
    for arm in arms[1:]:
        yield f"  {arm.arm} against {arms[0].arm}"
        for measure in _MEASURES:
            yield f"    {measure:<26} {_compared(_proportion(arm, measure), _proportion(arms[0], measure))}"


def _compared(one: Proportion, other: Proportion) -> str:
    if not (one.total and other.total):
        return "no difference shown (nothing to compare)"
    low, high = difference_interval(one, other)
    told = "no difference shown" if low <= 0 <= high else ("more" if low > 0 else "less")
    return f"{told} ({(one.value - other.value) * 100:+.1f} points, {low * 100:+.1f} to {high * 100:+.1f})"


def _as_data(name: str, arms: Sequence[ArmOutcome]) -> dict[str, Any]:
    return {"name": name, "arms": [_arm_as_data(arm, arms[0]) for arm in arms]}


def _arm_as_data(arm: ArmOutcome, first: ArmOutcome) -> dict[str, Any]:
    measures = {}
    for measure in _MEASURES:
        found, base = _proportion(arm, measure), _proportion(first, measure)
        low, high = difference_interval(found, base)
        told: dict[str, Any] = {"count": found.count, "total": found.total, "interval": found.interval()}
        if arm is not first:
            told |= {"difference": found.value - base.value, "difference_interval": (low, high)}
            told["differs"] = bool(found.total and base.total) and not low <= 0 <= high
        measures[measure] = told
    return {"name": arm.arm, "customers": arm.customers, "measures": measures}
