"""One event from the socket to the commit. What the webhook's door does, without a signature: the connection is the proof."""

from __future__ import annotations

import structlog

from channels.slack.parse import Reader
from channels.slack.place import CHANNEL
from channels.slack.reception import Reception
from core.domain.errors import InvalidInput, SessionEnded, UnknownMessage
from core.domain.messages import RawEvent
from core.ports.channel import WebhookReply
from core.ports.clock import Clock

_log = structlog.get_logger(__name__)


async def take(body: bytes, reader: Reader, reception: Reception, clock: Clock) -> None:
    """Returns after the commit; then it may be acknowledged. Raises StoreUnavailable and Overloaded."""
    raw = RawEvent(CHANNEL, reader.account, body, {"content-type": "application/json"}, clock.now())
    try:
        events = reader.events(raw)
        if not isinstance(events, WebhookReply) and events:
            await reception.accept(events, raw)
    except (UnknownMessage, SessionEnded) as error:
        _log.info("slack.about_nothing_known", detail=error.detail)
    except InvalidInput as error:
        await reception.quarantine(raw, error.detail)
