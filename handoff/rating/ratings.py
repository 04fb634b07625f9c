"""Asks customers what they think of how they were helped, and takes down what they answer, without opening the case again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from core.domain.case import Case
from core.domain.conversation import OwnershipEvent
from core.domain.messages import ANSWERS_TO, PRIVATELY, Author, CustomerAction, Message, MessageKind
from core.ports.cases import Cases
from core.ports.clock import Clock
from core.ports.desk import ASKED_CASE, ASKS_COMMENT, ASKS_RATING, CASE_CLOSED, DESK_NOTICE, DeskReply, ForStaff
from core.ports.store import (
    CaseRecord,
    KeepComment,
    KeepRating,
    NewMessage,
    Transition,
    TurnState,
)
from handoff import posts
from handoff.customer_language import known_locale
from handoff.places import with_names
from handoff.rating.rating import Rating, are_words, comment_of, is_beside_the_scale, rating_in, rating_of
from handoff.settings import HandoffSettings
from handoff.texts import say

_ASKED_AGAIN = "rating_asked_again"
_THANKED = "thanked"

OnlyThanks = Callable[[str, Collection[str]], bool]
"""Whether a text thanks and does nothing else; the names are of those who may be addressed in it."""


def with_question(
    notice: NewMessage, by: str, case_id: str, locale: str | None, settings: HandoffSettings, alone: str | None = None
) -> tuple[NewMessage, ...]:
    """The notice that ``by`` has resolved a case, which also asks for a rating, where the company wants one.

    ``alone``: where others read the notice, the address of the customer who is asked in a message that only they see; empty
    where the channel has no such message: then nobody is asked.
    """
    closed = replace(notice, meta={**notice.meta, CASE_CLOSED: by, ASKED_CASE: case_id})
    question = say("rating_press" if alone else "rating_ask", locale, fallback=settings.default_locale)
    asks = {**closed.meta, ASKS_RATING: True}
    if settings.rating_seconds <= 0 or alone == "":
        return (closed,)
    if alone is None:
        return (replace(closed, text=f"{notice.text}\n\n{question}", meta=asks),)
    asks |= {DESK_NOTICE: "rating_ask", PRIVATELY: True, ANSWERS_TO: alone}
    return closed, replace(closed, text=question, meta=asks)


@dataclass(frozen=True, slots=True)
class Ratings:
    """A number is the rating, and what a customer writes next the comment; thanks alone are thanked for.

    What they write opens the conversation, as everything does; the reply resolves it again in the same commit that keeps the
    rating, so a crash before it leaves an open conversation with a message that is still to be looked at.

    A number that answers the question can be nothing else, however late it comes, and so can thanks; a comment can, so it is
    one only within ``rating_seconds``. What is beside the scale is asked for once more. A half is too: to round it would say
    what the customer did not.
    """

    cases: Cases
    account: str
    clock: Clock
    settings: HandoffSettings
    only_thanks: OnlyThanks | None = None

    async def rated(self, turn: TurnState) -> DeskReply | None:
        if turn.pending[0].action is CustomerAction.RATE:
            return await self._pressed(turn, turn.pending[0])
        asked = turn.last_told
        if asked is None or not are_words(turn.pending):
            return None
        case = await self._case(turn, asked)
        if case is None or case.closed_at is None:
            return None
        late = turn.pending[0].created_at > case.closed_at + timedelta(seconds=self.settings.rating_seconds)
        if asked.meta.get(ASKS_RATING) and (answered := self._answer(turn, case, asked, late=late)) is not None:
            return answered
        if asked.meta.get(ASKS_COMMENT) and not late:
            return self._comment(turn, case, asked)
        return self._thanked(turn, case, asked) if self._are_thanks(turn) else None

    async def _pressed(self, turn: TurnState, press: Message) -> DeskReply | None:
        """The conversation stays as it is. The same score again changes nothing; from the third on it is kept in silence."""
        case = await self.cases.case(str(press.meta.get("reply_to") or ""))
        found = rating_in(press.text)
        if case is None or case.conversation_id != turn.conversation.id or found is None:
            return None
        if (kept := await self.cases.rating(case.id)) is not None and kept[0] == found.score:
            return None
        keeps = (KeepRating(case.id, found.score),)
        earlier = (said for said in turn.history if said.action is CustomerAction.RATE)
        if len({said.text for said in earlier if said.meta.get("reply_to") == case.id}) > 1:
            return DeskReply(staff=ForStaff(cases=keeps))
        told = self._remark("staff_rated", score=str(found.score))
        staff = ForStaff((posts.in_thread(self.account, case.id, [told]),), keeps)
        return DeskReply((self._notice(turn, "rated_late", case, press),), staff=staff)

    async def _case(self, turn: TurnState, asked: Message) -> Case | None:
        """The one that was asked about, unless it is open again."""
        found = await self.cases.case(str(asked.meta.get(ASKED_CASE) or ""))
        return found if found is not None and found.conversation_id == turn.conversation.id else None

    def _answer(self, turn: TurnState, case: Case, asked: Message, *, late: bool) -> DeskReply | None:
        """To the question for a number."""
        read = turn.as_read().pending
        found = rating_of(read, None if self.only_thanks is None else partial(self._thanks_in, turn))
        if found is not None:
            return self._rating(turn, case, asked, found, late=late)
        if len(read) > 1 or not is_beside_the_scale(read[0].text):
            return None
        twice = bool(asked.meta.get(_ASKED_AGAIN))
        told = self._notice(turn, "commented" if twice else "rating_again", case, asked, ASKS_RATING, _ASKED_AGAIN)
        return self._reply(turn, case, (told,), self._relayed_posts(turn), [])

    def _rating(self, turn: TurnState, case: Case, asked: Message, found: Rating, *, late: bool) -> DeskReply:
        records: list[CaseRecord] = [KeepRating(case.id, found.score)]
        told = [self._remark("staff_rated", score=str(found.score))]
        if found.comment is not None:
            records.append(KeepComment(case.id, found.comment))
            told.append(self._remark("staff_commented", comment=found.comment))
            return self._reply(turn, case, (self._notice(turn, "commented", case, asked),), told, records)
        thanks = ("rated_late",) if late else ("rated", ASKS_COMMENT)
        return self._reply(turn, case, (self._notice(turn, thanks[0], case, asked, *thanks[1:]),), told, records)

    def _comment(self, turn: TurnState, case: Case, asked: Message) -> DeskReply | None:
        comment = comment_of([message.text for message in turn.pending])
        if comment is None:
            return None
        told = [self._remark("staff_commented", comment=comment)]
        thanks = self._notice(turn, "commented", case, asked)
        return self._reply(turn, case, (thanks,), told, [KeepComment(case.id, comment)])

    def _thanked(self, turn: TurnState, case: Case, asked: Message) -> DeskReply:
        """What they said is shown to staff. It is answered once; whoever goes on thanking is left in peace."""
        if asked.meta.get(DESK_NOTICE) == _THANKED:
            return self._reply(turn, case, (), self._relayed_posts(turn), [])
        still = [asks for asks in (ASKS_RATING, _ASKED_AGAIN) if asked.meta.get(asks)]
        return self._reply(
            turn, case, (self._notice(turn, _THANKED, case, asked, *still),), self._relayed_posts(turn), []
        )

    def _are_thanks(self, turn: TurnState) -> bool:
        return all(self._thanks_in(turn, message.text) for message in turn.as_read().pending if message.text.strip())

    def _thanks_in(self, turn: TurnState, text: str) -> bool:
        if self.only_thanks is None:
            return False
        names = {said.author_name for said in turn.history if said.author is Author.STAFF and said.author_name}
        names |= {str(said.meta[CASE_CLOSED]) for said in turn.history if said.meta.get(CASE_CLOSED)}
        names |= {turn.customer.display_name} if turn.customer.display_name else set()
        return self.only_thanks(text, names)

    def _reply(
        self,
        turn: TurnState,
        case: Case,
        messages: tuple[NewMessage, ...],
        told: Sequence[NewMessage],
        records: Sequence[CaseRecord],
    ) -> DeskReply:
        staff = ForStaff((posts.in_thread(self.account, case.id, told),), tuple(records))
        resolved = Transition(OwnershipEvent.RESOLVE, reopen_within=self._left(case))
        return DeskReply(messages, staff=staff, transition=resolved)

    def _left(self, case: Case) -> float | None:
        """Of the time in which the customer comes back to staff: to rate does not make it longer."""
        assert case.closed_at is not None
        since = (self.clock.now() - case.closed_at).total_seconds()
        return max(0.0, self.settings.reopen_seconds - since) or None

    def _notice(self, turn: TurnState, key: str, case: Case, asked: Message, *asks: str) -> NewMessage:
        """What comes next may again be about nothing but the case, which stays closed. Who was asked alone is answered alone."""
        text = say(key, known_locale(turn), fallback=self.settings.default_locale)
        closed = {CASE_CLOSED: asked.meta.get(CASE_CLOSED) or "", ASKED_CASE: case.id}
        alone = {PRIVATELY: True} if PRIVATELY in asked.meta or asked.action is CustomerAction.RATE else {}
        meta = {DESK_NOTICE: key, **closed, **alone, **dict.fromkeys(asks, True)}
        return NewMessage(Author.SYSTEM, text, MessageKind.NOTICE, meta=meta)

    def _relayed_posts(self, turn: TurnState) -> list[NewMessage]:
        return [posts.customer_post(message) for message in with_names(turn).pending]

    def _remark(self, key: str, *, score: str = "", comment: str = "") -> NewMessage:
        return posts.remark(say(key, self.settings.staff_locale, score=score, comment=" ".join(comment.split())))
