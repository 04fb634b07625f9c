"""An evaluation as a picture: for each set our ranking beside meaning alone, in SVG, without a library to draw."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from knowledge.evaluation.evaluate import Result

_LEFT, _WIDTH, _ROW, _GAP, _TOP = 190, 420, 16, 14, 56
_OURS, _DENSE, _INK, _RULE = "#1f6f8b", "#c9d6df", "#222222", "#dddddd"


def picture(results: Sequence[Result]) -> str:
    """A bar for each measure of each set; 1 is the right edge."""
    rows: list[str] = []
    top = _TOP
    for result in results:
        rows.append(_text(8, top + 12, result.name, "bold"))
        top += _ROW + 8
        for label, ours, dense in _measures(result):
            rows += [
                _text(_LEFT - 10, top + 13, label, anchor="end"),
                _bar(top, ours, _OURS),
                _bar(top + _ROW, dense, _DENSE),
                _text(_LEFT + _WIDTH + 8, top + 13, f"{ours:.3f}"),
                _text(_LEFT + _WIDTH + 8, top + 13 + _ROW, f"{dense:.3f}"),
            ]
            top += 2 * _ROW + _GAP
    width, height = _LEFT + _WIDTH + 70, top + 10
    grid = [
        f'<line x1="{_LEFT + _WIDTH * share:g}" y1="{_TOP - 8}" x2="{_LEFT + _WIDTH * share:g}" y2="{top}" stroke="{_RULE}"/>'
        for share in (0, 0.25, 0.5, 0.75, 1)
    ]
    legend = [
        f'<rect x="{_LEFT}" y="14" width="12" height="12" fill="{_OURS}"/>',
        _text(_LEFT + 18, 25, "meaning and words"),
        f'<rect x="{_LEFT + 170}" y="14" width="12" height="12" fill="{_DENSE}"/>',
        _text(_LEFT + 188, 25, "meaning alone"),
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="sans-serif" font-size="13" fill="{_INK}" role="img" aria-label="Evaluation of the search">'
    )
    return "\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *grid, *legend, *rows, "</svg>"]) + "\n"


def _measures(result: Result) -> list[tuple[str, float, float]]:
    found = [
        ("nDCG@10", result.ours.ndcg, result.dense.ndcg),
        ("MRR@10", result.ours.mrr, result.dense.mrr),
        ("hit@1", result.ours.hit1, result.dense.hit1),
        ("hit@5", result.ours.hit5, result.dense.hit5),
    ]
    abstaining = result.abstaining
    if abstaining.auroc is not None and abstaining.auroc_cosine is not None:
        found.append(("out of scope, AUROC", abstaining.auroc, abstaining.auroc_cosine))
    return found


def _bar(top: int, share: float, colour: str) -> str:
    return f'<rect x="{_LEFT}" y="{top}" width="{max(0.0, share) * _WIDTH:.1f}" height="{_ROW - 1}" fill="{colour}"/>'


def _text(x: int, y: int, text: str, weight: str = "normal", anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" font-weight="{weight}" text-anchor="{anchor}">{escape(text)}</text>'
