"""Base of desks that wrap another desk: a subclass overrides some methods, the rest are passed on unchanged."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.conversation import Escalation
from core.domain.customer import ContactDetails
from core.ports.desk import Desk, DeskReply, ForStaff
from core.ports.store import NewMessage, TurnOutcome, TurnState


class DeskDecorator:
    """Implements Desk by calling ``_desk``."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def leaves_to_agent(self, turn: TurnState) -> bool:
        return self._desk.leaves_to_agent(turn)

    def contact(self, turn: TurnState) -> ContactDetails | None:
        return self._desk.contact(turn)

    def transfer_notice(self, turn: TurnState) -> NewMessage:
        return self._desk.transfer_notice(turn)

    async def with_ticket(self, turn: TurnState, notice: NewMessage) -> NewMessage:
        return await self._desk.with_ticket(turn, notice)

    def taken_back_notice(self, turn: TurnState) -> NewMessage:
        return self._desk.taken_back_notice(turn)

    async def relay(self, turn: TurnState) -> DeskReply:
        return await self._desk.relay(turn)

    async def opened(self, turn: TurnState, escalation: Escalation, said: Sequence[NewMessage]) -> ForStaff:
        return await self._desk.opened(turn, escalation, said)

    async def taken_back(self, turn: TurnState, said: Sequence[NewMessage]) -> ForStaff:
        return await self._desk.taken_back(turn, said)

    async def rated(self, turn: TurnState) -> DeskReply | None:
        return await self._desk.rated(turn)

    async def staff(self, turn: TurnState) -> TurnOutcome:
        return await self._desk.staff(turn)
