"""The metrics page, from the catalogue that is exported at ``/metrics``."""

from __future__ import annotations

from collections.abc import Iterator

from api.metric_catalogue import exported_names

TITLE = "Metrics"
_INTRODUCTION = (
    "Served at `/metrics` for Prometheus, to callers on loopback with the operators' token (`DATA_DIR/operator_token`). "
    "Names that end in `_seconds` are histograms."
)


def lines() -> Iterator[str]:
    """One table, sorted by name."""
    yield from [_INTRODUCTION, "", "| name | labels | meaning |", "|---|---|---|"]
    for name, described in exported_names().items():
        labels = ", ".join(f"`{label}`" for label in described.labels)
        yield f"| `{name}` | {labels} | {described.help} |"
