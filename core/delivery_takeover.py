"""An answer of the agent that an earlier try may have sent, in a conversation that somebody else speaks in by now.

Sending it again could make two voices, so nothing more of it is sent: what arrived is found out, and the rest withheld.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from core.delivery_attempt import Attempt
from core.domain.delivery import NOBODY_KNOWS, NOTHING_CAME, PARTLY_CAME, DeliveryStatus
from core.domain.errors import OutcomeUnknown, Unreachable
from core.domain.messages import WirePayload
from core.ports.channel import Channel, SupportsOutcomeQuery
from core.ports.store import Settlement


async def find_out_what_came(
    channel: Channel, attempt: Attempt, payloads: Sequence[WirePayload], left: float
) -> Settlement:
    """Asks about each part, until one did not arrive. Raises a ChannelError when the question itself failed."""
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
