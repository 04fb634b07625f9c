"""Every public function over text from outside takes time in proportion to it; a new one is found, and measured or listed.

What no call can be made for from its types has a driver, is measured as a part of another function, or never sees text from
outside (see ``outside``). Private functions are measured through the public ones of their module.
"""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import pytest

from tests.architecture.linear.drivers import DRIVERS
from tests.architecture.linear.functions import Unbuildable, functions, modules
from tests.architecture.linear.measure import MOST, Growth, Prepare, growth
from tests.architecture.linear.outside import OURS, THROUGH, is_ours
from tests.architecture.linear.patterns import PATTERNS, chosen
from tests.architecture.linear.values import LITTLE

_BY_DRIVER = {name.partition(" ")[0] for name in DRIVERS}
_BY_TYPE = sorted(name for name in functions() if not is_ours(name) and name not in THROUGH and name not in _BY_DRIVER)


def _preparers(name: str) -> Iterator[Prepare]:
    """Of each parameter that can carry text."""
    if name in DRIVERS:
        yield DRIVERS[name]
        return
    function = functions()[name]
    for parameter in function.texts:
        yield partial(function.prepare, parameter)


def _too_steep(name: str, preparers: Iterable[Prepare]) -> Growth | None:
    """Where the time of a function grows faster than its text: the first such place."""
    grown = (growth(prepare, pattern) for prepare in preparers for pattern in chosen(name))
    return next((one for one in grown if one is not None and one.ratio >= MOST), None)


@pytest.mark.slow
@pytest.mark.soak
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted([*_BY_TYPE, *DRIVERS]))
def test_time_grows_no_faster_than_the_text(name: str) -> None:
    assert _too_steep(name, _preparers(name)) is None


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
    # The one waits for what it shows, the other for a model.
    measured_ourselves = {"core.agent.answer_gate:AnswerGate.feed", "core.agent.consent:Consent.refusal"}
    assert _BY_DRIVER - set(functions()) == measured_ourselves
    assert all(reason.isalpha() for reason in OURS.values())


def _dots(name: str) -> list[int]:
    return [place for place, char in enumerate(name) if char == "."]


def _count_pairs(text: str) -> int:
    return sum(map(text.count, text[::4]))


def _drop_one_by_one(text: str) -> None:
    while text:
        text = text[4:].lower()


def _add_one_by_one(text: str) -> int:
    return len([char.upper() for char in text * 20])


_QUADRATIC = re.compile(r"\s+\Z")
_LINEAR = re.compile(r"(?<!\s)\s+\Z")


@pytest.mark.parametrize("function", [_count_pairs, _drop_one_by_one, _QUADRATIC.search])
def test_a_function_that_is_not_linear_is_found(function: Callable[[str], object]) -> None:
    """In the patterns and at the lengths of this run, and where the text stands inside something else."""
    assert _too_steep(str(function), [lambda text: partial(function, text + "a")])


@pytest.mark.parametrize("function", [_add_one_by_one, _LINEAR.search, str.split, len])
def test_a_linear_function_is_not(function: Callable[[str], object]) -> None:
    assert _too_steep(str(function), [lambda text: partial(function, text + "a")]) is None


def test_every_pattern_is_drawn_for_some_function() -> None:
    assert {pattern for name in functions() for pattern in chosen(name)} == set(PATTERNS)
