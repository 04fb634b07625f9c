"""What became of scenarios, for people and for build servers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from math import comb
from xml.etree import ElementTree

from config.simulation.play import Played

_UNFIT = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML cannot hold."""


def pass_hat(played: Sequence[Played], k: int) -> float:
    """How likely all of k runs of a scenario succeed, on average over the scenarios: of n runs, C(passed, k) / C(n, k)."""
    by_case = _by_case(played)
    shares = [comb(sum(not one.failures for one in runs), k) / comb(len(runs), k) for runs in by_case]
    return sum(shares) / len(shares)


def as_lines(played: Sequence[Played], *, unjudged: int = 0) -> list[str]:
    """The failures with what was said, and the sums."""
    lines = []
    for one in played:
        if one.failures:
            lines += [f"FAILED {one.case.id} (line {one.case.line}, run {one.run}, {one.case.channel})"]
            lines += [f"  {failure}" for failure in one.failures]
            lines += [f"  | {line}" for said in one.seen for line in said.splitlines()]
    runs = max(one.run for one in played)
    passed = sum(not one.failures for one in played)
    lines.append(f"{passed} of {len(played)} conversations went as expected.")
    lines += [f"pass^{k}: {pass_hat(played, k):.1%}" for k in range(1, runs + 1) if runs > 1]
    if unjudged:
        lines.append(f"{unjudged} turns have a wish for the judge, which only a live model is (--live).")
    return lines


def as_junit(played: Sequence[Played]) -> bytes:
    """JUnit's XML: one case for each run of a scenario."""
    failed = sum(bool(one.failures) for one in played)
    suite = ElementTree.Element("testsuite", name="switchboard replay", tests=str(len(played)), failures=str(failed))
    for one in played:
        name = f"{one.case.id} (run {one.run})" if one.run > 1 else one.case.id
        case = ElementTree.SubElement(
            suite, "testcase", name=_fit(name), classname=f"replay.{_fit(one.case.cat)}", time=f"{one.seconds:.3f}"
        )
        if one.failures:
            failure = ElementTree.SubElement(case, "failure", message=_fit(one.failures[0]))
            failure.text = _fit("\n".join(one.failures))
        ElementTree.SubElement(case, "system-out").text = _fit("\n".join(one.seen))
    return bytes(ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True))


def _by_case(played: Sequence[Played]) -> list[list[Played]]:
    ordered = sorted(played, key=lambda one: id(one.case))
    return [list(runs) for _, runs in groupby(ordered, key=lambda one: id(one.case))]


def _fit(text: str) -> str:
    return _UNFIT.sub("\N{REPLACEMENT CHARACTER}", text)
