"""A case's issues in the company's tracker: staff create or link them in a form, and read in the thread when one is closed.

All of it happens in a conversation of its own for each case: no press and no message to the customer waits for a tracker.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from core.domain.case import Case, case_of_side_thread
from core.domain.conversation import Conversation, OwnershipState
from core.domain.issues import ISSUES, MOST_ISSUES, Issue
from core.domain.messages import Message, StaffAction
from core.ports.case_files import CaseIssues, NoIssue
from core.ports.outcomes import CrossConversationWrite, NewMessage, TurnOutcome
from core.ports.store import TurnState
from handoff import posts
from handoff.desk_decorator import DeskDecorator
from handoff.desk_parts import DeskParts
from handoff.people import name_of_sender
from handoff.texts import say

Issues = dict[str, Issue]


@dataclass(frozen=True)
class IssueDesk(DeskDecorator):
    """``tracked``: what is known of the issues, by their ``ref``, and who creates them. ``language``: the staff's."""

    parts: DeskParts
    tracked: CaseIssues
    language: str

    async def staff(self, turn: TurnState) -> TurnOutcome:
        """See Desk.staff. What happened is told in the case's thread, and its card shows the issues.

        It holds only while the owner is the one whom that card names. Raises LostClaim.
        """
        case_id = case_of_side_thread(ISSUES, turn.conversation.key.thread)
        if case_id is None:
            return await self.desk.staff(turn)
        parts, account = self.parts, self.parts.desk_channel.account
        done = TurnOutcome(turn.claim, handled_seq=turn.conversation.last_seq)
        case = await parts.cases.case(case_id)
        home = await parts.records.conversation(case.conversation_id) if case else None
        facts = await parts.cases.card(account, case_id)
        if case is None or home is None or not facts:
            return done
        before = await self.tracked.issues(case_id)
        issues, told = {one.ref: one for one in before}, list[NewMessage]()
        for message in turn.pending:
            if message.action is StaffAction.ISSUE:
                told.append(await self._filled_in(turn, message, case_id, issues))
            elif message.action is StaffAction.ISSUE_NEWS:
                told += await self._moved(Issue(**json.loads(message.text)), case, home, issues)
        if not told and list(issues.values()) == list(before):
            return done
        state, snoozed = OwnershipState(facts["state"]), facts.get("snoozed_until")
        card = posts.card_now(facts, state, facts.get("owner"), snoozed_until=snoozed)
        card = replace(card, meta={**card.meta, ISSUES: [asdict(one) for one in issues.values()]})
        guard = CrossConversationWrite(home.key, ownership_epoch=home.ownership_epoch)
        return replace(done, cross_writes=(posts.in_thread(account, case_id, [*told, card]), guard))

    async def _filled_in(self, turn: TurnState, form: Message, case_id: str, issues: Issues) -> NewMessage:
        found = await self.tracked.create_or_link(turn, form, case_id, room=len(issues) < MOST_ISSUES)
        if isinstance(found, NoIssue):
            return posts.remark(self._say(f"staff_issue_{found.outcome}", why=found.why, text=found.written).rstrip())
        issues.setdefault(found.ref, found)
        key = "staff_issue_linked" if found.is_open is None else "staff_issue_created"
        name = await name_of_sender(self.parts.people, form, self.language)
        return posts.remark(self._say(key, name=name, issue=found.named))

    async def _moved(self, news: Issue, case: Case, home: Conversation, issues: Issues) -> Sequence[NewMessage]:
        """Mention the owner, or the last one, in the thread; send the customer nothing."""
        known = issues.get(news.ref)
        if known is None:
            return ()
        now = known.after(await self.tracked.latest(news, case.id))
        if (now.is_open, now.title) == (known.is_open, known.title):
            return ()  # a card that only knew a later time would be edited for nothing
        issues[news.ref] = now
        if now.is_open == known.is_open or (now.is_open and known.is_open is None):
            return ()
        over = case.closed_at is not None
        owner = await self.tracked.last_owner(case.id) if over else home.owner
        text = self._say("staff_issue_reopened" if now.is_open else "staff_issue_closed", issue=now.named)
        buttons, mentions = () if over or now.is_open else ("reply",), (owner,) if owner else ()
        return (posts.reminder(text, mentions=mentions, buttons=buttons, case_id=case.id),)

    def _say(self, key: str, *, name: str = "", issue: str = "", why: str = "", text: str = "") -> str:
        return say(key, self.language, name=name, issue=issue, why=why, text=text, count=str(MOST_ISSUES))
