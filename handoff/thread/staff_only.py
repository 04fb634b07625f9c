"""Only staff of the workspace work on cases: what guests, partners of shared channels, apps and workflows do there is refused.

Slack shows a shared channel to people of other companies, and a channel to guests; both can write, press and react in it. What
they wrote stays in the thread, and in the record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from channels.slack.views import Form, Press, StaffViews
from core.domain.approvals import APPROVALS
from core.domain.case import case_of_side_thread, feed
from core.domain.errors import NotYet
from core.domain.issues import ISSUES
from core.domain.messages import Message, StaffAction
from core.ports.clock import Clock
from core.ports.store import CrossConversationWrite, NewMessage, TurnOutcome, TurnState
from handoff import posts
from handoff.desk_decorator import DeskDecorator
from handoff.desk_parts import DeskChannel
from handoff.people import Members, Membership, sender_of
from handoff.texts import say
from handoff.thread.desk_views import Panel

_PATIENCE = timedelta(seconds=60)
"""How long what somebody did waits until Slack says who they are."""
_AGAIN = 5.0
_REFUSED = {Membership.GUEST: "staff_guest", Membership.UNKNOWN: "staff_unproved"}


@dataclass(frozen=True)
class StaffOnlyDesk(DeskDecorator):
    """Passes on what staff did, and tells all others in private that nothing came of it. ``language``: the staff's."""

    desk_channel: DeskChannel
    members: Members
    clock: Clock
    language: str

    async def staff(self, turn: TurnState) -> TurnOutcome:
        """See Desk.staff. Raises NotYet while Slack does not say who somebody is, for a minute at most."""
        refused = {one.id: why for one in turn.pending if (why := await self._refusal(one)) is not None}
        changed = tuple([one for one in turn.changes if await self._refusal(one.message) is None])
        if not refused and len(changed) == len(turn.changes):
            return await self.desk.staff(turn)
        pending = tuple(one for one in turn.pending if one.id not in refused)
        if pending or changed:
            outcome = await self.desk.staff(replace(turn, pending=pending, changes=changed))
        else:
            outcome = TurnOutcome(turn.claim, handled_seq=turn.conversation.last_seq)
        done = [one for one in turn.pending if one.id in refused and one.seq <= outcome.handled_seq]
        return await self._notify_case(turn, outcome, [self._words(one, refused[one.id]) for one in done])

    async def _refusal(self, message: Message) -> str | None:
        """The key of the sentence that says why; None for staff."""
        if message.action in (StaffAction.CARD_GONE, StaffAction.ISSUE_NEWS):
            return None
        found = await self.members.membership(sender_of(message))
        if found is Membership.UNKNOWN and self.clock.now() - message.created_at < _PATIENCE:
            raise NotYet("Slack does not say who that person is.", seconds=_AGAIN)
        if found is Membership.STAFF and message.action is StaffAction.ASSIGN:
            return None if await self.members.membership(message.text) is Membership.STAFF else "form_stranger"
        return _REFUSED.get(found)

    def _words(self, message: Message, key: str) -> NewMessage:
        """Of somebody whom nobody can tell apart from staff, staff are told as well: it may have been a colleague."""
        name = message.author_name or say("staff_somebody", self.language)
        text = say(key, self.language, name=name)
        return posts.remark(text) if key == "staff_unproved" else posts.whisper(sender_of(message), text)

    async def _notify_case(self, turn: TurnState, outcome: TurnOutcome, told: Sequence[NewMessage]) -> TurnOutcome:
        key = turn.conversation.key
        beside = case_of_side_thread(ISSUES, key.thread) or case_of_side_thread(APPROVALS, key.thread)
        case_id = beside or (await self.desk_channel.case_of(key) if told else None)
        if case_id is None or not told:
            return outcome
        place = feed(self.desk_channel.account, case_id)
        return replace(outcome, cross_writes=(*outcome.cross_writes, CrossConversationWrite(place, tuple(told))))


class StaffOnlyViews:
    """Implements StaffViews around ``others``: forms open for staff alone."""

    def __init__(self, others: StaffViews, members: Members, panel: Panel, language: str) -> None:
        self._others = others
        self._members = members
        self._panel = panel
        self._language = language

    async def refusal(self, user: str) -> str | None:
        """Why that person can do nothing here; None for staff."""
        key = _REFUSED.get(await self._members.membership(user))
        somebody = say("staff_somebody", self._language)
        return say(key, self._language, name=somebody) if key else None

    async def open(self, press: Press) -> None:
        refusal = await self.refusal(press.user)
        if refusal is None:
            await self._others.open(press)
        else:
            await self._panel.whisper(press.place, press.user, refusal)

    async def choose(self, form: Form, what: str, value: str) -> None:
        if await self.refusal(form.user) is None:
            await self._others.choose(form, what, value)

    async def refuse(self, form: Form) -> Mapping[str, str]:
        field = form.name if form.name in form.values else next(iter(form.values), form.name)
        if (refusal := await self.refusal(form.user)) is not None:
            return {field: refusal}
        given = form.values.get(form.name, "") if form.name == StaffAction.ASSIGN else ""
        if given and await self._members.membership(given) is Membership.GUEST:
            return {field: say("form_stranger", self._language)}
        return await self._others.refuse(form)
