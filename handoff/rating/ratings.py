"""Asks customers what they think of how they were helped, and takes down what they answer, without opening the case again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from core.domain.case import Case, feed
from core.domain.conversation import OwnershipEvent
from core.domain.messages import Author, Message, MessageKind
from core.ports.cases import Cases
from core.ports.clock import Clock
from core.ports.desk import ASKS_COMMENT, ASKS_RATING, DESK_NOTICE, DeskReply, ForStaff
from core.ports.store import Aside, CaseRecord, KeepComment, KeepRating, NewMessage, Transition, TurnState
from handoff import posts
from handoff.rating.rating import are_words, comment_of, rating_of
from handoff.settings import HandoffSettings
from handoff.spoken_to import known_locale
from handoff.texts import say

_CASE = "case"


def with_question(notice: NewMessage, case_id: str, locale: str | None, settings: HandoffSettings) -> NewMessage:
    """The notice that a case is resolved, which also asks for a rating, where the company wants one."""
    if settings.rating_seconds <= 0:
        return notice
    question = say("rating_ask", locale, fallback=settings.default_locale)
    meta = {**notice.meta, ASKS_RATING: True, _CASE: case_id}
    return replace(notice, text=f"{notice.text}\n\n{question}", meta=meta)


class Ratings:
    """The first thing that a customer writes within the time is the rating, and what they write next the comment.

    What they write opens the conversation, as everything does; the reply resolves it again in the same commit that keeps the
    rating, so a crash before it leaves an open conversation with a message that is still to be looked at.
    """

    def __init__(self, cases: Cases, account: str, clock: Clock, settings: HandoffSettings) -> None:
        self._cases = cases
        self._account = account
        self._clock = clock
        self._settings = settings

    async def rated(self, turn: TurnState) -> DeskReply | None:
        """See Desk.rated."""
        asked = next((said for said in reversed(turn.history) if said.author is not Author.CUSTOMER), None)
        if asked is None or not are_words(turn.pending):
            return None
        case = await self._case(turn, asked)
        if case is None or case.closed_at is None:
            return None
        within = timedelta(seconds=self._settings.rating_seconds)
        if turn.pending[0].created_at > case.closed_at + within:
            return None
        if asked.meta.get(ASKS_RATING):
            return self._rating(turn, case)
        return self._comment(turn, case) if asked.meta.get(ASKS_COMMENT) else None

    async def _case(self, turn: TurnState, asked: Message) -> Case | None:
        """The one that was asked about, unless it is open again."""
        found = await self._cases.case(str(asked.meta.get(_CASE) or ""))
        return found if found is not None and found.conversation_id == turn.conversation.id else None

    def _rating(self, turn: TurnState, case: Case) -> DeskReply | None:
        found = rating_of(turn.pending)
        if found is None:
            return None
        records: list[CaseRecord] = [KeepRating(case.id, found.score)]
        told = [self._remark("staff_rated", score=str(found.score))]
        if found.comment is None:
            return self._reply(turn, case, self._thanks(turn, "rated", case.id, asks=True), told, records)
        records.append(KeepComment(case.id, found.comment))
        told.append(self._remark("staff_commented", comment=found.comment))
        return self._reply(turn, case, self._thanks(turn, "commented", case.id), told, records)

    def _comment(self, turn: TurnState, case: Case) -> DeskReply | None:
        comment = comment_of([message.text for message in turn.pending])
        if comment is None:
            return None
        told = [self._remark("staff_commented", comment=comment)]
        return self._reply(turn, case, self._thanks(turn, "commented", case.id), told, [KeepComment(case.id, comment)])

    def _reply(
        self, turn: TurnState, case: Case, thanks: NewMessage, told: list[NewMessage], records: list[CaseRecord]
    ) -> DeskReply:
        staff = ForStaff((Aside(feed(self._account, case.id), tuple(told)),), tuple(records))
        resolved = Transition(OwnershipEvent.RESOLVE, reopen_within=self._left(case))
        return DeskReply((thanks,), staff=staff, transition=resolved)

    def _left(self, case: Case) -> float | None:
        """Of the time in which the customer comes back to staff: to rate does not make it longer."""
        assert case.closed_at is not None
        since = (self._clock.now() - case.closed_at).total_seconds()
        return max(0.0, self._settings.reopen_seconds - since) or None

    def _thanks(self, turn: TurnState, key: str, case_id: str, *, asks: bool = False) -> NewMessage:
        text = say(key, known_locale(turn), fallback=self._settings.default_locale)
        meta = {DESK_NOTICE: key, **({ASKS_COMMENT: True, _CASE: case_id} if asks else {})}
        return NewMessage(Author.SYSTEM, text, MessageKind.NOTICE, meta=meta)

    def _remark(self, key: str, *, score: str = "", comment: str = "") -> NewMessage:
        return posts.remark(say(key, self._settings.staff_locale, score=score, comment=comment))
