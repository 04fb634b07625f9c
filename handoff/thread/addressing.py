"""Whom staff answer where an answer goes to one of several customers, as in a mail thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.domain.conversation import Conversation, Sharing
from core.domain.customer import Customer
from core.domain.messages import ANSWERS_TO, Message
from core.ports.cases import Cases
from core.ports.store import NewMessage


class Addressing:
    """Addresses what staff say in one conversation. ``customer``: the case's.

    Whoever writes while an answer is typed, or waits to be sent, must not get another's answer.
    """

    def __init__(self, cases: Cases, conversation: Conversation, customer: Customer) -> None:
        self._cases = cases
        self._conversation = conversation
        self._customer = customer

    async def answer(self, told: NewMessage, written: Message) -> NewMessage:
        """To whose message staff had been shown last when they wrote ``written``. Raises StoreUnavailable."""
        if self._conversation.shared is not Sharing.SOMETIMES:
            return told
        moment = written.sent_at or written.created_at
        found = await self._cases.author_read_last(self._conversation.id, moment)
        return _to(told, *(found or (self._customer.id, self._customer.external_id)))

    async def all(self, messages: Sequence[NewMessage], pending: Sequence[Message]) -> tuple[NewMessage, ...]:
        """What staff wrote among ``pending``, as ``answer``; notices, which are about the case, to its customer."""
        if self._conversation.shared is not Sharing.SOMETIMES:
            return tuple(messages)
        written = {one.id: one for one in pending}
        return tuple([await self._one(one, written.get(one.relays or "")) for one in messages])

    async def _one(self, told: NewMessage, written: Message | None) -> NewMessage:
        if written is not None:
            return await self.answer(told, written)
        return told if ANSWERS_TO in told.meta else _to(told, self._customer.id, self._customer.external_id)


def _to(told: NewMessage, customer_id: str, external_id: str) -> NewMessage:
    return replace(told, customer_id=customer_id, meta={**told.meta, ANSWERS_TO: external_id})
