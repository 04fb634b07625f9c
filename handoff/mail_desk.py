"""The desk of a company whose staff answer by mail: cases as with any staff, and replies that are read with a mail's doubts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from core.domain.case import feed
from core.domain.messages import CAUTION, Message
from core.ports.outcomes import CrossConversationWrite, KeepNote, NewMessage
from core.ports.staff_mail import case_of_thread
from core.ports.store import TurnOutcome, TurnState
from handoff import posts
from handoff.desk_decorator import DeskDecorator
from handoff.desk_parts import Files
from handoff.people import sender_of
from handoff.posts import POST, Post
from handoff.texts import quoted, say

_LONGEST: Final = 5_000
"""Characters of a reply that are shown to staff where it is not passed on."""


@dataclass(frozen=True)
class MailDesk(DeskDecorator):
    """``account``: of the desk. ``language``: the staff's. ``files``: brings those of replies."""

    account: str
    language: str
    files: Files | None = None

    async def staff(self, turn: TurnState) -> TurnOutcome:
        """See Desk.staff. A reply that may not be passed on is told to staff; the others, up to that one, go to the customer."""
        refused_at = next((place for place, one in enumerate(turn.pending) if CAUTION in one.meta), None)
        if refused_at == 0:
            return self._refused(turn, turn.pending[0])
        if refused_at is not None:
            certain = turn.pending[:refused_at]
            home = replace(turn.conversation, last_seq=certain[-1].seq)
            turn = replace(turn, pending=certain, conversation=home)
        if self.files is not None:
            turn = await self.files(turn)
        outcome = await self.desk.staff(turn)
        return replace(outcome, cross_writes=tuple(_without_echo(cross_write) for cross_write in outcome.cross_writes))

    def _refused(self, turn: TurnState, message: Message) -> TurnOutcome:
        case_id = case_of_thread(turn.conversation.key.thread)
        if case_id is None:
            return TurnOutcome(turn.claim, handled_seq=message.seq)
        told = CrossConversationWrite(
            feed(self.account, case_id), (_refusal(message, str(message.meta[CAUTION]), self.language),)
        )
        return TurnOutcome(turn.claim, handled_seq=message.seq, cross_writes=(told,))


@dataclass(frozen=True)
class DeskWithoutMail(DeskDecorator):
    """A desk that staff do not answer by mail. What they answer to mails of an earlier desk is a note of the case and reaches no
    customer. ``account``: of the desk whose staff are told; None where there is none.
    """

    account: str | None
    language: str

    async def staff(self, turn: TurnState) -> TurnOutcome:
        case_id = case_of_thread(turn.conversation.key.thread)
        if case_id is None:
            return await self.desk.staff(turn)
        written = [one for one in turn.pending if one.text]
        notes = tuple(KeepNote(case_id, one.id, sender_of(one)) for one in written)
        told = tuple(_refusal(one, "no_desk", self.language) for one in written or turn.pending[:1])
        cross_writes = (posts.in_thread(self.account, case_id, told),) if told and self.account is not None else ()
        return TurnOutcome(turn.claim, turn.conversation.last_seq, cross_writes=cross_writes, cases=notes)


def _refusal(message: Message, why: str, language: str) -> NewMessage:
    words = quoted(message.text, _LONGEST) if message.text else ""
    return posts.remark(say(f"staff_mail_{why}", language, name=sender_of(message), text=words))


def _without_echo(cross_write: CrossConversationWrite) -> CrossConversationWrite:
    """Without the line that says who did what: it follows the card as it is then, and whoever did it knows."""
    follows_card = [False, *(one.meta.get(POST) == Post.CARD_NOW for one in cross_write.messages)]
    pairs = zip(cross_write.messages, follows_card, strict=False)
    return replace(
        cross_write, messages=tuple(one for one, after in pairs if not (after and one.meta.get(POST) == Post.REMARK))
    )
