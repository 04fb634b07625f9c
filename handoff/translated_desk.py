"""Customers and staff each read and write their own language, over any desk.

It changes what a desk has decided, before it is committed: the order, the time to take something back and the marks of delivery
are those of every message. What cannot be translated goes as it was written, and the thread says so: nothing is held back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.domain.case import DESK
from core.domain.conversation import Conversation, Escalation
from core.domain.messages import Author, Message
from core.ports.desk import Desk, DeskReply, ForStaff
from core.ports.outcomes import Aside, Recall
from core.ports.store import NewMessage, TurnOutcome, TurnState
from core.ports.translator import Translation, Translator
from handoff import translations
from handoff.around_desk import AroundDesk
from handoff.slack_desk import DeskRecords
from handoff.translations import ORIGINAL

_AT_MOST = 15.0
_LOOKED_AT = 60


class TranslatedDesk(AroundDesk):
    """``language``: the staff's. ``seconds``: how long all translations of one turn may take."""

    def __init__(
        self, desk: Desk, translator: Translator, records: DeskRecords, language: str, *, seconds: float = _AT_MOST
    ) -> None:
        super().__init__(desk)
        self._translator = translator
        self._records = records
        self._language = language
        self._seconds = seconds

    async def relay(self, turn: TurnState) -> DeskReply:
        """See Desk.relay."""
        reply = await self._desk.relay(turn)
        return replace(reply, staff=await self._for_staff(turn, reply.staff))

    async def opened(self, turn: TurnState, escalation: Escalation, said: Sequence[NewMessage]) -> ForStaff:
        """See Desk.opened."""
        return await self._for_staff(turn, await self._desk.opened(turn, escalation, said))

    async def taken_back(self, turn: TurnState, said: Sequence[NewMessage]) -> ForStaff:
        """See Desk.taken_back."""
        return await self._for_staff(turn, await self._desk.taken_back(turn, said))

    async def rated(self, turn: TurnState) -> DeskReply | None:
        """See Desk.rated."""
        reply = await self._desk.rated(turn)
        return reply if reply is None else replace(reply, staff=await self._for_staff(turn, reply.staff))

    async def staff(self, turn: TurnState) -> TurnOutcome:
        """See Desk.staff: what goes to the customer in their language, and below it in the thread what they read."""
        outcome = await self._desk.staff(turn)
        asides: list[Aside] = []
        told: list[NewMessage] = []
        for aside in outcome.asides:
            if aside.conversation.channel == DESK:
                asides.append(aside)
                continue
            changed, shown = await self._for_customer(aside)
            asides.append(changed)
            told += shown
        feeds = [place for place, aside in enumerate(asides) if aside.conversation.channel == DESK]
        if told and feeds:
            asides[feeds[0]] = replace(asides[feeds[0]], messages=(*asides[feeds[0]].messages, *told))
        return replace(outcome, asides=tuple(asides))

    async def _for_staff(self, turn: TurnState, staff: ForStaff) -> ForStaff:
        earlier = _words((*turn.history, *turn.pending))
        asides = [
            replace(aside, messages=await self._shown(aside.messages, earlier))
            if aside.conversation.channel == DESK
            else aside
            for aside in staff.asides
        ]
        return replace(staff, asides=tuple(asides))

    async def _shown(self, messages: Sequence[NewMessage], earlier: Sequence[str]) -> tuple[NewMessage, ...]:
        wanted = list(dict.fromkeys(text for message in messages for text in translations.customers_words(message)))
        found = await self._together({text: self._inward(text, earlier) for text in wanted})
        return tuple(translations.for_staff(message, found, self._language) for message in messages)

    async def _together(self, wanted: Mapping[str, Coroutine[Any, Any, Translation]]) -> dict[str, Translation]:
        """All at once and within the time; what is not done by then stays as it is."""
        tasks = {text: asyncio.ensure_future(one) for text, one in wanted.items()}
        if not tasks:
            return {}
        try:
            done, _ = await asyncio.wait(tasks.values(), timeout=self._seconds)
        finally:
            for task in tasks.values():
                task.cancel()
        return {text: task.result() if task in done else Translation(None) for text, task in tasks.items()}

    async def _inward(self, text: str, earlier: Sequence[str]) -> Translation:
        if await self._translator.language_of([text, *earlier]) == self._language:
            return Translation(text)
        return await self._translator.translate(text, self._language)

    async def _for_customer(self, aside: Aside) -> tuple[Aside, list[NewMessage]]:
        """Notices are in the customer's language already; what a person wrote is not."""
        written = [one.text for one in aside.messages if one.author is Author.STAFF and one.text.strip()]
        written += [one.text for one in aside.recalls if one.text is not None and one.text.strip()]
        conversation = await self._records.conversation(aside.conversation.conversation_id) if written else None
        language = await self._customers_language(conversation) if conversation is not None else None
        if language is None or language == self._language:
            return replace(aside, recalls=tuple(_recall(one, {}) for one in aside.recalls)), []
        found = await self._together({text: self._translator.translate(text, language) for text in written})
        messages = tuple(translations.for_customer(message, found) for message in aside.messages)
        recalls = tuple(_recall(one, found) for one in aside.recalls)
        told = translations.sent_as([(text, found[text]) for text in dict.fromkeys(written)], language, self._language)
        return replace(aside, messages=messages, recalls=recalls), told

    async def _customers_language(self, conversation: Conversation) -> str | None:
        after = max(0, conversation.last_seq - _LOOKED_AT)
        said = await self._records.messages(conversation.id, after=after, limit=_LOOKED_AT)
        words = _words(said)
        written = await self._translator.language_of(words) if words else None
        return written or (conversation.locale or "").replace("_", "-").split("-")[0].lower() or None


def _words(messages: Sequence[Message]) -> list[str]:
    """The customer's, the newest first."""
    said = [one for one in messages if one.author is Author.CUSTOMER and one.deleted_at is None and one.action is None]
    return [one.text for one in reversed(said) if one.text.strip()]


def _recall(recall: Recall, found: dict[str, Translation]) -> Recall:
    """With the words that were corrected goes their original: what staff wrote first is not what they meant."""
    if recall.text is None:
        return recall
    translated = found.get(recall.text, Translation(None)).text
    if translated is None or translated == recall.text:
        return replace(recall, meta={ORIGINAL: None})
    return replace(recall, text=translated, meta={ORIGINAL: recall.text})
