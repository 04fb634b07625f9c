"""An evaluation as text, as JSON for the next one to be compared with, and the comparison."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from core.domain.errors import ConfigError
from knowledge.evaluation.evaluate import Result
from knowledge.evaluation.picture import picture

_NOTICED = 0.0005


def keep(results: Sequence[Result], about: Mapping[str, str], folder: Path, now: datetime) -> tuple[Path, Path]:
    """Writes the figures and the picture, named by the time; returns both paths."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / f"{now:%Y-%m-%dT%H-%M-%S}"
    figures, drawn = stem.with_suffix(".json"), stem.with_suffix(".svg")
    figures.write_text(json.dumps({**about, "sets": [asdict(each) for each in results]}, indent=2), "utf-8")
    drawn.write_text(picture(results), "utf-8")
    return figures, drawn


def last_run(folder: Path) -> Mapping[str, Any] | None:
    """The figures of the last evaluation that was kept; None before the first. Raises ConfigError for a broken file."""
    kept = sorted(folder.glob("*.json"))
    if not kept:
        return None
    try:
        found: Mapping[str, Any] = json.loads(kept[-1].read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{kept[-1]} cannot be read: {error}") from error
    return found


def described(result: Result) -> list[str]:
    """A few lines on one set."""
    ours, dense, mean, took = result.ours, result.dense, result.ndcg_difference, result.latency
    lines = [
        f"{result.name}: {result.questions:,} questions to {result.documents:,} documents ({result.passages:,} passages)",
        f"  nDCG@10 {ours.ndcg:.3f}  MRR@10 {ours.mrr:.3f}  hit@1 {ours.hit1:.3f}  hit@5 {ours.hit5:.3f}",
        f"  by meaning alone {dense.ndcg:.3f}  {dense.mrr:.3f}  {dense.hit1:.3f}  {dense.hit5:.3f}",
        f"  more than that: nDCG@10 {_spread(mean)}, hit@5 {_spread(result.hit5_difference)}",
        f"  time: {took.p50:.1f} ms (p99 {took.p99:.1f}), of which {took.embedding_p50:.1f} are the embedding",
    ]
    return [*lines, *_abstaining(result)]


def _spread(found: tuple[float, float, float]) -> str:
    return f"{found[0]:+.3f} (95 %: {found[1]:+.3f} to {found[2]:+.3f})"


def _abstaining(result: Result) -> list[str]:
    found = result.abstaining
    line = f"  from {found.threshold:.3f} on it is answered, from {found.doubt:.3f} on asked back; {found.kept:.1%} are kept"
    if len(found.kept_by_language) > 1:
        line += f" ({', '.join(f'{language} {share:.0%}' for language, share in found.kept_by_language.items())})"
    if found.let_through is None:
        return [line]
    kinds = ", ".join(f"{kind} {share:.1%}" for kind, share in found.through_by_kind.items())
    sure = f"; AUROC {found.auroc:.3f} (cosine {found.auroc_cosine:.3f})" if found.auroc is not None else ""
    return [line, f"  of {result.foreign:,} that have no answer are let through: {kinds}{sure}"]


def compared(result: Result, before: Mapping[str, Any] | None) -> str | None:
    """What changed since the last run of this set with as many questions; None when there was none."""
    rows = (before or {}).get("sets", [])
    old = next((row for row in rows if row["name"] == result.name and row["questions"] == result.questions), None)
    if old is None:
        return None
    changes = [
        f"{label} {new - was:+.3f}"
        for label, new, was in (
            ("nDCG@10", result.ours.ndcg, old["ours"]["ndcg"]),
            ("hit@5", result.ours.hit5, old["ours"]["hit5"]),
            ("kept", result.abstaining.kept, old["abstaining"]["kept"]),
            ("AUROC", result.abstaining.auroc or 0.0, old["abstaining"]["auroc"] or 0.0),
        )
        if abs(new - was) >= _NOTICED
    ]
    return f"  since the last run: {', '.join(changes) if changes else 'nothing changed'}"
