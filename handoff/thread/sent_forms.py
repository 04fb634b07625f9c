"""A form that comes again, after Slack had shown an error for one that was stored: what is different in it is not dropped."""

from __future__ import annotations

from collections.abc import Mapping

from channels.slack.place import CHANNEL
from channels.slack.staff import FORMS
from channels.slack.views import Form, Press, StaffViews, view_event, words_of
from core.domain.keys import EventKey
from core.domain.messages import StaffAction
from core.ports.cases import Cases
from handoff.people import People
from handoff.texts import quoted, say


class SentForms:
    """Implements StaffViews around ``others``. ``heard_by``: the account of the channel through which staff write.

    Slack gives up on an answer after three seconds, shows an error and leaves the form open
    (docs.slack.dev/surfaces/modals), however the commit ended. A view is stored once, so other words in it would be thanked for
    and lost.
    """

    def __init__(self, others: StaffViews, cases: Cases, people: People, language: str, heard_by: str) -> None:
        self._others = others
        self._cases = cases
        self._people = people
        self._language = language
        self._heard_by = heard_by

    async def open(self, press: Press) -> None:
        await self._others.open(press)

    async def choose(self, form: Form, what: str, value: str) -> None:
        await self._others.choose(form, what, value)

    async def refuse(self, form: Form) -> Mapping[str, str]:
        if form.name not in FORMS:
            return await self._others.refuse(form)
        found = await self._cases.said_with(EventKey(CHANNEL, self._heard_by, view_event(form.view_id)))
        if found is None:
            return await self._others.refuse(form)
        sent = found.text
        if sent.split() == words_of(form).split():
            return {}
        if form.name == StaffAction.ASSIGN:
            sent = await self._people.called(sent) or say("staff_somebody", self._language)
        elif form.name not in (StaffAction.REPLY, StaffAction.NOTE, StaffAction.REWORD):
            sent = "…"
        field = form.name if form.name in form.values else next(iter(form.values), form.name)
        return {field: say("form_sent_already", self._language, text=quoted(sent, 200))}
