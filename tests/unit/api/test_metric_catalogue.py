"""Every metric is described, and the code uses only labels that the catalogue knows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.metric_catalogue import COUNTERS, GAUGES, TIMINGS, exported_names
from api.metrics import PrometheusMetrics
from core.ports.metrics import Counter, Gauge, NoMetrics, Timing

_ROOT = Path(__file__).resolve().parents[3]
_PACKAGES = ("api", "channels", "config", "core", "handoff", "knowledge")
_METHODS = {
    "count": ("Counter", Counter, COUNTERS),
    "observe": ("Timing", Timing, TIMINGS),
    "gauge": ("Gauge", Gauge, GAUGES),
}


def _calls() -> Iterator[tuple[str, str, str, set[str]]]:
    """(file, method, member, labels) of every call such as ``metrics.count(Counter.TURNS, kind=...)``."""
    for package in _PACKAGES:
        for path in (_ROOT / package).rglob("*.py"):
            if "node_modules" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                found = _metric_call(node)
                if found:
                    yield (str(path.relative_to(_ROOT)), *found)


def _metric_call(node: ast.AST) -> tuple[str, str, set[str]] | None:
    match node:
        case ast.Call(
            func=ast.Attribute(attr=method),
            args=[ast.Attribute(value=ast.Name(id=kind), attr=member), *_],
            keywords=keywords,
        ) if kind == _METHODS.get(method, ("",))[0]:
            named = {keyword.arg for keyword in keywords if keyword.arg}
            return method, member, named - {"amount", "seconds", "value"}
    return None


def test_every_use_names_exactly_the_labels_of_the_catalogue() -> None:
    seen = 0
    for path, method, name, labels in _calls():
        _, kind, catalogue = _METHODS[method]
        assert labels == set(catalogue[kind[name]].labels), f"{path}: {name}"
        seen += 1
    assert seen >= 10


def test_every_metric_is_described_in_a_sentence() -> None:
    assert set(COUNTERS) == set(Counter)
    assert set(TIMINGS) == set(Timing)
    assert set(GAUGES) == set(Gauge)
    for described in exported_names().values():
        assert described.help.endswith(".")
    assert all(described.buckets for described in TIMINGS.values())


def test_what_is_exported_is_what_the_catalogue_says() -> None:
    metrics = PrometheusMetrics()
    shown = {family.name for family in metrics.registry.collect() if family.name.startswith("switchboard_")}
    assert shown == {name.removesuffix("_total") for name in exported_names()}


def test_values_arrive_with_their_labels() -> None:
    metrics = PrometheusMetrics()
    metrics.count(Counter.EVENTS_ACCEPTED, 2, channel="web")
    metrics.observe(Timing.RETRIEVAL, 0.02)
    metrics.gauge(Gauge.CHANNEL_UP, 1, channel="web")
    sample = metrics.registry.get_sample_value
    assert sample("switchboard_events_accepted_total", {"channel": "web"}) == 2
    assert sample("switchboard_retrieval_seconds_count") == 1
    assert sample("switchboard_channel_up", {"channel": "web"}) == 1


@pytest.mark.parametrize("labels", [{}, {"channel": "web", "unknown": "x"}])
def test_wrong_labels_never_stop_the_caller(labels: dict[str, str]) -> None:
    PrometheusMetrics().count(Counter.EVENTS_ACCEPTED, **labels)


def test_the_silent_twin_takes_the_same_calls() -> None:
    silent = NoMetrics()
    silent.count(Counter.TURNS, kind="answer")
    silent.observe(Timing.TURN, 1.0, channel="web")
    silent.gauge(Gauge.OPEN_SOCKETS, 1)


def test_two_hubs_in_one_process_do_not_add_up() -> None:
    first, second = PrometheusMetrics(), PrometheusMetrics()
    first.count(Counter.ESCALATIONS)
    assert second.registry.get_sample_value("switchboard_escalations_total") == 0
