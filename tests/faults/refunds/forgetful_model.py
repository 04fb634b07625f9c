"""A language model that refunds what a customer asks for, often more than once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from tests.servers.chat_endpoint import Json, results_of, text_of, tool_calls

PAID, UNKNOWN, NOT_MADE = "is paid back", "cannot tell whether", "was not made"
_RUN = re.compile(r"run (\d+)")
_CALL = ("refund_order", {"order": 1001, "body": {"amount": 10}})


class Habit(StrEnum):
    """How a model asks for the refund that the customer confirmed."""

    ONCE = "asks once"
    TWICE_IN_ONE_STEP = "asks twice in one step"
    AGAIN = "asks again in the next step"
    AGAIN_AND_AGAIN = "asks again in three more steps"


_MOST_STEPS = {Habit.ONCE: 1, Habit.TWICE_IN_ONE_STEP: 1, Habit.AGAIN: 2, Habit.AGAIN_AND_AGAIN: 4}


class ForgetfulModel:
    """``habits``: by the number of the run that stands in the customer's message."""

    def __init__(self, habits: Sequence[Habit]) -> None:
        self._habits = habits

    def says(self, messages: Sequence[Json]) -> Json:
        """A call, or what became of the calls."""
        runs = [found[1] for one in messages if one["role"] == "user" for found in _RUN.finditer(text_of(one))]
        habit, results = self._habits[int(runs[-1])], results_of(messages)
        if any("Not run yet" in one for one in results):
            return {"content": "This would pay back 10 EUR of order 1001."}
        times = 2 if habit is Habit.TWICE_IN_ONE_STEP else 1
        if len(results) < times * _MOST_STEPS[habit]:
            return tool_calls(len(results), *[_CALL] * times)
        if any('"paid back"' in one for one in results):
            return {"content": f"The refund of 10.00 EUR for order 1001 {PAID}."}
        unknown = any("outcome of this call is unknown" in one for one in results)
        return {"content": f"I {UNKNOWN} the refund was made." if unknown else f"The refund {NOT_MADE}."}
