"""A circuit breaker: after several failures in a row it answers for a server at once, so that no customer waits for it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

from core.domain.errors import HubError, OutcomeUnknown, Unreachable
from core.ports.metrics import Gauge, Metrics

logger = logging.getLogger(__name__)

_T = TypeVar("_T")
_FAILURES, _PAUSE_SECONDS = 5, 30.0
_LEFT_ALONE = (
    "Its server did not work several times in a row and is left alone for up to {:g} seconds. Nothing was done. Tell the "
    "customer that it does not work at the moment."
)


class Breaker:
    """Of one server, by name. It opens after ``failures`` in a row. After ``pause`` seconds one call is let through as a trial:
    it closes the breaker or opens it for another pause.
    """

    def __init__(
        self, name: str, metrics: Metrics, *, failures: int = _FAILURES, pause: float = _PAUSE_SECONDS
    ) -> None:
        self._name = name
        self._metrics = metrics
        self._most_failures = failures
        self._pause = pause
        self._failures = 0
        self._opened_at: float | None = None
        self._in_trial = False
        self._openings = 0
        metrics.gauge(Gauge.TOOL_SERVER_UP, 1, server=name)

    async def run(self, call: Callable[[], Awaitable[_T]]) -> _T:
        """Return what the call returns. Raises Unreachable without calling while the breaker is open.

        Unreachable and OutcomeUnknown count as failures. With another HubError, such as a refusal, the server has answered, so it
        works. Anything else, such as a cancelled call, says nothing of the server.
        """
        is_trial, openings = self._opened_at is not None, self._openings
        if self._opened_at is not None and (self._in_trial or monotonic() < self._opened_at + self._pause):
            raise Unreachable(_LEFT_ALONE.format(self._pause))
        self._in_trial |= is_trial
        works: bool | None = None
        try:
            result = await call()
            works = True
        except HubError as error:
            works = not isinstance(error, Unreachable | OutcomeUnknown)
            raise
        finally:
            self._in_trial &= not is_trial
            is_older = not is_trial and openings != self._openings  # it says nothing of the server now
            if works is not None and not is_older:
                self._count(works=works, is_trial=is_trial)
        return result

    def _count(self, *, works: bool, is_trial: bool) -> None:
        self._failures = 0 if works else self._failures + 1
        opens = not works and (is_trial or self._failures >= self._most_failures)
        was_open, self._opened_at = self._opened_at is not None, monotonic() if opens else None
        self._openings += opens
        if was_open is not opens:
            logger.warning("circuit of a tool server: %s", "open" if opens else "closed", extra={"server": self._name})
            self._metrics.gauge(Gauge.TOOL_SERVER_UP, int(not opens), server=self._name)
