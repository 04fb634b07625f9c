"""What a customer wrote in one go, in the order in which they wrote it: some platforms deliver each message by itself."""

from __future__ import annotations

from dataclasses import replace

from core.domain.capabilities import Capabilities
from core.ports.store import TurnState


def as_written(state: TurnState, capabilities: Capabilities | None) -> TurnState:
    """The turn with its pending messages sorted, each in the place that it would have had. What is done already stays."""
    if capabilities is None or not capabilities.own_time or len(state.pending) < 2:
        return state
    written = sorted(state.pending, key=lambda one: (one.sent_at or one.created_at, one.seq))
    places = sorted(one.seq for one in written)
    return replace(state, pending=tuple(replace(one, seq=seq) for one, seq in zip(written, places, strict=True)))
