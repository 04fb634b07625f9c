"""The desk of a company whose staff answer by mail: cases as with any staff, and replies that are read with a mail's doubts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.domain.case import feed
from core.domain.messages import CAUTION, Message
from core.ports.desk import Desk
from core.ports.outcomes import Aside, NewMessage
from core.ports.staff_mail import case_of_thread
from core.ports.store import TurnOutcome, TurnState
from handoff import posts
from handoff.around_desk import AroundDesk
from handoff.posts import POST, Post
from handoff.texts import say
from handoff.thread.correcting_turn import Files


class MailDesk(AroundDesk):
    """``account``: of the desk. ``language``: the staff's. ``files``: brings those of replies."""

    def __init__(self, desk: Desk, account: str, language: str, files: Files | None = None) -> None:
        super().__init__(desk)
        self._account = account
        self._language = language
        self._files = files

    async def staff(self, turn: TurnState) -> TurnOutcome:
        """See Desk.staff. A reply of doubtful origin is not passed on, which staff are told; the others, up to that one, are."""
        doubted = next((place for place, one in enumerate(turn.pending) if CAUTION in one.meta), None)
        if doubted == 0:
            return self._refused(turn, turn.pending[0])
        if doubted is not None:
            certain = turn.pending[:doubted]
            home = replace(turn.conversation, last_seq=certain[-1].seq)
            turn = replace(turn, pending=certain, conversation=home)
        if self._files is not None:
            turn = await self._files(turn)
        outcome = await self._desk.staff(turn)
        return replace(outcome, asides=tuple(_without_echo(aside) for aside in outcome.asides))

    def _refused(self, turn: TurnState, message: Message) -> TurnOutcome:
        case_id = case_of_thread(turn.conversation.key.thread)
        if case_id is None:
            return TurnOutcome(turn.claim, handled_seq=message.seq)
        sender = str(message.meta.get("sender") or "")
        remark = posts.remark(say(f"staff_mail_{message.meta[CAUTION]}", self._language, name=sender))
        told = Aside(feed(self._account, case_id), (remark,))
        return TurnOutcome(turn.claim, handled_seq=message.seq, asides=(told,))


def _without_echo(aside: Aside) -> Aside:
    """Without the line that says who did what: it follows the card as it is then, and whoever did it knows."""
    return replace(aside, messages=tuple(_kept(aside.messages)))


def _kept(messages: Sequence[NewMessage]) -> Sequence[NewMessage]:
    pairs = zip([None, *messages], messages, strict=False)
    return [
        one
        for before, one in pairs
        if not (before is not None and _is(before, Post.CARD_NOW) and _is(one, Post.REMARK))
    ]


def _is(message: NewMessage, post: Post) -> bool:
    return message.meta.get(POST) == str(post)
