"""What staff wrote and pressed in one case's thread, one after the other, as what is committed for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from core.domain.attachments import Attachment, human_size
from core.domain.case import DECIDED_ELSEWHERE, OWNED_SINCE, Case, feed
from core.domain.conversation import Escalation, OwnershipEvent, OwnershipState, Sharing, next_state
from core.domain.errors import NotYet
from core.domain.messages import LEFT_OUT, Author, Change, ChangeKind, Message, MessageKind, StaffAction
from core.domain.ticket import TicketStatus
from core.domain.timers import TimerKind
from core.ports.desk import HANDED_BACK
from core.ports.outcomes import SetTimer
from core.ports.store import CrossConversationWrite, NewMessage, Transition, TurnOutcome
from handoff import posts
from handoff.rating.ratings import with_question
from handoff.texts import quoted, say
from handoff.thread.correcting_turn import ON_ITS_WAY, CorrectingTurn, Person
from handoff.thread.merging import other_case
from handoff.thread.spoken_order import AHEAD, as_spoken, done_of, written_later
from handoff.tickets import LONGEST_SUBJECT, new_case_in
from handoff.waits.case_rules import PAUSING, ShownCase, case_ended, may_merge, may_split, merged, split
from handoff.waits.due_answers import timer_of
from handoff.waits.waiting import OFFERED

_SNOOZE, _MERGE, _SPLIT = StaffAction.SNOOZE, StaffAction.MERGE, StaffAction.SPLIT
_STATES = (OwnershipState.QUEUED, OwnershipState.STAFF)
_EVENTS = {
    StaffAction.CLAIM: OwnershipEvent.CLAIM,
    StaffAction.TAKE_OVER: OwnershipEvent.CLAIM,
    StaffAction.RELEASE: OwnershipEvent.RELEASE,
    StaffAction.RELEASE_SILENT: OwnershipEvent.RELEASE,
    StaffAction.HAND_BACK: OwnershipEvent.HAND_BACK,
    StaffAction.RESOLVE: OwnershipEvent.RESOLVE,
}
_ORDERS = {"👀": StaffAction.CLAIM, "✅": StaffAction.RESOLVE}
"""Emoji on a case's card by which staff claim and resolve, where the settings want it."""


class StaffTurn(CorrectingTurn):
    """Goes through what is pending until the conversation changes hands: what comes behind that is another turn's.

    It is decided on what the conversation was when it was read; when it has moved by the time of the commit, nothing is
    written and all of it is decided anew.
    """

    async def outcome(self) -> TurnOutcome:
        """Raises NotYet while the first that is to be done waits for something: the agent's words that are on their way, which
        a claim must not overtake, or a file. What stands before that does not wait with it.
        """
        handled = await self._go_through(self._items())
        self._follow_up()
        told = self._thread or self._customers  # with nothing to say itself, it is where a translation is shown
        cross_writes = [posts.in_thread(self._account, self._case.id, self._thread)] if told else []
        if self._customers or self._transition is not None or self._recalls or self._records:
            cross_writes.append(
                CrossConversationWrite(
                    self._conversation.key,
                    await self._addressing.all(self._customers, self._turn.pending),
                    self._transition,
                    ownership_epoch=self._conversation.ownership_epoch,
                    recalls=tuple(self._recalls),
                )
            )
        cross_writes += self._elsewhere
        return TurnOutcome(self._turn.claim, handled, cross_writes=tuple(cross_writes), cases=tuple(self._records))

    async def _go_through(self, items: Sequence[Message | Change]) -> int:
        """Up to which place they are done."""
        so_far: list[list[int]] = []
        for place, item in enumerate(items):
            so_far.append([len(part) for part in self._parts])
            try:
                await self._one(item)
            except NotYet:
                done = done_of(items, place)
                if not done:
                    raise
                for part, length in zip(self._parts, so_far[done], strict=True):
                    del part[length:]
                return max(one.seq for one in items[:done])
            if self._transition is not None:
                return item.seq
        return self._turn.conversation.last_seq

    @property
    def _parts(self) -> tuple[list[Any], ...]:
        return self._thread, self._customers, self._recalls, self._taken_back, self._records, self._elsewhere

    def _follow_up(self) -> None:
        """Whether a customer on a page has seen it is looked at later.

        Also where they are on another route now: by the time of the commit they may be back. What goes there is left out then.
        """
        stays = self._channel is None or not self._channel.event_log
        delays = [message.delay for message in self._customers if message.author is Author.STAFF]
        if delays and self._settings.follow_up_seconds and not stays:
            after = max(delays) + self._settings.follow_up_seconds
            self._records.append(SetTimer(self._case.id, TimerKind.FOLLOW_UP, after, keep=True))

    def _items(self) -> Sequence[Message | Change]:
        """In the order in which it was said. Of what was done to one message, how it ended up counts; what is still pending is
        read as it is now.
        """
        last = {change.message.id: change for change in self._turn.changes if change.kind is not ChangeKind.REACTED}
        unread = {message.id for message in self._turn.pending}
        done = [one for one in last.values() if one.kind is not ChangeKind.EDITED or one.message.id not in unread]
        return as_spoken(sorted([*self._turn.pending, *done], key=lambda item: item.seq))

    async def _one(self, item: Message | Change) -> None:
        if isinstance(item, Change):
            await self._changed(item)
        elif item.action in DECIDED_ELSEWHERE:
            return
        elif item.action is StaffAction.CARD_GONE:
            await self._show_card()
        elif item.action in (StaffAction.REACT, StaffAction.UNREACT):
            order = await self._ordered_by(item)
            await (self._pressed(item, order) if order else self._reacted(item))
        elif isinstance(item.action, StaffAction):
            await self._pressed(item, item.action)
        else:
            await self._wrote(item)

    async def _ordered_by(self, emoji: Message) -> StaffAction | None:
        """What an emoji on the card does: a colleague claims what waits, the owner resolves. Anything else is an emoji.

        So is one below the card: Slack does not name its thread, so it would overtake what was written there before.
        """
        order = _ORDERS.get(emoji.text) if self._settings.emoji_act and emoji.action is StaffAction.REACT else None
        owned = self._owned_by(await self._who(emoji)) if order is StaffAction.RESOLVE else False
        waits = order is StaffAction.CLAIM and self._conversation.state is OwnershipState.QUEUED and not self._closed
        if not (owned or waits):
            return None
        on, told = str(emoji.meta.get("reply_to") or ""), feed(self._account, self._case.id)
        if await self._cases.case_shown_at(self._account, on) is None:  # a card that was posted anew has no receipt
            return order
        return order if on == await self._cases.first_shown(told.conversation_id) else None

    async def _show_card(self) -> None:
        """Somebody deleted it: as it is now, for as long as it can be worked on."""
        if not self._closed:
            owned = self._conversation.state is OwnershipState.STAFF
            name = await self._owner_name() if owned else None
            snoozed = self._facts.get("snoozed_until")
            self._thread.append(posts.card_now(self._facts, self._conversation.state, name, snoozed_until=snoozed))

    async def _pressed(self, message: Message, action: StaffAction) -> None:
        who = await self._who(message)
        conversation = self._conversation
        if self._closed or conversation.state not in _STATES:
            self._remark_over("staff")
        elif action in (StaffAction.CLAIM, StaffAction.TAKE_OVER) and conversation.owner == who.id:
            return
        elif action is StaffAction.TAKE_OVER:
            await self._change_hands(message, action, who)
        elif action is StaffAction.RELEASE_SILENT:
            await self._release_silent(message, who)
        elif conversation.owner not in (None, who.id):
            self._remark("staff_taken", name=await self._owner_name())
        elif order := {_SNOOZE: self._snooze, _MERGE: self._merge, _SPLIT: self._split}.get(action):
            await order(message, who)
        elif conversation.owner is None and action is StaffAction.RELEASE:
            return
        else:
            await self._change_hands(message, action, who)

    async def _change_hands(self, message: Message, action: StaffAction, who: Person, by: Person | None = None) -> None:
        """``message``: by which it is done. ``by``: who gave the conversation to somebody else."""
        event = _EVENTS[action]
        if event is OwnershipEvent.CLAIM and await self._cases.being_sent(self._conversation.id):
            raise NotYet("The agent's last message is still on its way.", seconds=ON_ITS_WAY)
        claims = event is OwnershipEvent.CLAIM
        reopen = self._settings.reopen_seconds if event is OwnershipEvent.RESOLVE else None
        owner = who.id if claims else None
        self._transition = Transition(event, owner=owner, reopen_within=reopen, actor=(by or who).id)
        state = next_state(self._conversation.state, event)
        card = posts.card_now(self._facts, state, who.name if claims else None)
        self._thread.append(_owned_since(card, message) if claims else card)
        if by is None:
            done = "release_silent" if action is StaffAction.RELEASE_SILENT else event
            self._remark(f"staff_did_{done}", who.name)
        else:
            given = say("staff_did_assign", self._settings.staff_locale, name=who.name, by=by.name)
            self._thread.append(posts.reminder(given, mentions=(who.id,)))
        if event is OwnershipEvent.CLAIM:
            self._customers += [] if self._quiet else [self._notice("assigned" if by else "joined", who)]
        elif event is OwnershipEvent.HAND_BACK:
            claimed = self._conversation.state is OwnershipState.STAFF
            said = self._notice("handed_back", who, "handed_back" if claimed else "handed_back_unclaimed")
            # The customer reads it, and the agent knows by it that it answers again, and since when it did not.
            since = {HANDED_BACK: {"since": self._case.opened_at.isoformat()}}
            self._customers.append(replace(said, meta={**said.meta, **since}))
        elif event is OwnershipEvent.RESOLVE:
            resolved, name = self._notice("resolved", who), self._to_customer(who)
            self._customers += with_question(
                resolved, name, self._case.id, self._locale, self._settings, self._asked_alone()
            )
        if state in (OwnershipState.BOT, OwnershipState.RESOLVED):
            self._records += case_ended(self._case.id, who.id, resolved=state is OwnershipState.RESOLVED)
        else:
            self._records.extend(await self._waits(state))

    async def _merge(self, message: Message, who: Person) -> None:
        """Nothing is written where the other case has changed hands, or was closed, since it was read."""
        found = await other_case(message.text, self._turn.conversation.key, self._desk)
        if found is None or not may_merge(self._case, *found):
            self._remark("staff_not_merged")
            return
        (into, home), language = found, self._settings.staff_locale
        other = ShownCase(into.id, await self._cases.card(self._account, into.id), owned=False)
        here, there = merged(self._case_as_shown, other, who.id, message.id, language)
        came = say("staff_merged_here", language, name=who.name, case=self._case_as_shown.ticket)
        goes_on = say("staff_goes_on_there", language, case=other.ticket)
        self._thread.append(posts.card_now({**self._facts, **here.facts}, OwnershipState.RESOLVED, None))
        self._thread.append(posts.remark(say("staff_did_merge", language, name=who.name, case=other.ticket)))
        self._thread.append(posts.link_to_case(other.id, came))
        card = [posts.card_with({**other.facts, **there.facts})] if other.facts else []
        told = (*card, posts.link_to_case(self._case.id, goes_on))
        unmoved = CrossConversationWrite(home.key, ownership_epoch=home.ownership_epoch)
        self._elsewhere += [posts.in_thread(self._account, other.id, told), unmoved]
        self._records += [*here.records, *there.records]
        self._transition = Transition(OwnershipEvent.RESOLVE, reopen_within=self._settings.reopen_seconds, actor=who.id)
        closed, name = self._notice("resolved", who, "merged"), self._to_customer(who)
        self._customers += with_question(closed, name, self._case.id, self._locale, self._settings, alone="")

    async def _split(self, message: Message, who: Person) -> None:
        """The case ends, and its conversation waits for anybody with the next one. What the customer wrote before is shown with
        the case that ends, and what they write later with the new one: nothing is written where they have written meanwhile.

        Raises NotYet while anything that was said is not dealt with.
        """
        home, language = self._conversation, self._settings.staff_locale
        team, urgency, words = new_case_in(message.text)
        subject = " ".join(words.split())[:LONGEST_SUBJECT]
        if not subject or not may_split(self._case, home):
            self._remark("staff_not_split")
            return
        if self._customers or self._recalls or home.done_seq < home.last_seq:
            raise NotYet("What was said is not dealt with yet.", seconds=ON_ITS_WAY)
        next_id = Case.named(home.id, self._case.number + 1)
        into = ShownCase(next_id, {"ticket": await self._desk.tickets.ticket_number_for(next_id)}, owned=False)
        here, there = split(self._case_as_shown, into, subject, who.id, message.id, language)
        reason = say("staff_split_off", language, name=who.name, case=self._case_as_shown.ticket, text=subject)
        escalation = Escalation(reason, self._case.requested_by, urgency)
        into = replace(into, facts={**into.facts, **there.facts})
        turn = replace(self._turn, conversation=home, customer=self._customer)
        opened, notice = await self._split_off(turn, self._case, escalation, into, team, subject)
        done = say("staff_did_split", language, name=who.name, case=into.ticket, text=subject)
        self._thread += [
            posts.card_now({**self._facts, **here.facts}, OwnershipState.RESOLVED, None),
            posts.remark(done),
        ]
        self._customers.append(notice)
        unmoved = CrossConversationWrite(home.key, ownership_epoch=home.ownership_epoch, last_seq=home.last_seq)
        self._elsewhere += [*opened.cross_writes, unmoved]
        self._records += [*here.records, *opened.cases, *there.records]
        self._transition = Transition(OwnershipEvent.RELEASE, escalation=escalation, actor=who.id)

    def _asked_alone(self) -> str | None:
        """See with_question."""
        if self._conversation.shared is not Sharing.ALWAYS:
            return None
        return self._customer.external_id if self._channel is not None and self._channel.whispers else ""

    async def _release_silent(self, message: Message, who: Person) -> None:
        """Of an old button nothing comes: it holds only while its owner still leaves the customer waiting."""
        if self._conversation.state is not OwnershipState.STAFF:
            return
        timers = await self._cases.timers(self._case.id)
        if not any(one.kind is TimerKind.OWNER_SILENT and one.stage > OFFERED for one in timers):
            self._remark("staff_not_silent", name=await self._owner_name())
            return
        await self._change_hands(message, StaffAction.RELEASE_SILENT, who)

    async def _snooze(self, message: Message, who: Person) -> None:
        """A word of the customer's ends it, also one that came before this was worked on."""
        until = self._waiting.snooze_until(message.text)
        if until is None:
            return
        read = message.sent_at
        if read is not None and await self._cases.written_since(self._conversation.id, read) is not None:
            self._remark("staff_not_snoozed")
            return
        owner = who.name if self._conversation.owner else None
        card = posts.card_now(self._facts, self._conversation.state, owner, snoozed_until=until.timestamp())
        self._facts = card.meta["facts"]
        self._thread += [card, posts.remark(self._waiting.snooze_remark(who.name, until))]
        self._records.extend(self._waiting.snoozed(self._case.id, until, who.id))

    async def _wrote(self, message: Message) -> None:
        """To the customer only what its owner wrote, without the sign of a note; everything else stays inside and says so."""
        who = await self._who(message)
        if self._is_note(message.text):
            self._mark(message, "note")
        elif self._closed or self._conversation.state is not OwnershipState.STAFF:
            over = self._closed or self._conversation.state is not OwnershipState.QUEUED
            self._remark_over("staff_inside") if over else self._remark("staff_inside_unclaimed")
        elif self._conversation.owner != who.id:
            self._remark("staff_inside_other", name=await self._owner_name())
        elif await self._is_older(message):
            self._remark("staff_inside_before")
        elif refusal := await self._refusal(message):
            self._thread.append(refusal)
        else:
            so_far = len(self._customers)
            self._relay(await self._with_files(message), who)
            if len(self._customers) > so_far:
                await self._overtake(message)
                await self._answer(message)

    async def _answer(self, message: Message) -> None:
        """What was due is done."""
        if self._settings.targets:
            timer, paused = timer_of(await self._cases.timers(self._case.id)), self._case_as_shown.status in PAUSING
            done = self._waiting.answers.answered(self._case.id, message.sent_at, timer, paused=paused)
            self._records.extend(done)

    async def _overtake(self, message: Message) -> None:
        """What was written behind it and waits to be sent goes behind it again; what is sent cannot, which is said."""
        later = written_later(self._turn.history, message)
        copies = await self._cases.copies([one.id for one in later])
        passed_on = [copies[one.id] for one in later if one.id in copies]
        wait = await self._cases.waiting(passed_on)
        overtakes = tuple(one for one in passed_on if one in wait)
        self._customers[-1] = replace(self._customers[-1], overtakes=overtakes)
        gone = [one for one in passed_on if one not in wait]
        if frozenset(gone) - await self._cases.lost(gone):
            late = say("staff_came_late", self._settings.staff_locale, text=quoted(message.text))
            self._thread.append(posts.remark(late))

    async def _with_files(self, message: Message) -> Message:
        """Only what goes to the customer is fetched: nobody waits for a file that stays inside."""
        if self._desk.files is None:
            return message
        turn = await self._desk.files(replace(self._turn, pending=(message,), files=()))
        return turn.pending[0]

    def _relay(self, message: Message, who: Person) -> None:
        files = tuple(file for file in message.attachments if file.storage_key)
        self._thread += self._missing([file for file in message.attachments if not file.storage_key])
        if forwarded := message.meta.get(LEFT_OUT):
            self._remark("staff_left_out", name=quoted(" ".join(forwarded)))
        if message.text.strip() or files:
            self._customers.append(
                NewMessage(
                    Author.STAFF,
                    message.text,
                    MessageKind.ANSWER,
                    author_name=self._to_customer(who),
                    attachments=files,
                    relays=message.id,
                    delay=self._settings.undo_seconds,
                )
            )
            pending = self._case_as_shown.status is TicketStatus.PENDING
            self._records.extend(self._waiting.answered(self._case.id, message.sent_at, pending=pending))

    def _missing(self, files: Sequence[Attachment]) -> list[NewMessage]:
        """What did not go along and why. What the hub does not take would be refused again, so another way is named."""
        told = []
        for refusal in dict.fromkeys(file.refused for file in files):
            names = ", ".join(file.name for file in files if file.refused is refusal)
            key = f"staff_refused_{refusal}" if refusal else "staff_file_lost"
            largest = human_size(self._settings.largest_file)
            told.append(posts.remark(say(key, self._settings.staff_locale, name=names, largest=largest)))
        return told


def _owned_since(card: NewMessage, message: Message) -> NewMessage:
    """With the moment from which on the owner writes for the customer.

    A press has Slack's own time, as messages have it, and a form the hub's, whose clock may be ahead.
    """
    if message.sent_at is None:
        return card
    ahead = AHEAD.total_seconds() if message.action in (StaffAction.REPLY, StaffAction.ASSIGN) else 0.0
    return replace(card, meta={**card.meta, OWNED_SINCE: message.sent_at.timestamp() - ahead})
