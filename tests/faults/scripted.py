"""A responder whose answers say what they answer, so that a checker can tell a lost message from a doubled one."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

from core.agent.person_wish import wants_person
from core.domain.conversation import Escalation
from core.domain.messages import MessageKind
from core.ports.responder import Reply, TurnEvents
from core.ports.store import TurnState
from tests.faults.points import Faults

_NUMBER = re.compile(r"message (\d+)")
_STREAMED = 0.08  # seconds: longer than a batch of provisional frames waits


def question(number: int) -> str:
    """What a customer writes."""
    return f"message {number}"


def numbers_in(text: str) -> tuple[int, ...]:
    """The customer's messages that an answer answers."""
    return tuple(int(found) for found in _NUMBER.findall(text))


class Scripted:
    """Streams in two steps, and waits in between while the file ``hold`` is there. Who wants a person gets one."""

    def __init__(self, faults: Faults, hold: Path) -> None:
        self._faults = faults
        self._hold = hold

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        """See Responder."""
        self._faults.reach("respond.started")
        if any(wants_person(message.text) for message in turn.pending):
            wish = Escalation("The customer asked for a person.", requested_by="customer")
            return Reply("", MessageKind.NOTICE, escalation=wish, confidence=1.0)
        first, *rest = (message.text for message in turn.pending)
        await events.text(f"About {first}")
        await asyncio.sleep(_STREAMED)
        self._faults.reach("respond.streamed")
        while self._hold.exists():  # noqa: ASYNC110 - another process holds it
            await asyncio.sleep(0.02)
        for text in rest:
            await events.text(f", {text}")
        return Reply("About " + ", ".join([first, *rest]), MessageKind.ANSWER, confidence=0.9)


def make_scripted(faults: Faults, hold: Path) -> Any:
    """In the shape in which the hub makes its responder."""
    return lambda *_parts: Scripted(faults, hold)
