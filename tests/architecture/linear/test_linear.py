"""Every public function over text from outside takes time in proportion to it; a new one is found, and measured or listed.

What no call can be made for from its types has a driver, is measured as a part of another function, or never sees text from
outside (see ``outside``). Private functions are measured through the public ones of their module.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator

import pytest

from tests.architecture.linear.drivers import DRIVERS
from tests.architecture.linear.functions import Unbuildable, functions, modules
from tests.architecture.linear.measure import MOST, Growth, Prepare, growth
from tests.architecture.linear.outside import OURS, THROUGH, is_ours
from tests.architecture.linear.patterns import PATTERNS
from tests.architecture.linear.values import LITTLE

_LONGEST = 16_000
"""Characters up to which it is looked for growth: twice what is read of a customer's text in one turn."""
_BY_DRIVER = {name.partition(" ")[0] for name in DRIVERS}
_BY_TYPE = sorted(name for name in functions() if not is_ours(name) and name not in THROUGH and name not in _BY_DRIVER)


def _quietly(call: Callable[[], object]) -> Callable[[], object]:
    """Text that a function refuses costs what it costs to refuse it."""

    def run() -> None:
        with contextlib.suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call()

    return run


def _preparers(name: str) -> Iterator[Prepare]:
    """Of each parameter that can carry text."""
    if name in DRIVERS:
        driver = DRIVERS[name]
        yield lambda text: _quietly(driver(text))
        return
    function = functions()[name]
    for parameter in function.texts:
        yield lambda text, parameter=parameter: _quietly(function.prepare(parameter, text))  # type: ignore[misc]


@pytest.mark.parametrize("name", sorted([*_BY_TYPE, *DRIVERS]))
def test_time_grows_no_faster_than_the_text(name: str) -> None:
    found: list[Growth] = []
    for prepare in _preparers(name):
        grown = (growth(prepare, pattern, _LONGEST) for pattern in PATTERNS)
        found += [one for one in grown if one is not None and one.ratio >= MOST]
    assert not found


def _works(name: str) -> bool:
    """Whether a call made from types alone gets anywhere with some text."""
    function = functions()[name]
    try:
        calls = [function.prepare(parameter, text) for parameter in function.texts for text in (LITTLE, "1", "{}", "a")]
    except Unbuildable:
        return False
    for call in calls:
        with contextlib.suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call()
            return True
    return False


def test_every_function_is_measured_or_listed() -> None:
    """What fails here needs a driver, or a line in ``outside`` that says why it needs none."""
    assert [name for name in _BY_TYPE if not _works(name)] == []


def test_what_is_listed_is_there() -> None:
    packages = {name[:end] for name in modules() for end in [*_dots(name), len(name)]}
    assert [name for name in OURS if name not in packages and name not in functions()] == []
    assert [name for name in THROUGH if name not in functions()] == []
    assert [name for name in THROUGH.values() if name not in _BY_TYPE and name not in DRIVERS] == []
    measured_ourselves = {"core.agent.citation_gate:CitationGate.feed"}  # it waits for what it shows
    assert _BY_DRIVER - set(functions()) == measured_ourselves
    assert all(reason.isalpha() for reason in OURS.values())


def _dots(name: str) -> list[int]:
    return [place for place, char in enumerate(name) if char == "."]


def _counts_pairs(text: str) -> int:
    return sum(one == other for one in text for other in text[:1_000_000])


def test_a_quadratic_function_is_found() -> None:
    found = growth(lambda text: lambda: _counts_pairs(text), "letters", _LONGEST)
    assert found is not None
    assert found.ratio >= MOST


def test_a_linear_function_is_not() -> None:
    found = growth(lambda text: lambda: [char.upper() for char in text * 50], "letters", _LONGEST)
    assert found is None or found.ratio < MOST
