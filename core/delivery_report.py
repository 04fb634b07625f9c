"""Says how a try to send ended, in the log and the metrics."""

from __future__ import annotations

import structlog

from core.domain.delivery import DeliveryStatus
from core.ports.metrics import Counter, Metrics
from core.ports.store import Delivery, Settlement

log = structlog.get_logger(__name__)


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
    else:
        log.info("delivery.sent", **fields)
