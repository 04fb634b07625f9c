"""Forward staff's messages to a customer who left the web page, by e-mail or SMS.

A timer of the case looks for messages that the customer has not seen. It only decides; the commit fails when the customer came
back or anybody wrote in the meantime, and the timer decides again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import dropwhile

from core.domain.case import Case
from core.domain.contact_route import Contacted, ContactRoute
from core.domain.conversation import Conversation
from core.domain.customer import Customer
from core.domain.messages import SENT_BY, Author, Message, MessageKind
from core.domain.timers import Timer, TimerKind
from core.ports.desk import DESK_NOTICE
from core.ports.follow_ups import ContactRoutes, FollowUps, Unseen
from core.ports.outcomes import CrossConversationWrite, FollowUp, NewMessage, SetTimer
from core.ports.timers import DecideTimer, TimerDecision
from handoff import posts
from handoff.desk_parts import DeskParts
from handoff.settings import HandoffSettings
from handoff.texts import by_way, masked, say
from handoff.thread.altering import as_corrected
from handoff.waits.notices import CLOSED_SILENT, NUDGED

_ALONE = frozenset({NUDGED, CLOSED_SILENT})
"""The desk's notices that go to a customer also where nothing of a person's goes with them."""
_NOTICES = _ALONE | {"handed_back", "resolved"}
"""The desk's notices that still make sense an hour later."""
_GONE = "gone"
"""The detail of a timer that checks whether an earlier follow-up was sent."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What is to be decided on. ``said``: what the customer should read. ``locale``: theirs."""

    timer: Timer
    case: Case
    conversation: Conversation
    customer: Customer
    seen: Unseen
    said: tuple[Message, ...] = ()
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class FollowUpTimers:
    """Around another decider: what is not its own kind is passed on. ``company``: as the customer knows it.

    ``by_sender``: channels on which an answer is known by nothing but whom it comes from (core.domain.capabilities.AnswersBy);
    they are those for few words.
    """

    others: DecideTimer
    desk: DeskParts
    follow_ups: FollowUps
    routes: ContactRoutes
    settings: HandoffSettings
    company: str
    by_sender: Collection[str] = ()

    async def decide(self, timer: Timer) -> TimerDecision:
        """Raises StoreUnavailable."""
        if timer.kind is not TimerKind.FOLLOW_UP:
            return await self.others(timer)
        case = await self.desk.cases.case(timer.case_id)
        conversation = await self.desk.records.conversation(timer.conversation_id)
        customer = await self.desk.records.customer(timer.conversation_id, timer.case_id)
        if case is None or conversation is None or customer is None:
            return TimerDecision()
        found = _Found(timer, case, conversation, customer, await self.follow_ups.unseen(conversation.id))
        if conversation.ended_at is not None:
            return self._after_end(found)
        decision = await self._decide_unseen(found)
        if timer.detail == _GONE:
            stuck = [
                cross_write for cross_write in await self._overdue(found) if cross_write not in decision.cross_writes
            ]
            decision = replace(decision, cross_writes=(*decision.cross_writes, *stuck))
        return self._keep_watching(found, decision)

    def _keep_watching(self, found: _Found, decision: TimerDecision) -> TimerDecision:
        """Set the timer again when staff wrote meanwhile: their message set none, because this one was pending."""
        if decision.cases or not found.seen.coming or not self.settings.follow_up_seconds:
            return decision
        again = SetTimer(found.case.id, TimerKind.FOLLOW_UP, self.settings.follow_up_seconds)
        return replace(decision, cases=(again,))

    async def _overdue(self, found: _Found) -> tuple[CrossConversationWrite, ...]:
        """Tell staff that a follow-up is stuck in a paused account, which nobody else reports until it works again."""
        going = await self.follow_ups.going(found.conversation.id)
        if going is None or not await self.follow_ups.lane_paused(*going):
            return ()
        return (
            self._remark(found, self._say("staff_follow_up_paused", way=by_way(going[0], self.settings.staff_locale))),
        )

    async def _decide_unseen(self, found: _Found) -> TimerDecision:
        words = worth_reading(found.seen)
        if not words or not self.settings.follow_up_seconds:
            return TimerDecision((self._home(found),))
        waited = self.desk.clock.now().timestamp() - words[0][1]
        if waited < self.settings.follow_up_seconds:
            return self._try_later(found, self.settings.follow_up_seconds - waited)
        locale = await self.desk.locale_of(found.conversation, found.customer)
        said = tuple(message for message, _ in words)
        return await self._choose_route(replace(found, said=said, locale=locale))

    async def _choose_route(self, found: _Found) -> TimerDecision:
        """Choose the first route whose account works; e-mail comes before SMS."""
        ways = self.routes(found.customer.contact, found.conversation.key)
        routes = [one for one in ways if not await self._belongs_to_another(one)]
        if not routes:
            left = "no_road" if found.customer.contact else "no_address"
            return self._remark_once(found, self._say(f"staff_follow_up_{left}"))
        working = [one for one in routes if not await self.follow_ups.lane_paused(one.key.channel, one.key.account)]
        if not working:
            return self._wait_for_lane(found, routes[0])
        route = working[0]
        contacted = await self.follow_ups.contacted(route)
        if contacted.unanswered >= self.settings.follow_ups:
            count, address = str(contacted.unanswered), masked(route.address)
            return self._remark_once(found, self._say("staff_follow_up_enough", count=count, address=address))
        since = self.desk.clock.now().timestamp() - contacted.sent_at
        if since < self.settings.follow_up_seconds:
            return self._try_later(found, self.settings.follow_up_seconds - since)
        return self._send(found, route, contacted)

    async def _belongs_to_another(self, route: ContactRoute) -> bool:
        """A number whose owner writes to us already: whether that is the customer on the page, nobody knows, and an answer from
        there would be taken for a word in the owner's own conversation.
        """
        return route.key.channel in self.by_sender and await self.follow_ups.is_at_home(route)

    def _send(self, found: _Found, route: ContactRoute, contacted: Contacted) -> TimerDecision:
        """Staff are told when it has gone (see delivery_marks), and not before; and when it should have, and has not."""
        brief = route.key.channel in self.by_sender
        fallback = self.settings.default_locale
        message = follow_up(found.said, route, found.locale, fallback, self.company, brief=brief)
        home = self._home(found, followed=True, route=route, contacted=contacted, messages=(message,))
        look = SetTimer(found.case.id, TimerKind.FOLLOW_UP, self.settings.follow_up_seconds, detail=_GONE)
        return TimerDecision((home,), (look,))

    def _try_later(self, found: _Found, seconds: float, stage: int = 0) -> TimerDecision:
        again = SetTimer(found.case.id, TimerKind.FOLLOW_UP, seconds, stage=stage)
        return TimerDecision((self._home(found),), (again,))

    def _remark_once(self, found: _Found, text: str) -> TimerDecision:
        """Send nothing, and tell staff why, once for the messages that are unseen now."""
        return TimerDecision((self._home(found, followed=True), self._remark(found, text)))

    def _after_end(self, found: _Found) -> TimerDecision:
        """Forward nothing after the end; tell staff if the page showed their message as sent."""
        unseen = any(message.author is Author.STAFF for message, _ in worth_reading(found.seen))
        return self._remark_once(found, self._say("staff_ended_unseen")) if unseen else TimerDecision()

    def _wait_for_lane(self, found: _Found, route: ContactRoute) -> TimerDecision:
        """Tell staff once that the account is paused, and keep trying."""
        decision = self._try_later(found, self.settings.follow_up_seconds, stage=found.timer.stage + 1)
        if found.timer.stage:
            return decision
        told = self._say("staff_follow_up_paused", way=by_way(route.key.channel, self.settings.staff_locale))
        return TimerDecision((*decision.cross_writes, self._remark(found, told)), decision.cases)

    def _say(self, key: str, *, way: str = "", count: str = "", address: str = "") -> str:
        return say(key, self.settings.staff_locale, way=way, count=count, address=address)

    def _remark(self, found: _Found, text: str) -> CrossConversationWrite:
        return posts.in_thread(self.desk.desk_channel.account, found.case.id, [posts.remark(text)])

    def _home(
        self,
        found: _Found,
        *,
        followed: bool = False,
        route: ContactRoute | None = None,
        contacted: Contacted | None = None,
        messages: tuple[NewMessage, ...] = (),
    ) -> CrossConversationWrite:
        """It holds only while the conversation is as it was found, and nobody has been shown anything since."""
        seen = found.seen
        done = max(message.seq for message, _ in seen.messages) if followed else None
        follow = FollowUp(seen.last_seq, seen.shown_cursor, done, route, contacted or Contacted())
        epoch = found.conversation.ownership_epoch
        return CrossConversationWrite(found.conversation.key, messages, ownership_epoch=epoch, follow_up=follow)


def worth_reading(seen: Unseen) -> Sequence[tuple[Message, float]]:
    """From the first words of a person on, each with when it could have been seen; what went elsewhere already is left out.

    What was corrected since is in it as it is right.
    """
    shown_at = {message.id: at.timestamp() for message, at in seen.messages}
    right = as_corrected([message for message, _ in seen.messages])
    said = [(message, shown_at[message.id]) for message in right if SENT_BY not in message.meta]
    theirs = [one for one in said if one[0].author is Author.STAFF or one[0].meta.get(DESK_NOTICE) in _NOTICES]
    return list(
        dropwhile(lambda one: one[0].author is not Author.STAFF and one[0].meta[DESK_NOTICE] not in _ALONE, theirs)
    )


def follow_up(
    said: Sequence[Message], route: ContactRoute, locale: str | None, fallback: str, company: str, *, brief: bool
) -> NewMessage:
    """All of it in one, with a sentence on why it comes. ``brief``: in as few words as that can be said."""
    kind = "follow_up_sms" if brief else "follow_up_email"
    names = list(dict.fromkeys(message.author_name or "" for message in said if message.author is Author.STAFF))
    named = brief or len(names) > 1
    parts = [
        say(kind, locale, fallback=fallback, company=company),
        *(_words(message, named=named) for message in said),
        say(f"{kind}_end", locale, fallback=fallback),
    ]
    return NewMessage(
        Author.STAFF,
        "\n\n".join(part for part in parts if part),
        MessageKind.FOLLOW_UP,
        author_name=None if named else next(iter(names), None) or None,
        attachments=tuple(file for message in said for file in message.attachments if file.storage_key),
        meta={"subject": say("follow_up_subject", locale, fallback=fallback, company=company)},
        route=route,
        followed=True,
    )


def _words(message: Message, *, named: bool) -> str:
    text = message.text.strip()
    if not text:
        return ""
    return f"{message.author_name}: {text}" if named and message.author_name else text
