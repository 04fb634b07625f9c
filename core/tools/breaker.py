"""Leaves a server alone that does not work, instead of letting each customer wait for it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import OpenedState

from core.domain.errors import OutcomeUnknown, Unreachable
from core.ports.metrics import Gauge, Metrics

logger = logging.getLogger(__name__)

_T = TypeVar("_T")
_FAILURES, _PAUSE_SECONDS = 5, 30.0
_LEFT_ALONE = (
    "Its server did not work several times in a row and is left alone for up to {:g} seconds. Nothing was done. Tell the "
    "customer that it does not work at the moment."
)


def _server_works(error: BaseException) -> bool:
    return not isinstance(error, Unreachable | OutcomeUnknown)


class Breaker:
    """Of one server, by name. It opens after ``failures`` in a row; after ``pause`` seconds the next call decides."""

    def __init__(
        self, name: str, metrics: Metrics, *, failures: int = _FAILURES, pause: float = _PAUSE_SECONDS
    ) -> None:
        self._name = name
        self._metrics = metrics
        self._pause = pause
        self._breakers = AsyncCircuitBreakerFactory(failures, pause, exclude=[(BaseException, _server_works)])
        self._breakers.add_listener(self._changed)
        metrics.gauge(Gauge.TOOL_SERVER_UP, 1, server=name)

    def _changed(self, _name: str, kind: str, event: Any) -> None:
        if kind == "state_changed":
            logger.warning("circuit of a tool server: %s", event.state, extra={"server": self._name})
            self._metrics.gauge(Gauge.TOOL_SERVER_UP, int(event.state == "closed"), server=self._name)

    async def run(self, call: Callable[[], Awaitable[_T]]) -> _T:
        """What the call gives. Unreachable and OutcomeUnknown count as failures; while it is open, Unreachable comes at once."""
        breaker = await self._breakers.get_breaker(self._name)
        try:
            async with breaker:
                return await call()
        except OpenedState as error:
            error.__traceback__ = None  # one error for all calls, which would grow with each
            raise Unreachable(_LEFT_ALONE.format(self._pause)) from None
