"""The form in which a proposed answer is put into words for everybody; all other forms are the desk's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from channels.slack.place import Place
from channels.slack.views import Form, Press, StaffViews
from core.domain.errors import HubError
from core.domain.learning import LearnedAnswer, LearningState
from core.domain.messages import StaffAction
from core.ports.learning import Learning
from handoff.desk_parts import DeskChannel
from handoff.learning.personal import has_gap
from handoff.slack import forms as slack_forms
from handoff.texts import say
from handoff.thread.desk_views import Panel

REWORD = "reword"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LearningViews:
    """Implements channels.slack.views.StaffViews. ``heard_by``: the account of the channel through which staff write."""

    others: StaffViews
    learning: Learning
    desk_channel: DeskChannel
    panel: Panel
    language: str
    heard_by: str

    async def open(self, press: Press) -> None:
        if press.form != REWORD:
            await self.others.open(press)
            return
        key = "form_failed"
        try:
            found = await self._found(press.place)
            if found is not None and found.state is LearningState.PROPOSED:
                carried = {"case": found.case_id, "thread": str(press.place)}
                view = slack_forms.words_form(
                    StaffAction.REWORD, carried, self.language, f"{found.question}\n\n{found.answer}"
                )
                await self.panel.open(press.trigger, view)
                return
            key = "learn_decided" if found else key
        except HubError as error:
            _log.warning("desk.form_failed", form=press.form, error=error.detail)
        await self.panel.whisper(press.place, press.user, say(key, self.language))

    async def choose(self, form: Form, what: str, value: str) -> None:
        await self.others.choose(form, what, value)

    async def refuse(self, form: Form) -> Mapping[str, str]:
        """See StaffViews.refuse: a form that stays open keeps all that was typed."""
        if form.name != StaffAction.REWORD:
            return await self.others.refuse(form)
        text = form.values.get(form.name, "").strip()
        question, _, answer = text.partition("\n")
        if not question.strip() or not answer.strip():
            return {form.name: say("form_reword_label", self.language)}
        if has_gap(text):
            return {form.name: say("learn_has_gaps", self.language)}
        found = await self._found(Place.of(form.metadata.get("thread", "")))
        decided = found is None or found.state is not LearningState.PROPOSED
        return {form.name: say("learn_decided", self.language)} if decided else {}

    async def _found(self, place: Place) -> LearnedAnswer | None:
        case_id = await self.desk_channel.case_of(place.conversation(self.heard_by))
        return await self.learning.learned(case_id) if case_id else None
