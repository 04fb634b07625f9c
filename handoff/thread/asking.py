"""Staff ask the agent in a case's thread; it answers there, from what staff may read, and the customer never sees it.

The questions of a thread are a conversation of their own: no press and no message to the customer waits for a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.domain.case import Case
from core.domain.messages import Author, ChangeKind, Citation, Message, MessageKind, StaffAction
from core.ports.outcomes import KeepNote
from core.ports.responder import Reply, Responder
from core.ports.store import NewMessage, TurnOutcome, TurnState
from handoff import posts
from handoff.desk_parts import DeskParts
from handoff.people import sender_of
from handoff.settings import HandoffSettings
from handoff.texts import quoted, say
from handoff.thread.customer_history import CustomerHistory, history_query
from handoff.thread.note_sign import begins_with
from handoff.thread.seen_before import CaseMatter, asks_whether_seen
from handoff.thread.silent_events import SilentTurnEvents

_REMEMBERED = 5
_QUOTED = 200


def questions_in(turn: TurnState) -> tuple[Message, ...]:
    """What the agent is asked, in order and as it stands now; what was edited is asked anew, what was deleted is not."""
    edited = [change.message for change in turn.changes if change.kind is ChangeKind.EDITED]
    asked = {
        one.id: one for one in (*turn.pending, *edited) if one.action is StaffAction.ASK and one.deleted_at is None
    }
    return tuple(asked.values())


def is_asking(turn: TurnState) -> bool:
    """Whether this conversation is the questions of a thread, and not what is said in it."""
    said = (*turn.pending, *(change.message for change in turn.changes))
    return any(message.action is StaffAction.ASK for message in said)


class Asking:
    """``agent`` answers colleagues: whoever asks, and whoever has the conversation."""

    def __init__(self, agent: Responder, parts: DeskParts, settings: HandoffSettings) -> None:
        self._agent = agent
        self._settings = settings
        self._account = parts.desk_channel.account
        self._matter = CaseMatter(parts.records, parts.said_besides)
        given = (parts.records, parts.cases, self._account, settings)
        self._history = CustomerHistory(parts.history, *given) if parts.history else None

    async def outcome(self, turn: TurnState, case: Case) -> TurnOutcome:
        """Raises StoreUnavailable and LostClaim: then the turn is run again, and finds its tool calls in the journal."""
        told = [post for question in questions_in(turn) for post in await self._answered(turn, question, case)]
        cross_writes = (posts.in_thread(self._account, case.id, told),) if told else ()
        notes = [one for one in questions_in(turn) if begins_with(self._settings.note_sign, one.text)]
        kept = tuple(KeepNote(case.id, one.id, sender_of(one)) for one in notes)
        return TurnOutcome(turn.claim, turn.conversation.last_seq, cross_writes=cross_writes, cases=kept)

    async def _answered(self, turn: TurnState, question: Message, case: Case) -> Sequence[NewMessage]:
        if begins_with(self._settings.note_sign, question.text):
            return [posts.mark(str(question.meta.get("at") or ""), "note")]
        if not question.text.strip():
            return [self._remark("staff_ask_nothing")]
        query = history_query(question.text)
        if self._history is not None and query is not None:
            return await self._history.posts(case, query)
        turn_id = f"{turn.conversation.id}:{turn.conversation.done_seq + 1}/{question.id}"
        meant = await self._matter.question_text(case) if asks_whether_seen(question.text) else ""
        asked = self._asked(turn, replace(question, text=meant or question.text))
        return [self._reply_post(question, await self._agent.respond(asked, turn_id, SilentTurnEvents()))]

    def _asked(self, turn: TurnState, question: Message) -> TurnState:
        """To the agent a colleague is whoever asks; of what was asked before it knows so much that "and in France?" works."""
        before = [one for one in (*turn.history, *turn.pending) if one.seq < question.seq and one.deleted_at is None]
        return replace(
            turn,
            conversation=replace(turn.conversation, locale=self._settings.staff_locale),
            pending=(_as_customer(question),),
            history=tuple(_as_customer(one) for one in before[-_REMEMBERED:]),
            changes=(),
        )

    def _reply_post(self, question: Message, reply: Reply) -> NewMessage:
        if reply.kind is MessageKind.FAILURE:
            return self._remark("staff_ask_failed")
        if reply.kind is MessageKind.UNKNOWN or reply.escalation is not None or not reply.text.strip():
            return self._remark("staff_ask_unknown")
        return _advice(question, reply)

    def _remark(self, key: str) -> NewMessage:
        return posts.remark(say(key, self._settings.staff_locale))


def _as_customer(message: Message) -> Message:
    return replace(message, author=Author.CUSTOMER, action=None)


def _advice(question: Message, reply: Reply) -> NewMessage:
    """The answer with its sources, below what was asked and by whom: others write in between."""
    sources = [{"place": _place(one), "url": one.url} for one in reply.citations]
    asked_by = sender_of(question)
    asked = quoted(question.text, _QUOTED)
    return posts.desk_post(posts.Post.ADVICE, reply.text, question=asked, asked_by=asked_by, sources=sources)


def _place(citation: Citation) -> str:
    """Title, section and page, as one would tell a colleague where to look."""
    path = [citation.title, *([citation.section] if citation.section else []), citation.source]
    place = " › ".join(dict.fromkeys(part for part in path if part))
    return f"{place}, {citation.page}" if citation.page else place
