"""What answers a customer: the agent loop over a model, or the extractive responder. Both pass one contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from core.domain.conversation import Escalation
from core.domain.gaps import Unanswered
from core.domain.messages import Citation, MessageKind
from core.ports.outcomes import EraseCustomer
from core.ports.store import TurnState

TOOLS_FAILED_META = "tools_failed"
"""Of a reply: the names of tools that broke in this turn, and that no later call made good."""

CHECKED_META = "checked"
"""Of a reply: how its sentences were checked, where it was not by the verifier (CHECKED_LITERALLY)."""
CHECKED_LITERALLY = "literally"


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer of one turn. With ``escalation`` set the core sends the transition's own notice, and ``text`` is not sent;
    ``besides`` is the answer to what was asked in the same turn, sent before that notice.

    ``confidence`` from 0 to 1. ``offers_person``: the text ends with an offer of a person, or should be shown with one.
    ``gaps``: what was asked and is not answered; the turn finds them, the responder need not. ``link``: an address that the
    customer wants to link. The turn then sends the code and adds to the text that it did, or how to ask for it. ``erasure``:
    what the customer has confirmed is to be erased.
    """

    text: str
    kind: MessageKind
    citations: tuple[Citation, ...] = ()
    confidence: float = 0.0
    escalation: Escalation | None = None
    offers_person: bool = False
    intent: str | None = None
    besides: Reply | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    gaps: tuple[Unanswered, ...] = ()
    link: str | None = None
    erasure: EraseCustomer | None = None


class TurnEvents(Protocol):
    """What a responder shows while it works. Everything shown here is provisional. Each raises LostClaim."""

    async def text(self, sentence: str) -> None:
        """A complete sentence (with the white space that parts it from its neighbours) that passed the citation check."""

    def forbid_restart(self) -> None:
        """Tools are to be called: what the customer adds from now on is for the next turn, not for this one begun anew."""

    async def tool_call(self, name: str, state: str) -> None: ...

    async def sources(self, citations: Sequence[Citation]) -> None: ...

    async def discard(self) -> None:
        """Take back all provisional text of this turn."""


class Responder(Protocol):
    """``respond`` never returns silence: a model that fails is a Reply of kind failure that offers a person.

    ``turn_id`` is stable over restarts of the same turn (the journal is keyed by it). Raises LostClaim only.
    """

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply: ...
