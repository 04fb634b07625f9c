"""What may be declared of a tool, in code or in ``TOOL_OVERRIDES``: when it runs, for whom, and how often."""

from __future__ import annotations

import re
from difflib import get_close_matches
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

_RATE = re.compile(r"([1-9][0-9]{0,5})/(second|minute|hour|day)")
_SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}


Subject = Literal["user_id", "email", "phone", "slack_id", "telegram_id"]
"""What a setting ``bind`` may fill an argument with: one of the customer's ids, as far as it is proven."""


class RunsWhen(StrEnum):
    """What a call needs before it runs (see ``consent``).

    ``MODEL_CALLS``: nothing; it only reads. ``CUSTOMER_NEEDS``: what the customer wrote gives reason for it; it changes nothing
    outside the hub. ``CUSTOMER_ASKS``: the customer asked for it, or said yes to it. ``CUSTOMER_CONFIRMS``: they said yes to the
    hub's own question, even if they had asked for it. ``STAFF_APPROVES``: the customer asked for it, and somebody of the staff
    approved it in the case's thread.
    """

    MODEL_CALLS = "model_calls"
    CUSTOMER_NEEDS = "customer_needs"
    CUSTOMER_ASKS = "customer_asks"
    CUSTOMER_CONFIRMS = "customer_confirms"
    STAFF_APPROVES = "staff_approves"


class Needs(StrEnum):
    """Whom a tool serves. ``VERIFIED``: only who the channel proved, and where nobody else reads the answer."""

    ANYONE = "anyone"
    VERIFIED = "verified"


def parsed_rate(rate: str) -> tuple[int, int]:
    """How many calls in how many seconds. Raises ValueError."""
    found = _RATE.fullmatch(rate)
    if found is None:
        raise ValueError(f"{rate!r} is no rate, such as 5/minute; there are second, minute, hour and day")
    return int(found[1]), _SECONDS[found[2]]


def _checked_rate(rate: str) -> str:
    parsed_rate(rate)
    return rate


class ToolOverride(BaseModel):
    """What differs from what a tool's code says. What is None is as there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = True
    effect: bool | None = None
    needs: Needs | None = None
    runs_when: RunsWhen | None = None
    timeout: float | None = Field(None, gt=0, le=300)
    retries: int | None = Field(None, ge=0, le=5)
    rate: Annotated[str, AfterValidator(_checked_rate)] | None = None
    rate_in_all: Annotated[str, AfterValidator(_checked_rate)] | None = None
    cache: int | None = Field(None, ge=0, le=86_400)
    checked_by: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _known(cls, given: Any) -> Any:
        for name in given.keys() - cls.model_fields.keys() if isinstance(given, dict) else ():
            raise ValueError(f"{name} cannot be set for a tool; {meant(str(name), cls.model_fields)}")
        return given


def meant(name: str, known: Any) -> str:
    """What a name that is not known was probably to be."""
    like = get_close_matches(name, known, 1)
    return f"did you mean {like[0]}?" if like else f"there are {', '.join(known)}"
