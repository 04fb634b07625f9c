"""What goes when there is too much."""

from __future__ import annotations

from channels.bounded import Bounded


def test_the_oldest_goes_first_and_what_is_written_again_is_new() -> None:
    known: Bounded[str, int] = Bounded(2)
    known["a"], known["b"] = 1, 2
    known["a"] = 3
    known["c"] = 4
    assert known == {"a": 3, "c": 4}
    known.setdefault("d", 5)
    assert known == {"c": 4, "d": 5}
