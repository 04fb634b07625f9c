"""The turnstile as a state machine: whatever is refused, retried, or stored without anybody hearing of it, nothing overtakes
anything, and nothing waits for ever."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.web.turnstile import Crowded, Turnstile
from core.domain.errors import InvalidInput, Overloaded, StoreUnavailable

REFUSED, LOST_REPLY, TAKEN, WRONG = "refused", "lost reply", "taken", "wrong"


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from([REFUSED, LOST_REPLY, TAKEN, WRONG]), min_size=1, max_size=8), max_size=8))
def test_a_client_that_comes_again_is_served_in_order(rounds: list[list[str]]) -> None:
    """Each round is what the store does with the messages that get through; what was refused comes again, in any case."""
    turnstile = Turnstile(_Clock())
    stored: list[int] = []
    gone: set[int] = set()
    left = list(range(10))
    for fates in [*rounds, *[[TAKEN] * 10] * 2]:
        fate = iter([*fates, *[TAKEN] * 10])
        for number in [*left]:
            with contextlib.suppress(Overloaded, StoreUnavailable, InvalidInput), turnstile.passing(str(number)):
                match next(fate):
                    case "taken":
                        stored += [number] if number not in stored else []
                        gone.add(number)
                    case "lost reply":  # committed, but nobody heard of it; the log shows it to the client instead
                        stored += [number] if number not in stored else []
                        raise StoreUnavailable("lost on the way")
                    case "wrong":
                        gone.add(number)
                        raise InvalidInput("no")
                    case _:
                        raise StoreUnavailable("away")
        for number in stored:  # the log is shown
            turnstile.passed(str(number))
        left = [number for number in left if number not in gone and number not in stored]
    assert stored == sorted(stored)
    assert left == []
    with turnstile.passing("another"):
        pass


def test_one_that_never_comes_again_holds_up_the_others_for_a_minute_only() -> None:
    clock = _Clock()
    turnstile = Turnstile(clock)
    turnstile.hold("one")
    with pytest.raises(Overloaded, match="Send one again first"), turnstile.passing("two"):
        pass
    clock.now = 61.0
    with turnstile.passing("two"):
        pass
    with turnstile.passing("another"):
        pass


def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.web.turnstile._MOST", 2)
    turnstile = Turnstile(_Clock())
    for name in ("one", "two", "two"):
        turnstile.hold(name)
    with pytest.raises(Crowded), turnstile.passing("three"):
        pass
    with pytest.raises(Crowded):
        turnstile.hold("three")


def test_a_message_without_an_id_keeps_no_place() -> None:
    turnstile = Turnstile(_Clock())
    turnstile.hold("one")
    with turnstile.passing(None):
        pass
    with pytest.raises(Overloaded), turnstile.passing("two"):
        pass
