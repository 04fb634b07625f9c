"""What calls of models used and cost, by customer, conversation, day, model and task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from operator import add, attrgetter, sub

_PER_PRICE = 1_000_000
"""Tokens that a price is for."""


@dataclass(frozen=True, slots=True)
class ModelPrice:
    """The price of a million tokens of each kind, in whatever currency the company counts. ``cached_input``: None, as input."""

    input: float
    output: float = 0.0
    cached_input: float | None = None

    def cost(self, count: UseCount) -> float:
        """Of these tokens. Cached ones are part of the input."""
        cached = min(count.cached_tokens, count.input_tokens)
        cached_price = self.input if self.cached_input is None else self.cached_input
        paid = (count.input_tokens - cached) * self.input + cached * cached_price + count.output_tokens * self.output
        return paid / _PER_PRICE


@dataclass(frozen=True, slots=True)
class ModelPrices:
    """``by_model``: names, in which ``*`` stands for anything. The exact name wins, then the longest."""

    by_model: Mapping[str, ModelPrice] = field(default_factory=dict)

    def find(self, model: str) -> ModelPrice | None:
        """The price of a model; None where none is set."""
        if model in self.by_model:
            return self.by_model[model]
        fitting = [name for name in self.by_model if fnmatchcase(model, name)]
        return self.by_model[max(fitting, key=len)] if fitting else None


@dataclass(frozen=True, slots=True)
class UseKey:
    """What is counted together. ``day``: its beginning (UTC), in seconds since 1970.

    Ids are empty for what the hub does itself.
    """

    day: float
    customer_id: str
    conversation_id: str
    model: str
    task: str


@dataclass(frozen=True, slots=True)
class UseCount:
    """``estimated_calls``: of which the endpoint reported no tokens. ``cached_tokens`` are part of ``input_tokens``."""

    calls: int = 0
    estimated_calls: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0

    def __add__(self, other: UseCount) -> UseCount:
        return UseCount(*map(add, _counts(self), _counts(other)))

    def __sub__(self, other: UseCount) -> UseCount:
        return UseCount(*map(sub, _counts(self), _counts(other)))


_counts = attrgetter(*(one.name for one in fields(UseCount)))
