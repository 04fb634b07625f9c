"""One event from the socket to the commit. What the webhook's door does, without a signature: the connection is the proof."""

from __future__ import annotations

from channels.accepting import accept_in_order
from channels.slack.parse import Reader
from channels.slack.place import CHANNEL
from channels.slack.reception import Reception
from core.domain.errors import InvalidInput
from core.domain.messages import RawEvent
from core.ports.channel import WebhookReply
from core.ports.clock import Clock


async def take(body: bytes, reader: Reader, reception: Reception, clock: Clock) -> None:
    """Returns after the commit; then it may be acknowledged. Raises StoreUnavailable and Overloaded."""
    raw = RawEvent(CHANNEL, reader.account, body, {"content-type": "application/json"}, clock.now())
    try:
        events = reader.events(raw)
    except InvalidInput as error:
        await reception.quarantine(raw, error.detail)
        return
    if not isinstance(events, WebhookReply):
        await accept_in_order(reception, events, raw)
