"""Several events that came together, each accepted or refused for its own reason: what is wrong with one keeps no other out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog

from core.domain.errors import InvalidInput, SessionEnded, UnknownMessage
from core.domain.messages import InboundEvent, RawEvent
from core.ports.channel import Accepted, InboundSink

Refused = tuple[InboundEvent, InvalidInput | SessionEnded]

Payload = TypeVar("Payload")

_log = structlog.get_logger(__name__)


async def read_or_quarantine(sink: InboundSink, raw: RawEvent, read: Callable[[], Payload]) -> Payload | None:
    """What ``read`` makes of an event; None where it cannot: then the raw body is kept for a person. Raises StoreUnavailable."""
    try:
        return read()
    except InvalidInput as error:
        await sink.quarantine(raw, error.detail)
    except Exception as error:
        _log.exception("event.unparsable", channel=raw.channel)
        await sink.quarantine(raw, f"{type(error).__name__}: {error}")
    return None


async def accept_each(
    sink: InboundSink, events: Sequence[InboundEvent], raw: RawEvent, accepted: list[Accepted] | None = None
) -> list[Refused]:
    """Which were refused, and why. Raises StoreUnavailable and Overloaded: then all of them have to come again.

    ``accepted``: a list that gets what became of the others.

    The sink commits those that are well and names one reason for the rest, so that each is asked for its own; what is stored
    by now is known by its key.
    """
    if not events:
        return []
    accepted = [] if accepted is None else accepted
    try:
        accepted += await sink.accept(events, raw)
    except (InvalidInput, SessionEnded) as error:
        if len(events) == 1:
            return [(events[0], error)]
    else:
        return []
    refused: list[Refused] = []
    for event in events:
        try:
            accepted += await sink.accept([event], raw)
        except (InvalidInput, SessionEnded) as own:
            refused.append((event, own))
    return refused


async def accept_in_order(sink: InboundSink, events: Sequence[InboundEvent], raw: RawEvent) -> None:
    """For transports whose events come in order, once, and that nobody answers: what an event is about will not follow.

    What cannot be accepted at all is kept with its raw body, for a person. Raises StoreUnavailable and Overloaded.
    """
    refused = await accept_each(sink, events, raw)
    for _, error in refused:
        if isinstance(error, UnknownMessage | SessionEnded):
            _log.info("event.about_nothing_known", channel=raw.channel, detail=error.detail)
    bad = [error.detail for _, error in refused if not isinstance(error, UnknownMessage | SessionEnded)]
    if bad:
        await sink.quarantine(raw, "; ".join(bad))
