"""Metrics that a test can read."""

from __future__ import annotations

from collections import Counter as Tally
from collections import defaultdict

from core.ports.metrics import Counter, Gauge, NoMetrics


class CountedMetrics(NoMetrics):
    """``total(Counter.X)`` over all labels, ``labels`` of each count, in order; ``gauges`` by name."""

    def __init__(self) -> None:
        self._counts: Tally[Counter] = Tally()
        self.labels: defaultdict[Counter, list[dict[str, str]]] = defaultdict(list)
        self.gauges: dict[Gauge, float] = {}

    def count(self, counter: Counter, amount: float = 1.0, **labels: str) -> None:
        """Add it up."""
        self._counts[counter] += int(amount)
        self.labels[counter].append(labels)

    def gauge(self, gauge: Gauge, value: float, **labels: str) -> None:
        """Keep the last."""
        self.gauges[gauge] = value

    def total(self, counter: Counter) -> int:
        """How often."""
        return self._counts[counter]
