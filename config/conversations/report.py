"""What a replay found, in figures and in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from config.conversations.replay import Outcome

_NORMAL_95 = 1.959964


def share(hits: int, trials: int) -> dict[str, Any]:
    """With Wilson's interval of 95 %; 0 to 1 where nothing was tried."""
    if not trials:
        return {"hits": 0, "of": 0, "share": 0.0, "interval": [0.0, 1.0]}
    value, square = hits / trials, _NORMAL_95**2 / trials
    middle = (value + square / 2) / (1 + square)
    reach = math.sqrt(value * (1 - value) * square + square**2 / 4) / (1 + square)
    return {
        "hits": hits,
        "of": trials,
        "share": value,
        "interval": [max(0.0, middle - reach), min(1.0, middle + reach)],
    }


def as_json(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Everything, for programs."""
    run = [one for one in outcomes if not one.unrun]
    failed = [
        {"id": one.case.id, "cat": one.case.cat, "lang": one.case.lang, "what": what, "sentence": sentence, "why": why}
        for one in run
        for what, found in (("lost", one.lost), ("shown", one.leaked))
        for sentence, why in found
    ]
    return {
        "answers": len(run),
        **_shares(run),
        "by_category": _grouped(run, lambda one: one.case.cat),
        "by_language": _grouped(run, lambda one: one.case.lang),
        "verifier": {
            "calls_per_answer": sum(one.calls for one in run) / max(1, len(run)),
            "tokens_per_answer": sum(one.tokens for one in run) / max(1, len(run)),
        },
        "failed": failed,
        "not_run": [{"id": one.case.id, "why": one.unrun} for one in outcomes if one.unrun],
    }


def as_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """The same for people."""
    yield f"{'':<20}{'over-blocked':<34}under-blocked"
    for name, shares in ({"all": found} | found["by_category"] | found["by_language"]).items():
        yield f"{name:<20}{_words(shares['over']):<34}{_words(shares['under'])}".rstrip()
    cost = found["verifier"]
    yield f"Verifier: {cost['calls_per_answer']:.2f} calls and {cost['tokens_per_answer']:.0f} tokens an answer."
    for one in found["failed"]:
        yield f"{one['id']} ({one['lang']}), {one['what']}: {one['sentence']}"
        yield f"    {one['why']}"
    yield from (f"{one['id']} was not run: {one['why']}" for one in found["not_run"])


def _shares(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Over-blocking: an answer lost what should be shown. Under-blocking: something was shown that should not be."""
    good, bad = [one for one in outcomes if one.may_lose], [one for one in outcomes if one.may_leak]
    over, under = sum(bool(one.lost) for one in good), sum(bool(one.leaked) for one in bad)
    return {"over": share(over, len(good)), "under": share(under, len(bad))}


def _grouped(outcomes: Sequence[Outcome], name: Callable[[Outcome], str]) -> dict[str, Any]:
    names = sorted(set(map(name, outcomes)))
    return {each: _shares([one for one in outcomes if name(one) == each]) for each in names}


def _words(found: Mapping[str, Any]) -> str:
    low, high = found["interval"]
    return f"{found['hits']}/{found['of']} {found['share']:.1%} ({low:.1%} to {high:.1%})" if found["of"] else "-"
