"""Base of desks that wrap another desk: a subclass overrides some methods, the rest are passed on unchanged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.domain.conversation import Escalation
from core.domain.customer import ContactDetails
from core.ports.desk import Desk, DeskReply, ForStaff
from core.ports.store import NewMessage, TurnOutcome, TurnState


@dataclass(frozen=True)
class DeskDecorator:
    """Implements Desk by calling ``desk``."""

    desk: Desk

    def leaves_to_agent(self, turn: TurnState) -> bool:
        return self.desk.leaves_to_agent(turn)

    def contact(self, turn: TurnState) -> ContactDetails | None:
        return self.desk.contact(turn)

    def transfer_notice(self, turn: TurnState) -> NewMessage:
        return self.desk.transfer_notice(turn)

    async def with_ticket(self, turn: TurnState, notice: NewMessage) -> NewMessage:
        return await self.desk.with_ticket(turn, notice)

    def taken_back_notice(self, turn: TurnState) -> NewMessage:
        return self.desk.taken_back_notice(turn)

    async def relay(self, turn: TurnState) -> DeskReply:
        return await self.desk.relay(turn)

    async def opened(self, turn: TurnState, escalation: Escalation, said: Sequence[NewMessage]) -> ForStaff:
        return await self.desk.opened(turn, escalation, said)

    async def taken_back(self, turn: TurnState, said: Sequence[NewMessage]) -> ForStaff:
        return await self.desk.taken_back(turn, said)

    async def rated(self, turn: TurnState) -> DeskReply | None:
        return await self.desk.rated(turn)

    async def staff(self, turn: TurnState) -> TurnOutcome:
        return await self.desk.staff(turn)
