"""Whom staff answer where not everybody in a conversation gets each message, as in a mail thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.domain.conversation import Conversation, Sharing
from core.domain.customer import Customer
from core.domain.messages import ANSWERS_TO, Message
from core.domain.readers import MOST_RECIPIENTS, RECIPIENTS, Recipient, people_in, recipients_of
from core.ports.cases import Cases, ReadMessage
from core.ports.store import NewMessage
from handoff.thread.to_line import CHOSEN


class Addressing:
    """Addresses what staff say in one conversation. ``customer``: the case's.

    Whoever writes while an answer is typed, or waits to be sent, must not get another's answer.
    """

    def __init__(self, cases: Cases, conversation: Conversation, customer: Customer) -> None:
        self._cases = cases
        self._conversation = conversation
        self._customer = customer

    async def answer(self, told: NewMessage, written: Message) -> NewMessage:
        """To whom staff chose, or else to the author of the message that they had been shown last when they wrote ``written`` and
        to everybody who got that. Raises StoreUnavailable.
        """
        if self._conversation.shared is not Sharing.SOMETIMES:
            return told
        read = await self._read(written)
        if not read:
            return _to(told, self._customer.id, self._customer.external_id)
        answered, recipients = read[0], recipients_of(read[0].meta)
        if chosen := written.meta.get(CHOSEN):
            people = _people(read)
            recipients = [people[one] for one in dict.fromkeys(chosen) if one in people]
            recipients.sort(key=lambda one: one["address"] != answered.external_id)
            answered = next(
                (one for one in read if recipients and one.external_id == recipients[0]["address"]), answered
            )
        told = _to(told, answered.customer_id, answered.external_id)
        return replace(told, meta={**told.meta, RECIPIENTS: recipients}) if recipients else told

    async def strangers(self, written: Message) -> tuple[list[str], list[str]]:
        """What staff named that is the address of nobody in the conversation, or one too many; and whom they may name."""
        chosen = written.meta.get(CHOSEN)
        if not chosen:
            return [], []
        alone = self._conversation.shared is Sharing.NEVER
        people = [self._customer.external_id] if alone else list(_people(await self._read(written)))
        return [one for place, one in enumerate(chosen) if one not in people or place >= MOST_RECIPIENTS], people

    async def all(self, messages: Sequence[NewMessage], pending: Sequence[Message]) -> tuple[NewMessage, ...]:
        """What staff wrote among ``pending``, as ``answer``; notices, which are about the case, to its customer."""
        if self._conversation.shared is not Sharing.SOMETIMES:
            return tuple(messages)
        written = {one.id: one for one in pending}
        return tuple([await self._one(one, written.get(one.relays or "")) for one in messages])

    async def _read(self, written: Message) -> Sequence[ReadMessage]:
        return await self._cases.read_by_staff(self._conversation.id, written.sent_at or written.created_at)

    async def _one(self, told: NewMessage, written: Message | None) -> NewMessage:
        if written is not None:
            return await self.answer(told, written)
        return told if ANSWERS_TO in told.meta else _to(told, self._customer.id, self._customer.external_id)


def again_to_those_of(sent: Message, told: NewMessage, conversation: Conversation) -> NewMessage:
    """What corrects ``sent`` goes to those who got that, whoever its line would name now."""
    to = {name: sent.meta[name] for name in (ANSWERS_TO, RECIPIENTS) if name in sent.meta}
    return replace(told, customer_id=sent.customer_id or conversation.customer_id, meta={**told.meta, **to})


def _people(read: Sequence[ReadMessage]) -> dict[str, Recipient]:
    """Everybody who wrote or got one of these messages, by address."""
    writers = {one.external_id: {"address": one.external_id, "name": None} for one in read}
    return {**writers, **people_in([one.meta for one in read])}


def _to(told: NewMessage, customer_id: str, external_id: str) -> NewMessage:
    return replace(told, customer_id=customer_id, meta={**told.meta, ANSWERS_TO: external_id})
