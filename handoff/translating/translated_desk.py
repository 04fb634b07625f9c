"""Customers and staff each read and write their own language, over any desk.

It changes what a desk has decided, before it is committed: the order, the time to take something back and the marks of delivery
are those of every message. What cannot be translated goes as it was written, and the thread says so: nothing is held back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from core.domain.analysed_text import MOST_READ
from core.domain.case import DESK
from core.domain.conversation import Conversation, Escalation
from core.domain.messages import ORIGINAL, Author
from core.ports.desk import DeskReply, ForStaff
from core.ports.outcomes import CrossConversationWrite, OpenCase, Recall
from core.ports.store import NewMessage, TurnOutcome, TurnState
from core.ports.translator import Translation, Translator
from handoff import posts
from handoff.customer_language import LastWords, written
from handoff.desk_decorator import DeskDecorator
from handoff.records import DeskRecords
from handoff.texts import primary
from handoff.translating import translations

_AT_MOST = 15.0
_TOLD_WITHIN = 6.0
Tasks = Mapping[str, asyncio.Future[Translation]]


@dataclass(frozen=True)
class TranslatedDesk(DeskDecorator):
    """``language``: the staff's. ``seconds``: how long all translations of one turn may take; ``told_within``: of one that
    tells its customer something, who waits for nothing that only staff read.
    """

    translator: Translator
    records: DeskRecords
    language: str
    words: LastWords | None = None
    seconds: float = _AT_MOST
    told_within: float = _TOLD_WITHIN

    @property
    def _in_time(self) -> float:
        return min(self.seconds, self.told_within)

    async def relay(self, turn: TurnState) -> DeskReply:
        reply = await self.desk.relay(turn)
        seconds = self._in_time if reply.messages else self.seconds
        return replace(reply, staff=await self._for_staff(turn, reply.staff, seconds))

    async def opened(self, turn: TurnState, escalation: Escalation, said: Sequence[NewMessage]) -> ForStaff:
        """See Desk.opened. What was said is translated while the case is summed up, and both together are in time."""
        begun = asyncio.get_running_loop().time()
        shown = [*posts.transcript(turn.history), *(posts.customer_post(message) for message in turn.pending)]
        early = self._begin(turn, shown)
        try:
            staff = await self.desk.opened(turn, escalation, said)
        except BaseException:
            _give_up(early)
            raise
        left = begun + self._in_time - asyncio.get_running_loop().time()
        return await self._for_staff(turn, staff, max(left, 0.0), early)

    async def taken_back(self, turn: TurnState, said: Sequence[NewMessage]) -> ForStaff:
        return await self._for_staff(turn, await self.desk.taken_back(turn, said), self._in_time)

    async def rated(self, turn: TurnState) -> DeskReply | None:
        reply = await self.desk.rated(turn)
        if reply is None:
            return None
        return replace(reply, staff=await self._for_staff(turn, reply.staff, self._in_time))

    async def staff(self, turn: TurnState) -> TurnOutcome:
        """See Desk.staff: what goes to the customer in their language, and below it in the thread what they read."""
        outcome = await self.desk.staff(turn)
        if any(isinstance(one, OpenCase) for one in outcome.cases):  # staff read its history as that of any new case
            asides_read = (await self._for_staff(turn, ForStaff(outcome.cross_writes), self._in_time)).cross_writes
            outcome = replace(outcome, cross_writes=asides_read)
        cross_writes: list[CrossConversationWrite] = []
        told: list[NewMessage] = []
        for cross_write in outcome.cross_writes:
            if cross_write.conversation.channel == DESK:
                cross_writes.append(cross_write)
                continue
            changed, shown = await self._for_customer(cross_write)
            cross_writes.append(changed)
            told += shown
        feeds = [place for place, cross_write in enumerate(cross_writes) if cross_write.conversation.channel == DESK]
        if told and feeds:
            cross_writes[feeds[0]] = replace(cross_writes[feeds[0]], messages=(*cross_writes[feeds[0]].messages, *told))
        return replace(outcome, cross_writes=tuple(cross_writes))

    async def _for_staff(
        self, turn: TurnState, staff: ForStaff, seconds: float, early: Tasks = MappingProxyType({})
    ) -> ForStaff:
        told = [
            message
            for cross_write in staff.cross_writes
            if cross_write.conversation.channel == DESK
            for message in cross_write.messages
        ]
        tasks = dict(self._begin(turn, told, early))
        if left_out := [text for text in translations.texts_to_translate(told) if text not in tasks]:
            language = asyncio.ensure_future(self.translator.language_of(written((*turn.history, *turn.pending))))
            tasks |= {text: asyncio.ensure_future(self._untranslated(text, language)) for text in left_out}
        found = await self._together(tasks, seconds)
        cross_writes = [
            replace(
                cross_write,
                messages=tuple(translations.for_staff(one, found, self.language) for one in cross_write.messages),
            )
            if cross_write.conversation.channel == DESK
            else cross_write
            for cross_write in staff.cross_writes
        ]
        return replace(staff, cross_writes=tuple(cross_writes))

    def _begin(self, turn: TurnState, messages: Sequence[NewMessage], begun: Tasks = MappingProxyType({})) -> Tasks:
        """What is to be read in the staff's language, within the bound of what a turn analyses."""
        earlier = written((*turn.history, *turn.pending))
        tasks = dict(begun)
        left = MOST_READ - sum(map(len, tasks))
        for text in translations.texts_to_translate(messages):
            if text not in tasks and len(text) <= left:
                left -= len(text)
                tasks[text] = asyncio.ensure_future(self._inward(text, earlier))
        return tasks

    async def _together(self, tasks: Tasks, seconds: float) -> dict[str, Translation]:
        """All within the time; what is not done by then stays as it is."""
        if not tasks:
            return {}
        try:
            done, _ = await asyncio.wait(tasks.values(), timeout=seconds)
        finally:
            _give_up(tasks)
        return {text: task.result() if task in done else Translation(None) for text, task in tasks.items()}

    async def _inward(self, text: str, earlier: Sequence[str]) -> Translation:
        if await self.translator.language_of([text, *earlier]) == self.language:
            return Translation(text)
        return await self.translator.translate(text, self.language)

    async def _untranslated(self, text: str, language: asyncio.Future[str | None]) -> Translation:
        """A text beyond the bound: staff are told that it is not translated, unless its customer writes their language."""
        return Translation(text if await language == self.language else None)

    async def _for_customer(
        self, cross_write: CrossConversationWrite
    ) -> tuple[CrossConversationWrite, list[NewMessage]]:
        """Notices are in the customer's language already; what a person wrote is not."""
        texts = [one.text for one in cross_write.messages if one.author is Author.STAFF and one.text.strip()]
        texts += [one.text for one in cross_write.recalls if one.text is not None and one.text.strip()]
        conversation = await self.records.conversation(cross_write.conversation.conversation_id) if texts else None
        language = await self._customers_language(conversation) if conversation is not None else None
        if language is None or language == self.language:
            return replace(
                cross_write, recalls=tuple(_recall(one, {}, self.language) for one in cross_write.recalls)
            ), []
        tasks = {text: asyncio.ensure_future(self.translator.translate(text, language)) for text in texts}
        found = await self._together(tasks, self.seconds)
        messages = tuple(translations.for_customer(message, found, language) for message in cross_write.messages)
        recalls = tuple(_recall(one, found, language) for one in cross_write.recalls)
        told = translations.sent_as([(text, found[text]) for text in dict.fromkeys(texts)], language, self.language)
        return replace(cross_write, messages=messages, recalls=recalls), told

    async def _customers_language(self, conversation: Conversation) -> str | None:
        words = await (self.words or LastWords(self.records)).newest_texts(conversation)
        theirs = await self.translator.language_of(words) if words else None
        return theirs or primary(conversation.locale)


def _give_up(tasks: Tasks) -> None:
    for task in tasks.values():
        task.cancel()


def _recall(recall: Recall, found: dict[str, Translation], into: str) -> Recall:
    """With the words that were corrected goes their original: what staff wrote first is not what they meant."""
    if recall.text is None:
        return recall
    translated = found.get(recall.text, Translation(None)).text
    if translated is None or translated == recall.text:
        return replace(recall, meta={**recall.meta, ORIGINAL: None})
    return replace(recall, text=translated, meta={**recall.meta, **translations.original_meta(recall.text, into)})
