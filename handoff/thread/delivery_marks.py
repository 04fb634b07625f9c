"""Shows staff what became of what they wrote: a sign on their message, and the reason in the thread when it failed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

import structlog

from core.domain.delivery import CUSTOMER_ENDED
from core.domain.errors import StoreUnavailable
from core.end_tasks import end_tasks
from core.ports.delivery_outcomes import Arrived, DeliveryOutcome, DeliveryOutcomes, OutcomeStatus
from core.ports.store import NewMessage
from core.ports.wake import OUTBOX, Wake
from handoff import posts
from handoff.texts import by_way, masked, quoted, say

log = structlog.get_logger(__name__)

_ELECTED = "delivery marks"
_LEASE = 10.0  # seconds: so much later another process goes on where this one died
_BATCH = 100
_REASON = 300
_SIGNS = {
    OutcomeStatus.SENT: "sent",
    OutcomeStatus.PARTLY: "sent",
    OutcomeStatus.READ: "read",
    OutcomeStatus.FAILED: "failed",
}
_FAILED = {
    Arrived.NOTHING: "staff_not_delivered",
    Arrived.PART: "staff_partly_delivered",
    Arrived.UNKNOWN: "staff_maybe_delivered",
}
_WITHHELD = {
    Arrived.NOTHING: "staff_answer_withheld",
    Arrived.PART: "staff_answer_in_part",
    Arrived.UNKNOWN: "staff_answer_unknown",
}
_ARRIVED = (OutcomeStatus.SENT, OutcomeStatus.PARTLY, OutcomeStatus.READ)
Won = Callable[[str, float], Awaitable[bool]]
"""Whether this process is the one that does what is named for so many seconds from now."""


def marks(outcome: DeliveryOutcome, locale: str) -> list[NewMessage]:
    """What is posted for it: its sign in place of the one before, and for a failure the reason."""
    if outcome.follow_up is not None:
        return _of_follow_up(outcome, *outcome.follow_up, locale)
    told: list[NewMessage] = []
    sign, before = _SIGNS.get(outcome.status), _SIGNS.get(outcome.shown)
    if outcome.wrote_at and sign and sign != before:
        told.append(posts.mark(outcome.wrote_at, sign, instead_of=before))
    if outcome.status in (OutcomeStatus.FAILED, OutcomeStatus.PARTLY):
        told.append(
            posts.remark(
                say(_why(outcome), locale, text=quoted(outcome.text), reason=quoted(outcome.reason or "?", _REASON))
            )
        )
    elif outcome.twice and outcome.status in _ARRIVED and outcome.shown not in _ARRIVED:
        told.append(posts.remark(say("staff_maybe_twice", locale, text=quoted(outcome.text))))
    return told


def _why(outcome: DeliveryOutcome) -> str:
    if outcome.reason == CUSTOMER_ENDED:
        return "staff_customer_had_ended"
    if outcome.status is OutcomeStatus.PARTLY:
        return "staff_not_to_all"
    return _WITHHELD[outcome.arrived] if outcome.by_agent and outcome.withheld else _FAILED[outcome.arrived]


def _of_follow_up(outcome: DeliveryOutcome, channel: str, address: str, locale: str) -> list[NewMessage]:
    """Once it has gone, and when it has not; that a mail was read is of no consequence, and not to be relied on."""
    way, whom = by_way(channel, locale), masked(address)
    if outcome.status is OutcomeStatus.FAILED:
        text = say(
            "staff_follow_up_failed", locale, way=way, address=whom, reason=quoted(outcome.reason or "?", _REASON)
        )
        return [posts.remark(text)]
    told_before = outcome.shown in _ARRIVED
    if told_before or outcome.status is OutcomeStatus.WAITING:
        return []
    return [posts.remark(say("staff_followed_up", locale, way=way, address=whom))]


@dataclass(slots=True, eq=False)
class DeliveryMarks:
    """A loop of a worker. What it shows is noted in the commit that shows it, so nothing is shown twice or forgotten.

    ``account``: the desk's on its platform. ``poll``: seconds after which it looks without having been woken.
    ``rest``: seconds between two looks, however often it is woken.
    """

    outcomes: DeliveryOutcomes
    wake: Wake
    account: str
    locale: str
    won: Won
    poll: float = field(default=1.0, kw_only=True)
    rest: float = field(default=0.2, kw_only=True)
    _task: asyncio.Task[None] | None = field(default=None, init=False)

    def start(self) -> None:
        """Returns at once."""
        self._task = asyncio.create_task(self._run(), name=_ELECTED)

    async def stop(self) -> None:
        """End it; what it was in the middle of is done by whoever comes next."""
        task, self._task = self._task, None
        await end_tasks(task)

    async def show(self) -> int:
        """Once, all there is. How many messages. Raises StoreUnavailable."""
        shown = 0
        while found := await self.outcomes.report_outcomes(self.account, partial(marks, locale=self.locale), _BATCH):
            shown += found
            self.wake.notify(OUTBOX)
        return shown

    async def _run(self) -> None:
        wakes = self.wake.subscribe(OUTBOX)
        now = asyncio.get_running_loop().time
        elected_until = 0.0
        try:
            while True:
                if now() >= elected_until and await self.won(_ELECTED, _LEASE):
                    elected_until = now() + _LEASE / 3
                if now() < elected_until:
                    await self._try()
                await wakes.wait(self.poll)
                await asyncio.sleep(self.rest)
        finally:
            wakes.close()

    async def _try(self) -> None:
        try:
            await self.show()
        except StoreUnavailable as error:
            log.warning("marks.store_unavailable", error=error.detail)
        except Exception:  # a loop that ends here would leave staff in the dark until the next start
            log.exception("marks.failed")
