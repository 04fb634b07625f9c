"""What staff filled in, and the replies that they have saved, beside what they press and write."""

from __future__ import annotations

import json
from dataclasses import replace

from core.domain.conversation import OwnershipEvent, OwnershipState
from core.domain.messages import Change, ChangeKind, Message, StaffAction
from core.domain.ticket import TicketStatus
from core.ports.outcomes import ChangeTicket, KeepNote
from core.ports.store import Transition
from core.ports.tickets import TicketChange
from handoff import posts
from handoff.people import sender_of
from handoff.texts import quoted, say
from handoff.thread.blocking import block_records, block_remark, closes_case, customer_to_block, read_block, writer_of
from handoff.thread.correcting_turn import Person
from handoff.thread.macros import SIGN
from handoff.thread.staff_turn import StaffTurn
from handoff.tickets import CHOICES, STATUS, change_in
from handoff.waits.case_rules import case_ended, status_set
from handoff.waits.due_answers import timer_of

_KEPT = 5_000
"""Characters of a refused reply that are shown in the thread."""
_FORMS = frozenset({StaffAction.REPLY, StaffAction.NOTE, StaffAction.ASSIGN, StaffAction.TICKET, StaffAction.TAKE_BACK})
_BLOCKS = frozenset({StaffAction.BLOCK, StaffAction.UNBLOCK})
_OPEN = (OwnershipState.QUEUED, OwnershipState.STAFF)


class FormTurn(StaffTurn):
    """A form may be older than what it was opened on: it is decided on what is true now, and what was typed stays in the thread.

    That it is refused here is rare: before it was stored, it was looked at once (handoff.thread.desk_views).
    """

    async def _pressed(self, message: Message, action: StaffAction) -> None:
        who = await self._who(message)
        if action in _BLOCKS:
            await self._block(message, who)
            return
        if action is StaffAction.SNOOZE and message.text in CHOICES:
            await self._change_ticket(replace(message, text=json.dumps({STATUS: message.text})), who)
            return
        if action not in _FORMS:
            await super()._pressed(message, action)
            return
        if action is StaffAction.NOTE:
            self._note(message, who)
        elif action is StaffAction.TICKET:
            await self._change_ticket(message, who)
        elif action is StaffAction.TAKE_BACK:
            await self._take_back(message.text, who)
        elif self._closed or self._conversation.state not in _OPEN:
            self._keep(f"staff_kept_{self._over}", message)
        elif self._conversation.owner not in (None, who.id):
            self._keep("staff_kept_taken", message, await self._owner_name())
        elif action is StaffAction.ASSIGN:
            await self._assign(message, who)
        else:
            await self._reply(message, who)

    async def _reply(self, message: Message, who: Person) -> None:
        """Like a message of the owner's. Whoever replies to what nobody has, has it from then on, in the same commit."""
        if self._is_note(message.text):
            self._note(message, who)
            return
        if refusal := await self._refusal(message):
            self._thread += [refusal, posts.remark(quoted(message.text, _KEPT))]
            return
        if self._conversation.owner is None:
            await self._change_hands(message, StaffAction.CLAIM, who)
        so_far = len(self._customers)
        self._relay(message, who)
        if len(self._customers) > so_far:
            await self._answer(message)

    async def _assign(self, message: Message, by: Person) -> None:
        staff_id = message.text
        if staff_id == self._conversation.owner:
            return
        who, own = self._called(staff_id, await self._people.called(staff_id)), staff_id == by.id
        await self._change_hands(message, StaffAction.CLAIM, who, None if own else by)

    async def _take_back(self, source_id: str, who: Person) -> None:
        """By whoever has the conversation, and by whoever wrote it: it may have changed hands since."""
        copy = (await self._cases.copies([source_id])).get(source_id)
        said = (one for one in (*self._turn.history, *self._turn.pending) if one.id == source_id)
        is_by_them = any(one.meta.get("sender") == who.id for one in said)
        if self._conversation.owner not in (None, who.id) and not is_by_them:
            self._remark("staff_taken", name=await self._owner_name())
        elif copy is not None and copy in await self._cases.waiting([copy]):
            await self._recall(copy, None)
        else:
            self._remark("staff_sent_already")

    async def _wrote(self, message: Message) -> None:
        if self._is_note(message.text):
            self._records.append(KeepNote(self._case.id, message.id, sender_of(message)))
        await super()._wrote(message)

    def _relay(self, message: Message, who: Person) -> None:
        """The thread shows what goes out where nobody has written exactly that in it."""
        said = self._worded(message.text, who)
        if said is None:
            return
        filled_in = message.action is StaffAction.REPLY
        if filled_in or said != message.text:
            self._thread.append(posts.outgoing(message, who.name, said, own_mark=filled_in))
        super()._relay(replace(message, text=said), who)

    async def _changed(self, change: Change) -> None:
        """A saved reply that is called instead of what stood there; one that is not there takes back what was to go out."""
        if change.kind is ChangeKind.EDITED:
            said = self._worded(change.message.text, await self._who(change.message))
            kind = ChangeKind.DELETED if said is None else change.kind
            change = replace(change, kind=kind, message=replace(change.message, text=said or ""))
        await super()._changed(change)

    def _worded(self, text: str, who: Person) -> str | None:
        """With the saved reply that it calls, if it calls one. None where it calls one that is not there, which is said."""
        called = self._settings.macros.called(text)
        if called is None:
            return text
        macro, name, rest = called
        if macro is None:
            known = ", ".join(SIGN + one.name for one in self._settings.macros.all)
            locale = self._settings.staff_locale
            self._thread.append(posts.remark(say("staff_no_macro", locale, name=SIGN + name, known=known)))
            return None
        ticket, customer = str(self._facts.get("ticket") or ""), self._customer.display_name or ""
        details = {"customer": customer, "agent": self._to_customer(who), "ticket": ticket}
        said = macro.said(self._locale, self._settings.default_locale, details)
        return f"{said}\n\n{rest}" if rest else said

    def _note(self, message: Message, who: Person) -> None:
        if message.text.strip():
            self._thread.append(posts.note(who.name, message.text))
            self._records.append(KeepNote(self._case.id, message.id, who.id))

    async def _block(self, message: Message, who: Person) -> None:
        """By anybody of the staff, at any time. A case in which nobody else writes is resolved, and the customer is not told."""
        writers = await self._cases.writers(self._conversation.id)
        chosen, reason = read_block(message.text)
        customer_id = chosen or customer_to_block(self._facts, self._conversation)
        writer = writer_of(chosen, writers) if chosen else None
        told = block_remark(message, who.name, self._settings.staff_locale, writer, reason)
        self._records.extend(block_records(message, self._case, customer_id, who.id, told, reason))
        self._thread.append(posts.remark(told))
        over = self._closed or self._conversation.state not in _OPEN
        if message.action is StaffAction.UNBLOCK or over or not closes_case(customer_id, self._conversation, writers):
            return
        self._transition = Transition(OwnershipEvent.RESOLVE, actor=who.id)
        self._thread.append(posts.card_now(self._facts, OwnershipState.RESOLVED, None))
        self._records += case_ended(self._case.id, who.id, resolved=True)

    async def _change_ticket(self, message: Message, who: Person) -> None:
        """By anybody of the staff, like a note, and also of a case that is closed. The card shows it at once."""
        change = change_in(message.text, self._settings.fields)
        if change is not None and change.status is not None and not await self._set_status(message, change.status):
            change = replace(change, status=None)
        if change is None or change == TicketChange():
            return
        self._records.append(ChangeTicket(self._case.id, change, who.id, message.id))
        language = self._settings.staff_locale
        chosen = {"status": change.status, "priority": change.priority}
        told = [f"{self._say(f'form_ticket_{one}')}: {self._say(f'{one}_{to}')}" for one, to in chosen.items() if to]
        if change.priority is not None:
            self._facts = {**self._facts, "urgency": str(change.priority)}
        if change.category is not None:
            told.append(f"{say('form_ticket_category', language)}: {change.category or '–'}")
            self._facts = {**self._facts, "category": change.category}
        if change.fields is not None:
            told += [f"{name}: {value or '–'}" for name, value in change.fields.items()]
            self._facts = {**self._facts, "fields": {**self._facts.get("fields", {}), **change.fields}}
        if told:
            self._thread.append(posts.card_with(self._facts))
            self._thread.append(posts.remark(say("staff_did_ticket", language, name=who.name, changes=", ".join(told))))
        if change.note:
            self._thread.append(posts.note(who.name, change.note))

    async def _set_status(self, message: Message, status: TicketStatus) -> bool:
        """Whether it can be set. A case does not wait for a customer who wrote before this was worked on."""
        if self._closed or self._conversation.state not in _OPEN:
            self._remark_over("staff")
            return False
        home, at = self._conversation.id, message.sent_at
        if status is TicketStatus.PENDING and at is not None and await self._cases.written_since(home, at) is not None:
            self._remark("staff_not_pending")
            return False
        waits = await self._lately.waits_since(self._conversation, self._taken_back) is not None
        timer = timer_of(await self._cases.timers(self._case.id)) if self._settings.targets else None
        changes = status_set(self._case_as_shown, status, self._waiting, timer, customer_waits=waits)
        self._facts = {**self._facts, **changes.facts}
        self._records.extend(changes.records)
        return True

    def _keep(self, key: str, message: Message, name: str = "") -> None:
        """What was typed is not lost with its form. Whom something was to be given to is no text of anybody's."""
        text = message.text if message.action is StaffAction.REPLY else "…"
        self._thread.append(posts.remark(say(key, self._settings.staff_locale, name=name, text=text)))
