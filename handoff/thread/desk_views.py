"""Opens the forms of a card, and looks at them before they are stored. It changes nothing: what a form says becomes a turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from channels.slack.place import CHANNEL, Place
from channels.slack.staff import FORMS
from channels.slack.views import NO_STAFF, SHORTCUT, Form, Press, view_event, words_of
from channels.slack.wire import View
from core.domain.case import Case
from core.domain.conversation import Conversation, OwnershipState
from core.domain.customer import Customer
from core.domain.errors import HubError
from core.domain.keys import EventKey
from core.domain.learning import LearnedAnswer, LearningState
from core.domain.messages import StaffAction
from core.ports.blocks import Blocks
from core.ports.case_files import CaseFiles
from core.ports.learning import Learning
from core.ports.tickets import Holder
from handoff.desk_parts import DeskParts
from handoff.learning.personal import has_gap
from handoff.settings import HandoffSettings
from handoff.slack import forms as slack_forms
from handoff.slack.forms import CHOICE, block_form, case_form, issue_form, ticket_form
from handoff.texts import quoted, say
from handoff.thread.blocking import customer_to_block, writer_of, wrote_alone
from handoff.thread.merging import other_case
from handoff.thread.note_sign import begins_with
from handoff.tickets import NOTE, change_in
from handoff.waits.case_rules import may_merge, may_split

_OPEN = (OwnershipState.QUEUED, OwnershipState.STAFF)
_LOOKED_AT = frozenset(map(StaffAction, ("staff_reply", "staff_note", "staff_assign", "staff_merge", "staff_split")))
REWORD = "reword"
_log = structlog.get_logger(__name__)


class Panel(Protocol):
    """What can be shown to one person at the desk. Every method raises ChannelError."""

    async def open(self, trigger: str, view: View) -> None: ...

    async def change(self, view_id: str, view_hash: str, view: View) -> None: ...

    async def publish(self, user: str, view: View) -> None:
        """As that person's home tab."""
        ...

    async def can_read(self, place: Place) -> bool:
        """Whether the app is where that message is."""
        ...

    async def whisper(self, place: Place, user: str, text: str) -> None: ...

    async def is_member(self, channel: str, user: str, *, now: bool = True) -> bool:
        """Whether that person, and no app, is in the channel. Raises ChannelError.

        ``now``: they may have come in this moment. Otherwise who was not there lately is not asked for again.
        """
        ...


@dataclass(frozen=True, slots=True)
class _About:
    """What a form is about, as it is now."""

    case: Case
    conversation: Conversation
    customer: Customer
    facts: Mapping[str, Any]

    @property
    def over(self) -> bool:
        return self.case.closed_at is not None or self.conversation.state not in _OPEN


class DeskFiles(CaseFiles, Blocks, Learning, Protocol):
    """What is read for the forms."""


class DeskViews:
    """Implements channels.slack.views.StaffViews. ``heard_by``: the account of the channel through which staff write."""

    def __init__(
        self, parts: DeskParts, files: DeskFiles, panel: Panel, settings: HandoffSettings, heard_by: str = "default"
    ) -> None:
        self._parts = parts
        self._files = files
        self._panel = panel
        self._settings = settings
        self._heard_by = heard_by

    async def open(self, press: Press) -> None:
        key = "form_failed"
        try:
            if press.form in (SHORTCUT, NO_STAFF):
                await self._panel.open(press.trigger, await self._case_view(press))
                return
            about = await self._about(press.place)
            view = await self._view(press, about) if about else None
            if view is not None:
                await self._panel.open(press.trigger, view)
                return
            if about and press.form == REWORD and await self._files.learned(about.case.id):
                key = "learn_decided"
        except HubError as error:
            _log.warning("desk.form_failed", form=press.form, error=error.detail)
        await self._panel.whisper(press.place, press.user, self._say(key))

    async def choose(self, form: Form, what: str, value: str) -> None:
        about = await self._about(Place.of(form.metadata.get("thread", "")))
        if about is None:
            return
        if what == slack_forms.MACRO and form.name == StaffAction.REPLY:
            view = await self._with_macro(about, form, value)
        elif what == CHOICE and form.name in (StaffAction.BLOCK, StaffAction.UNBLOCK):
            view = await self._block(about, dict(form.metadata), value)
        elif what.startswith(slack_forms.PAGE) and value.isdigit():
            view = await self._history(about, dict(form.metadata), int(value))
        else:
            return
        await self._panel.change(form.view_id, form.view_hash, view)

    async def refuse(self, form: Form) -> Mapping[str, str]:
        """See StaffViews.refuse: a form that stays open keeps all that was typed."""
        sent = await self._parts.cases.said_with(self._event(form)) if form.name in FORMS else None
        if sent is not None:
            return await self._sent_before(form, sent.text)
        if form.name == StaffAction.REWORD:
            wrong = await self._wrong_answer(form)
            return {} if wrong is None else {form.name: wrong}
        if form.name == StaffAction.TICKET:
            return {} if change_in(words_of(form), self._settings.fields) else {NOTE: self._say("form_empty")}
        if form.name not in _LOOKED_AT:
            return {}
        field = NOTE if form.name == StaffAction.SPLIT else form.name
        place = Place.of(form.metadata.get("thread", ""))
        about = await self._about(place)
        wrong = None if about is None else await self._wrong(form, form.values.get(field, "").strip(), about, place)
        return {} if wrong is None else {field: wrong}

    def _event(self, form: Form) -> EventKey:
        return EventKey(CHANNEL, self._heard_by, view_event(form.view_id))

    async def _sent_before(self, form: Form, sent: str) -> Mapping[str, str]:
        """A form comes again where Slack showed an error for one that was stored: what is different in it is not dropped.

        Slack gives up on an answer after three seconds, shows an error and leaves the form open
        (docs.slack.dev/surfaces/modals), however the commit ended. A view is stored once.
        """
        if sent.split() == words_of(form).split():
            return {}
        if form.name == StaffAction.ASSIGN:
            sent = await self._parts.people.called(sent) or self._say("staff_somebody")
        elif form.name not in (StaffAction.REPLY, StaffAction.NOTE, StaffAction.REWORD):
            sent = "…"
        field = form.name if form.name in form.values else next(iter(form.values), form.name)
        return {field: say("form_sent_already", self._language, text=quoted(sent, 200))}

    async def _wrong_answer(self, form: Form) -> str | None:
        """What is wrong with a proposed answer that staff put into words for everybody."""
        text = form.values.get(form.name, "").strip()
        question, _, answer = text.partition("\n")
        if not question.strip() or not answer.strip():
            return self._say("form_reword_label")
        if has_gap(text):
            return self._say("learn_has_gaps")
        case_id = await self._case_of(Place.of(form.metadata.get("thread", "")))
        return None if case_id and await self._proposed(case_id) else self._say("learn_decided")

    async def _wrong(self, form: Form, given: str, about: _About, place: Place) -> str | None:
        if not given:
            return self._say("form_empty")
        if form.name == StaffAction.NOTE:
            return None
        if about.over:
            return self._say("form_over")
        owner = about.conversation.owner
        if owner not in (None, form.user):
            name = await self._parts.people.called(owner or "") or self._say("staff_somebody")
            return self._say("form_taken", name=name)
        if form.name == StaffAction.SPLIT:
            return None if may_split(about.case, about.conversation) else self._say("staff_not_split")
        if form.name == StaffAction.MERGE:
            into = await other_case(given, place.conversation(self._heard_by), self._parts)
            return None if into and may_merge(about.case, *into) else self._say("staff_not_merged")
        return await self._wrong_person(given, place) if form.name == StaffAction.ASSIGN else self._wrong_text(given)

    def _wrong_text(self, text: str) -> str | None:
        sign = self._settings.note_sign
        if begins_with(sign, text):
            return self._say("form_is_note", name=sign)
        called = self._settings.macros.called(text)
        return self._say("form_no_macro", name=called[1]) if called and called[0] is None else None

    async def _wrong_person(self, user: str, place: Place) -> str | None:
        try:
            there = await self._panel.is_member(place.channel, user)
        except HubError as error:
            _log.warning("desk.members_unknown", error=error.detail)
            return self._say("form_unasked")
        return None if there else self._say("form_stranger")

    async def _about(self, place: Place) -> _About | None:
        parts, case_id = self._parts, await self._case_of(place)
        case = await parts.cases.case(case_id) if case_id else None
        conversation = await parts.records.conversation(case.conversation_id) if case else None
        customer = await parts.records.customer(case.conversation_id, case.id) if case else None
        if case is None or conversation is None or customer is None:
            return None
        return _About(case, conversation, customer, await parts.cases.card(parts.desk_channel.account, case.id))

    async def _case_of(self, place: Place) -> str | None:
        return await self._parts.desk_channel.case_of(place.conversation(self._heard_by))

    async def _proposed(self, case_id: str) -> LearnedAnswer | None:
        """The answer that staff have not decided about yet."""
        found = await self._files.learned(case_id)
        return found if found is not None and found.state is LearningState.PROPOSED else None

    async def _view(self, press: Press, about: _About) -> View | None:
        carried = {"case": about.case.id, "thread": str(press.place)}
        match press.form:
            case "reply":
                return self._reply(about, carried)
            case "note" | "merge" as form:
                return slack_forms.words_form(StaffAction(f"staff_{form}"), carried, self._language)
            case "split":
                return case_form(carried, self._language, self._teams, StaffAction.SPLIT)
            case "assign":
                return slack_forms.assign(carried, self._language)
            case "ticket" | "block" | "reword" as form:
                make = {"ticket": self._ticket, "block": self._block, "reword": self._reword}[form]
                return await make(about, carried)
            case "issue":
                return issue_form(carried, self._language, about.facts, creates=self._settings.creates_issues)
            case "decline":
                return slack_forms.decline({**carried, "approval": press.value}, self._language)
            case "history":
                return await self._history(about, carried, 0)
            case _:
                return None

    async def _reword(self, about: _About, carried: Mapping[str, str]) -> View | None:
        found = await self._proposed(about.case.id)
        words = f"{found.question}\n\n{found.answer}" if found else ""
        return slack_forms.words_form(StaffAction.REWORD, carried, self._language, words) if found else None

    async def _case_view(self, press: Press) -> View:
        """Of the shortcut. What cannot be is said in a form too: in a channel where the app is not, it can say nothing."""
        if press.form == NO_STAFF:
            return slack_forms.notice("form_open_case", "form_no_staff", self._language)
        if not await self._panel.can_read(press.place):
            return slack_forms.notice("form_open_case", "form_not_here", self._language)
        return case_form({"message": str(press.place)}, self._language, self._teams)

    async def _block(self, about: _About, carried: Mapping[str, str], customer_id: str | None = None) -> View:
        """``customer_id``: the writer who was chosen in the menu; without one the form is about the card's customer."""
        writers = await self._parts.cases.writers(about.conversation.id)
        theirs = customer_to_block(about.facts, about.conversation)
        chosen = writer_of(customer_id or theirs, writers)
        if wrote_alone(theirs, writers):
            writers, chosen = (), None
        elif chosen is None:
            chosen = writers[0]
        found = await self._files.block_of(theirs if chosen is None else chosen.customer_ids[0])
        by = await self._parts.people.called(found.by) if found else None
        return block_form(carried, self._language, found, by, writers, chosen)

    async def _ticket(self, about: _About, carried: Mapping[str, str]) -> View | None:
        holder = Holder.of(about.customer, about.conversation.id)
        found = await self._parts.tickets.ticket(holder, str(about.facts.get("ticket") or ""))
        if found is None:
            return None
        return ticket_form(carried, self._language, found, self._settings.fields, over=about.over)

    def _reply(self, about: _About, carried: Mapping[str, str]) -> View:
        """With the agent's own answer where it has one, for staff to change."""
        found = about.facts.get("suggestion") or {}
        text, sources = str(found.get("text", "")), [str(one) for one in found.get("sources", ())]
        return self._reply_form(about, carried, text, sources)

    async def _with_macro(self, about: _About, form: Form, name: str) -> View:
        macro = self._settings.macros.named(name)
        agent = await self._parts.people.called(form.user) or ""
        ticket, customer = str(about.facts.get("ticket") or ""), about.customer.display_name or ""
        details = {"customer": customer, "agent": agent, "ticket": ticket}
        locale = await self._parts.locale_of(about.conversation, about.customer)
        text = macro.said(locale, self._settings.default_locale, details) if macro else ""
        version = int(form.metadata.get("version", "0")) + 1
        return self._reply_form(about, {**form.metadata, "version": str(version)}, text, ())

    def _reply_form(self, about: _About, carried: Mapping[str, str], text: str, sources: Any) -> View:
        macros = self._settings.macros.all
        claims = about.conversation.owner is None
        return slack_forms.reply(carried, self._language, text, macros, claims=claims, sources=sources)

    async def _history(self, about: _About, carried: Mapping[str, str], page: int) -> View:
        size, customer, here = slack_forms.PER_PAGE, about.customer, about.conversation.id
        found = await self._files.past(customer, here, offset=page * size, limit=size + 1)
        claimed = "card_claimed" if about.facts.get("address") and not customer.verified else None
        proof, more = claimed if customer.is_proven else "history_unproved", len(found) > size
        return slack_forms.history(carried, self._language, found[:size], here, page=page, more=more, proof=proof)

    @property
    def _teams(self) -> list[str]:
        return [team.name for team in self._settings.teams]

    @property
    def _language(self) -> str:
        return self._settings.staff_locale

    def _say(self, key: str, name: str = "") -> str:
        return say(key, self._language, name=name)
