"""One try to send: what is known of it, its lease, how it ended, and what outbox, log and metrics are told of that."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from core.domain.capabilities import Pace
from core.domain.delivery import NOBODY_KNOWS, NOTHING_CAME, PARTLY_CAME, DeliveryStatus
from core.domain.errors import OutcomeUnknown, StoreUnavailable, Unreachable
from core.domain.messages import Receipt, WirePayload
from core.ports.channel import Channel, SupportsOutcomeQuery
from core.ports.metrics import Counter, Metrics
from core.ports.store import Delivery, Outbox, Settlement

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """Seconds. ``send_timeout`` is shorter than ``lease``, so that a successor never sends beside a living worker."""

    lease: float = 5.0
    send_timeout: float = 4.0
    poll: float = 0.5
    gather: float = 0.02
    concurrency: int = 64
    give_up_after: float = 86_400.0
    auth_retry: float = 30.0
    retry_first: float = 1.0
    retry_cap: float = 300.0
    pause_cap: float = 3600.0
    sweep: float = 300.0


class NotBegun(Unreachable):
    """Nothing (more) was sent, through no fault of the provider's; whoever claims next may send after ``wait`` seconds."""

    def __init__(self, detail: str, *, wait: float = 0.0) -> None:
        super().__init__(detail)
        self.wait = wait


@dataclass
class Attempt:
    """One try at a delivery, as it goes. ``doubt``: the next part may have been sent by an earlier try.

    ``blind``: nobody could say whether an earlier try had arrived, and the decision was taken without knowing.
    ``pause``: seconds the provider asks for. ``granted``: calls of this message that the pace has room for.
    ``sending``: the call that was made last, and ``began`` when. ``authorised``: what was learned of the account's credentials,
    where that is news.
    """

    delivery: Delivery
    deadline: float
    doubt: bool
    blind: bool = False
    pause: float | None = None
    granted: int = 1
    sending: WirePayload | None = None
    began: float = 0.0
    authorised: bool | None = None
    receipts: list[Receipt] = field(default_factory=list)

    def ended(
        self,
        status: DeliveryStatus,
        *,
        error: str | None = None,
        retry_after: float | None = None,
        conversation_pause: float = 0.0,
        counts: bool = True,
    ) -> Settlement:
        """How it ended. Doubt outlives errors that say nothing of the earlier try, also where nobody tries again.

        What was sent has an error where some of its recipients were refused.
        """
        refused = "; ".join(dict.fromkeys(one.refused for one in self.receipts if one.refused))
        return Settlement(
            self.delivery.id,
            self.delivery.token,
            status,
            tuple(self.receipts),
            error=error or refused or None,
            retry_after=retry_after,
            uncertain=self._is_uncertain(status),
            possible_duplicate=self.blind and (bool(self.receipts) or status != DeliveryStatus.DUE),
            conversation_pause=conversation_pause,
            authorised=self.authorised,
            counts=counts,
        )

    def pause_left(self, pace: Pace | None, now: float) -> float:
        """Of the pause between two messages, which the provider counts from when the last one was sent."""
        if pace is None or (self.delivery.pause_begun and len(self.receipts) == 1):
            return 0.0
        return max(0.0, pace.per_conversation - (now - self.began))

    def _is_uncertain(self, status: DeliveryStatus) -> bool:
        """Whether the next part may have arrived. Of what is withheld it was asked, so that only no answer leaves doubt."""
        if status == DeliveryStatus.WITHHELD:
            return self.blind
        return self.doubt and status != DeliveryStatus.SENT


async def find_out_what_came(
    channel: Channel, attempt: Attempt, payloads: Sequence[WirePayload], left: float
) -> Settlement:
    """Settle an answer of the agent that an earlier try may have sent, where somebody else speaks by now.

    Sending it again could make two voices, so nothing more of it is sent: it is asked about each part, until one did not arrive,
    and the rest is withheld. Raises a ChannelError when the question itself failed.
    """
    for part in range(attempt.delivery.parts_done, len(payloads)):
        if not isinstance(channel, SupportsOutcomeQuery):
            return _in_the_dark(attempt)
        try:
            async with asyncio.timeout(left):
                found = await channel.outcome(payloads[part], idempotency_key=f"{attempt.delivery.id}:{part}")
        except OutcomeUnknown:
            return _in_the_dark(attempt)
        except TimeoutError:
            raise Unreachable(f"{channel.name} did not say in time whether it has the message.") from None
        if found is None:
            said = PARTLY_CAME if attempt.receipts or attempt.delivery.parts_done else NOTHING_CAME
            return attempt.ended(DeliveryStatus.WITHHELD, error=said)
        attempt.receipts.append(found)
    return attempt.ended(DeliveryStatus.SENT)


def _in_the_dark(attempt: Attempt) -> Settlement:
    attempt.blind = True
    return attempt.ended(DeliveryStatus.WITHHELD, error=NOBODY_KNOWS)


def report(metrics: Metrics, channel: str, delivery: Delivery, settlement: Settlement) -> None:
    """A dead letter is an error that a person has to see; the rest is the day's work."""
    metrics.count(Counter.DELIVERIES, channel=channel, status=str(settlement.status))
    if settlement.possible_duplicate:
        metrics.count(Counter.POSSIBLE_DUPLICATES, channel=channel)
    fields = {"channel": channel, "delivery": delivery.id, "conversation": delivery.conversation_id}
    if settlement.status == DeliveryStatus.DEAD:
        log.error("delivery.dead", error=settlement.error, **fields)
    elif settlement.status == DeliveryStatus.WITHHELD:
        log.warning("delivery.withheld", error=settlement.error, **fields)
    elif settlement.status == DeliveryStatus.DUE:
        log.warning("delivery.retry", error=settlement.error, retry_after=settlement.retry_after, **fields)
    elif settlement.error:
        log.warning("delivery.not_to_all", error=settlement.error, **fields)
    else:
        log.info("delivery.sent", **fields)


log = structlog.get_logger(__name__)


class DeliveryHeartbeat:
    """A worker that is killed is still replaced within one lease, however long its send would have taken."""

    def __init__(self, outbox: Outbox, lease: float) -> None:
        self._outbox = outbox
        self._lease = lease
        self._sending: dict[str, tuple[str, asyncio.Task[None]]] = {}

    def begun(self, delivery: Delivery, task: asyncio.Task[None]) -> None:
        """From now on its lease is renewed; until ``task`` is done."""
        self._sending[delivery.id] = (delivery.token, task)
        task.add_done_callback(lambda finished: self._ended(delivery.id, finished))

    async def run(self) -> None:
        """Until cancelled. A send whose lease was lost is another's now: it is cut off, in doubt."""
        while True:
            await asyncio.sleep(self._lease / 3)
            held = {key: token for key, (token, _) in self._sending.items()}
            if not held:
                continue
            try:
                kept = await self._outbox.extend_deliveries(held, self._lease)
            except StoreUnavailable as error:
                log.warning("delivery.not_renewed", error=error.detail)
                continue
            except Exception:
                log.exception("delivery.not_renewed")
                continue
            for key in held.keys() - kept:
                token, task = self._sending.get(key, ("", None))
                if task is not None and token == held[key] and not task.done():
                    log.warning("delivery.lost", delivery=key)
                    task.cancel()

    def _ended(self, delivery_id: str, finished: asyncio.Task[None]) -> None:
        if self._sending.get(delivery_id, ("", None))[1] is finished:
            del self._sending[delivery_id]
