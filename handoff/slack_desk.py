"""The desk of a company whose staff are in Slack: customers write into a thread, and what its owner writes there comes out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from channels.slack.place import Place
from core.domain.case import BY_STAFF, Case
from core.domain.conversation import Escalation, OwnershipEvent, OwnershipState, Sharing
from core.domain.customer import ContactDetails, Customer
from core.domain.errors import NotYet
from core.domain.keys import EventKey
from core.domain.messages import SHARED, Author, Change, ChangeKind, Message, StaffAction
from core.domain.ticket import TicketStatus
from core.ports.desk import DeskReply, ForStaff, without_ratings
from core.ports.store import CloseCase, CrossConversationWrite, NewMessage, OpenCase, Transition, TurnOutcome, TurnState
from handoff import posts, tickets
from handoff.customer_language import known_locale
from handoff.desk_parts import DeskParts
from handoff.mood.mood import mood_in_words
from handoff.people import name_of_sender, sender_of
from handoff.places import is_renamed, name_of, place_of, with_names
from handoff.policy import moods_of, reason_in
from handoff.rating.ratings import Ratings
from handoff.records import last_said
from handoff.settings import HandoffSettings
from handoff.teams import target_for, team_for
from handoff.texts import say
from handoff.thread.asking import Asking, is_asking
from handoff.thread.form_turn import FormTurn
from handoff.thread.to_line import with_choice
from handoff.tickets import CaseTickets
from handoff.waits.case_rules import Changes, ShownCase, colleague_answered, customer_wrote
from handoff.waits.due_answers import timer_of
from handoff.waits.moved_cases import case_again
from handoff.waits.notices import Notices
from handoff.waits.owner_gone import RELEASED, is_gone, released
from handoff.waits.unstaffed_desk import UnstaffedDesk
from handoff.waits.waiting import Waiting

_SHOWN = 39
"""Messages of a conversation with which a case that staff open is told: all that a card shows but the one that it is about."""
_AGAIN = 0.3
_MOST_MERGED = 20


class SlackDesk:
    """Implements Desk. It decides and writes nothing: all that follows is committed with the turn that it belongs to."""

    def __init__(self, parts: DeskParts, settings: HandoffSettings) -> None:
        self._parts = parts
        self._settings = settings
        self._words = UnstaffedDesk(settings)
        self._tickets = CaseTickets(parts.tickets, settings)

    def leaves_to_agent(self, turn: TurnState) -> bool:
        """See Desk.leaves_to_agent: staff read everything that a queued customer writes."""
        return False

    def contact(self, turn: TurnState) -> ContactDetails | None:
        return self._words.contact(turn)

    def transfer_notice(self, turn: TurnState) -> NewMessage:
        """See Desk.transfer_notice: outside the hours with the true next opening."""
        return self._transfer(turn, team_for(turn, self._settings.teams))

    def _transfer(self, turn: TurnState, team: str | None) -> NewMessage:
        return self._notices(self._settings.for_team(team)).transfer(turn, self.contact(turn))

    async def with_ticket(self, turn: TurnState, notice: NewMessage) -> NewMessage:
        """See Desk.with_ticket. A case that goes on keeps its ticket and its team, whose hours the notice tells."""
        last, facts = await self._last_case(turn)
        if last is None or facts is None:
            return await self._tickets.told(turn, notice, last.number + 1 if last else 1)
        told = replace(self._transfer(turn, facts.get("team")), meta=notice.meta)
        return await self._tickets.told(turn, told, last.number)

    def taken_back_notice(self, turn: TurnState) -> NewMessage:
        return self._words.taken_back_notice(turn)

    async def opened(self, turn: TurnState, escalation: Escalation, said: Sequence[NewMessage]) -> ForStaff:
        """See Desk.opened: the card, and below it what was said so far; or the last case again, with what was said since."""
        last, facts = await self._last_case(turn)
        if last is None or facts is None:
            return await self._open(with_names(turn), escalation, said, last)
        return await self._again(
            with_names(turn), last, facts, reason_in(escalation, self._settings.staff_locale), said
        )

    async def relay(self, turn: TurnState) -> DeskReply:
        """See Desk.relay: into the thread, in order; what happened to earlier messages as well."""
        renamed, turn = is_renamed(turn), with_names(turn)
        case = await self._parts.cases.open_case(turn.conversation.id)
        if case is None:
            return await self._caseless(turn)
        told, facts = await self._relayed_posts(turn), _named(await self._facts(case.id), turn.customer)
        settings = self._settings.for_case(facts)
        waiting = self._waiting(settings)
        wrote = await self._wrote(turn, case.id, facts, settings)
        if turn.pending and await is_gone(turn.conversation, self._parts.people):
            facts = _reachable({**facts, **wrote.facts}, turn.customer.contact)
            more, freed = await released(
                case, turn.conversation, facts, self._parts.people, settings, waiting, waits=True
            )
            for_staff = ForStaff((self._in_thread(case.id, told + more),), (*wrote.records, *freed))
            return DeskReply((), self.contact(turn), for_staff, RELEASED)
        contact = self.contact(turn)
        queued = turn.conversation.state is OwnershipState.QUEUED
        said = self._notices(settings).relayed(turn, contact) if queued else ()
        told += [posts.remark(say(key, self._settings.staff_locale)) for key in wrote.remarks]
        told += [posts.hub_post(message) for message in said]
        left = contact if contact is not None and contact != turn.customer.contact else None
        if renamed or left is not None or wrote.remarks:
            facts = _reachable({**facts, **wrote.facts}, left or ContactDetails())
            owner = turn.conversation.owner
            name = await self._parts.people.called(owner) if owner else None
            told.append(posts.card_now(facts, turn.conversation.state, name))
        return DeskReply(said, contact, ForStaff((self._in_thread(case.id, told),), wrote.records))

    async def _relayed_posts(self, turn: TurnState) -> list[NewMessage]:
        """What the customer said and did, in order. What was edited before anybody read it is read as it is now.

        Of very much at once the first is shown, and how much more there is.
        """
        unread = {message.id for message in turn.pending}
        unread |= {one.message.id for one in turn.changes if one.kind is ChangeKind.SAID}
        changes = [one for one in turn.changes if one.kind is not ChangeKind.EDITED or _is_news(one.message, unread)]
        copies = await self._parts.cases.copies([change.message.id for change in changes])
        shown = [(message.seq, posts.customer_post(message)) for message in turn.pending]
        for change in changes:
            shown += [(change.seq, post) for post in self._what_became(change, copies.get(change.message.id))]
        return posts.limit_posts(
            [post for _, post in sorted(shown, key=lambda one: one[0])], self._settings.staff_locale
        )

    def _what_became(self, change: Change, copy_id: str | None) -> list[NewMessage]:
        if change.kind is ChangeKind.ENDED:
            return [posts.remark(say("staff_customer_ended", self._settings.staff_locale))]
        if change.kind is ChangeKind.FILES:
            return posts.late_file_posts(change.message)
        if change.kind is ChangeKind.SAID:
            return [] if change.message.deleted_at is not None else [posts.customer_post(change.message)]
        return [posts.change_post(change, copy_id)]

    async def taken_back(self, turn: TurnState, said: Sequence[NewMessage]) -> ForStaff:
        turn = with_names(turn)
        case = await self._parts.cases.last_case(turn.conversation.id)
        if case is None:
            return ForStaff()
        told = await self._relayed_posts(turn)
        told.append(posts.remark(say("staff_taken_back", self._settings.staff_locale)))
        told.append(posts.card_now(await self._facts(case.id), OwnershipState.BOT, None))
        return ForStaff((self._in_thread(case.id, told),), (CloseCase(case.id), tickets.withdrawn(case.id)))

    async def rated(self, turn: TurnState) -> DeskReply | None:
        parts = self._parts
        ratings = Ratings(parts.cases, parts.desk_channel.account, parts.clock, self._settings, parts.only_thanks)
        return await ratings.rated(turn)

    async def staff(self, turn: TurnState) -> TurnOutcome:
        parts = self._parts
        if turn.pending and turn.pending[0].action is StaffAction.OPEN_CASE:
            return await self._opened_by_staff(turn, turn.pending[0])
        case_id = await parts.desk_channel.case_of(turn.conversation.key)
        case = await parts.cases.case(case_id) if case_id else None
        conversation = await parts.records.conversation(case.conversation_id) if case else None
        customer = await parts.records.customer(case.conversation_id, case.id) if case else None
        if case is None or conversation is None or customer is None:
            over = posts.remark(say("staff_inside_over", self._settings.staff_locale))
            told = (self._in_thread(case.id, [over]),) if case is not None and turn.pending else ()
            return TurnOutcome(turn.claim, handled_seq=turn.conversation.last_seq, cross_writes=told)
        if is_asking(turn):
            return await self._asked(turn if parts.files is None else await parts.files(turn), case)
        facts = _reachable(await self._facts(case.id), customer.contact)
        settings, channel = self._settings.for_case(facts), parts.channels.get(conversation.key.channel)
        conversation = replace(conversation, locale=await parts.locale_of(conversation, customer))
        chooses = conversation.shared is Sharing.SOMETIMES or (channel is not None and channel.chosen_readers)
        turn = with_choice(turn) if chooses else turn
        decide = partial(FormTurn, turn, case, conversation, customer, facts=facts, desk=parts, settings=settings)
        return await decide(waiting=self._waiting(settings), split_off=self._split_off).outcome()

    async def _opened_by_staff(self, turn: TurnState, order: Message) -> TurnOutcome:
        """Raises NotYet while something of the customer's is not dealt with: it is shown with the case, or opens one itself.

        The customer, who has not asked for anybody, is told nothing, and not that it takes longer either.
        """
        parts, locale = self._parts, self._settings.staff_locale
        key = Place.of(turn.conversation.key.thread).conversation(turn.conversation.key.account)
        home = await parts.records.conversation(key.conversation_id)
        who, at = sender_of(order), str(order.meta.get("reply_to") or "")
        about = await parts.cases.said_with(EventKey(key.channel, key.account, at))
        if home is None or about is None or about.conversation_id != home.id or about.author is not Author.CUSTOMER:
            told = [posts.direct(who, say("staff_open_nobody", locale))]
            return TurnOutcome(turn.claim, order.seq, cross_writes=(self._in_thread(f"order.{order.id}", told),))
        if home.done_seq < home.last_seq:
            raise NotYet("What the customer wrote is not dealt with yet.", seconds=_AGAIN)
        last = await parts.cases.last_case(home.id)
        if home.state in (OwnershipState.QUEUED, OwnershipState.STAFF):
            told = [posts.direct(who, say("staff_open_already", locale))]
            already = (self._in_thread(last.id, told),) if last is not None else ()
            return TurnOutcome(turn.claim, handled_seq=order.seq, cross_writes=already)
        said = await last_said(parts.records, home, _SHOWN)
        said = said if any(one.id == about.id for one in said) else (about, *said)
        customer = await parts.records.customer(home.id, customer_id=about.customer_id)
        if customer is None:
            return TurnOutcome(turn.claim, handled_seq=order.seq)
        name = await name_of_sender(parts.people, order, locale)
        team, urgency, note = tickets.new_case_in(order.text)
        reason = say("staff_opened_by", locale, name=name)
        escalation = Escalation(reason, requested_by=BY_STAFF, urgency=urgency)
        state = _as_read(replace(turn, conversation=home, customer=customer), said)
        opened = await self._open(state, escalation, (), last, team)
        link = parts.link(at) if parts.link else None
        added = [posts.note(name, "\n".join(filter(None, (link, note))))] if link or note else []
        feed_of_case = opened.cross_writes[0]
        told = [*feed_of_case.messages, *added, posts.direct(who, say("staff_open_done", locale))]
        escalates = Transition(OwnershipEvent.ESCALATE, escalation=escalation, actor=who)
        cross_writes = (
            replace(feed_of_case, messages=tuple(told)),
            CrossConversationWrite(key, (), escalates, ownership_epoch=home.ownership_epoch),
        )
        return TurnOutcome(turn.claim, handled_seq=order.seq, cross_writes=cross_writes, cases=opened.cases)

    async def _asked(self, turn: TurnState, case: Case) -> TurnOutcome:
        if self._parts.agent is None:
            return TurnOutcome(turn.claim, handled_seq=turn.conversation.last_seq)
        return await Asking(self._parts.agent, self._parts, self._settings).outcome(turn, case)

    async def _last_case(self, turn: TurnState) -> tuple[Case | None, Mapping[str, Any] | None]:
        """The conversation's last case; with what stands on its card where it goes on, because its customer comes back to it."""
        last = await self._parts.cases.last_case(turn.conversation.id)
        if last is None or last.closed_at is None or not turn.comes_back:
            return last, None
        facts = await self._facts(last.id)
        return last, facts if facts.get("customer_id") in (None, turn.customer.id) else None

    async def _caseless(self, turn: TurnState) -> DeskReply:
        """People have it, and no case is open: it is of a time before the desk was there."""
        last = await self._parts.cases.last_case(turn.conversation.id)
        if last is None:
            escalation = Escalation(say("staff_reopened", self._settings.staff_locale), requested_by="customer")
            notice = await self._tickets.told(turn, self.transfer_notice(turn), 1)
            return DeskReply((notice,), self.contact(turn), await self._open(turn, escalation, (notice,), None))
        facts = await self._facts(last.id)
        again = await self._again(turn, last, facts, "", ())
        return DeskReply((self._transfer(turn, facts.get("team")),), self.contact(turn), again)

    async def _again(
        self, turn: TurnState, last: Case, facts: Mapping[str, Any], reason: str, said: Sequence[NewMessage]
    ) -> ForStaff:
        """The last case is open again: in its thread stands what was said and altered since it was closed, and ``said``."""
        since = last.closed_at or last.opened_at
        altered = tuple(change for one in turn.history if (change := _altered(one, since, turn.conversation.last_seq)))
        told: list[NewMessage] = []
        if not facts:  # an earlier desk had it
            number, locale = await self._tickets.number(last.id), self._settings.staff_locale
            told += case_again(last, turn.conversation, turn.customer, turn.history, number, locale)
            facts = told[0].meta["facts"]
        told.append(posts.remark(f"{say('staff_reopened', self._settings.staff_locale)} {reason}".rstrip()))
        told += posts.transcript(without_ratings(one for one in turn.history if one.created_at > since))
        told += await self._relayed_posts(replace(turn, changes=(*turn.changes, *altered)))
        told += [posts.hub_post(message) for message in said]
        merged = facts.get("merged")
        facts = {name: value for name, value in facts.items() if name != "merged"}  # from now on it goes on by itself
        told.append(posts.card_now(_named(facts, turn.customer), OwnershipState.QUEUED, None))
        waiting = self._waiting(self._settings.for_case(facts))
        waits = (*waiting.for_anybody(last.id), *waiting.answers.begin(last.id), *waiting.assign(last.id, now=True))
        records = (OpenCase(last), tickets.reopened(last.id), *waits)
        elsewhere = []
        if merged:  # whoever works on the case that goes on has to know
            into, locale = await self._goes_on(last.id, merged), self._settings.staff_locale
            told.append(posts.link_to_case(into["case"], say("staff_merged_again", locale, case=str(facts["ticket"]))))
            there = say("staff_goes_on_there", locale, case=into["ticket"])
            elsewhere = [self._in_thread(into["case"], [posts.link_to_case(last.id, there)])]
        return ForStaff((self._in_thread(last.id, told), *elsewhere), records)

    async def _goes_on(self, case_id: str, into: Mapping[str, str]) -> Mapping[str, str]:
        """Follow merges from ``into`` to the first open case, and return that; the last case where none of them is open."""
        seen = {case_id, into["case"]}
        while (case := await self._parts.cases.case(into["case"])) is None or case.closed_at is not None:
            further = (await self._facts(into["case"])).get("merged")
            if not further or further["case"] in seen or len(seen) > _MOST_MERGED:
                break
            into = further
            seen.add(into["case"])
        return into

    async def _facts(self, case_id: str) -> Mapping[str, Any]:
        return await self._parts.cases.card(self._parts.desk_channel.account, case_id)

    async def _open(
        self,
        turn: TurnState,
        escalation: Escalation,
        said: Sequence[NewMessage],
        earlier: Case | None,
        team: str | None = None,
        subject: str = "",
        fields: Mapping[str, str] | None = None,
    ) -> ForStaff:
        """``earlier``: the conversation's case before. ``team``: which staff chose. ``subject``: of a case that they split off
        ``earlier``; ``fields``: what its ticket says of that one.
        """
        conversation, settings, locale = turn.conversation, self._settings, self._settings.staff_locale
        escalation = replace(escalation, reason=reason_in(escalation, locale))
        number, reason = earlier.number + 1 if earlier else 1, escalation.reason
        id_, by, at = Case.named(conversation.id, number), escalation.requested_by, self._parts.clock.now()
        case = Case(id_, conversation.id, number, reason, by, escalation.urgency, opened_at=at)
        team = self._team(turn, team)
        ticket = await self._tickets.opened(case, turn, team, subject)
        mood = mood_in_words(moods_of(turn.with_history_of_author(), settings.mood_words), locale)
        stranger = say("staff_stranger", locale)
        target = target_for(settings.targets, turn.customer, place_of(conversation.key), team).name
        more = {"team": team, "target": target, "fields": fields}
        card = posts.card(case, conversation, turn.customer, escalation, stranger, ticket.number, mood, earlier, **more)
        told = await self._parts.briefing.posts(card, turn, said, locale)
        line = say("staff_continued", locale, case=ticket.number, text=subject) if subject else None
        told += [posts.link_to_case(earlier.id, line)] if earlier else []
        waiting = self._waiting(settings.for_team(team, target))
        waits = (
            *waiting.for_anybody(case.id, told=not case.opened_by_staff),
            *waiting.answers.begin(case.id, first=True),
            *waiting.assign(case.id, now=True),
        )
        records = (OpenCase(case), ticket, *waits)
        return ForStaff((self._in_thread(case.id, posts.first_of_case(told)),), records)

    def _team(self, turn: TurnState, chosen: str | None) -> str | None:
        return chosen if chosen in [one.name for one in self._settings.teams] else team_for(turn, self._settings.teams)

    async def _split_off(
        self, order: TurnState, case: Case, escalation: Escalation, into: ShownCase, team: str | None, subject: str
    ) -> tuple[ForStaff, NewMessage]:
        """See SplitsOff."""
        turn = _as_read(order, await last_said(self._parts.records, order.conversation, _SHOWN))
        team = self._team(turn, team)
        notice = self._notices(self._settings.for_team(team)).split(known_locale(turn), into.ticket)
        return await self._open(turn, escalation, (notice,), case, team, subject, into.facts["fields"]), notice

    async def _wrote(
        self, turn: TurnState, case_id: str, facts: Mapping[str, Any], settings: HandoffSettings
    ) -> Changes:
        """What the customer's words change, and a colleague's where the customer reads them."""
        case = ShownCase(case_id, facts, turn.conversation.state is OwnershipState.STAFF)
        waiting, pending = self._waiting(settings), case.status is TicketStatus.PENDING
        timer = timer_of(await self._parts.cases.timers(case_id)) if settings.targets else None
        wrote = customer_wrote(case, waiting, timer if pending else None) if turn.pending else Changes()
        said = [one.message for one in turn.changes if one.kind is ChangeKind.SAID and SHARED in one.message.meta]
        answers = [one.sent_at for one in said if one.deleted_at is None]
        if not answers:
            return wrote
        case = replace(case, facts={**facts, **wrote.facts})
        return replace(wrote, records=(*wrote.records, *colleague_answered(case, answers[-1], waiting, timer)))

    def _waiting(self, settings: HandoffSettings) -> Waiting:
        return Waiting(settings, self._parts.clock.now())

    def _notices(self, settings: HandoffSettings) -> Notices:
        return Notices(settings, self._parts.clock.now())

    def _in_thread(self, case_id: str, told: Sequence[NewMessage]) -> CrossConversationWrite:
        return posts.in_thread(self._parts.desk_channel.account, case_id, told)


def _as_read(turn: TurnState, said: Sequence[Message]) -> TurnState:
    """A turn of staff's as if it were one of the customer's conversation, of which nothing is pending."""
    return with_names(replace(turn, pending=(), changes=(), history=tuple(said), files=()))


def _reachable(facts: Mapping[str, Any], contact: ContactDetails) -> Mapping[str, Any]:
    """What stands on the card, with what the customer has left since."""
    left = {name: value for name, value in (("email", contact.email), ("phone", contact.phone)) if value}
    return {**facts, **left}


def _named(facts: Mapping[str, Any], customer: Customer) -> Mapping[str, Any]:
    """What stands on the card, with the name of its customer. Another may write in the same conversation."""
    name = name_of(customer, facts.get("address"))
    return {**facts, "customer": name} if name and facts.get("customer_id") == customer.id else facts


def _altered(message: Message, since: datetime, seq: int) -> Change | None:
    """What the customer did to a message that staff have read in a case, while that was closed. ``seq``: a place behind it."""
    if message.author is not Author.CUSTOMER or message.created_at > since:
        return None
    if message.deleted_at is not None and message.deleted_at > since:
        return Change(ChangeKind.DELETED, seq, message)
    is_edited = message.edited_at is not None and message.edited_at > since
    return Change(ChangeKind.EDITED, seq, message) if is_edited else None


def _is_news(edited: Message, unread: Collection[str]) -> bool:
    """Whether anybody has read it as it was, and can read it still."""
    return edited.deleted_at is None and edited.id not in unread
