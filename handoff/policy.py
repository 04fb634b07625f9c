"""When a person is needed although nobody asked for one. Pure: the same conversation and rules give the same answer.

A request by the customer, and the agent's own, are not decided here; they come before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from core.domain.analysed_text import keep_newest
from core.domain.choices import CLARIFY
from core.domain.conversation import Escalation, OwnershipState
from core.domain.customer import Customer
from core.domain.messages import Author, CustomerAction, Message, MessageKind
from core.ports.desk import HANDED_BACK
from core.ports.responder import TOOLS_FAILED_META, Reply
from core.ports.store import TurnState
from handoff.customer_language import known_locale
from handoff.mood import Mood, MoodWords, measure, trend
from handoff.mood.mood import sentiment
from handoff.texts import say

_JUDGED = 20
"""Messages of the history whose mood counts: what was said long ago says little of how somebody feels now."""
_DECLINED = "declined"
_URGENT = frozenset({"vip", "furious"})
_Cause = tuple[str, dict[str, str]]
"""A rule that holds, by the name of its sentence, and what stands in that."""
_EARLIER = 6  # messages in which the same may have been asked
_TREND_OF = 3  # messages, at least


@dataclass(frozen=True, slots=True)
class EscalationRules:
    """A company's rules; 0, None and an empty list switch a rule off.

    ``frustration``: of one message. ``frustrated_messages`` of at least ``frustrated_from`` do it together. A conversation
    declines when its tone falls by ``decline`` per message or more and is ``declined_to`` or below. ``unanswered`` replies in
    a row without an answer of at least ``answer_confidence``. ``vip``: customers' ids, or patterns such as
    ``*@example.com``; they must be verified, and get a person at once where none has been in the conversation yet.
    """

    frustration: float | None = 0.8
    frustrated_messages: int = 3
    frustrated_from: float = 0.5
    decline: float | None = 0.1
    declined_to: float = -0.3
    unanswered: int = 2
    answer_confidence: float = 0.0
    model_failed: bool = True
    tool_failed: bool = True
    vip: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("frustration", "frustrated_from", "decline", "answer_confidence"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"{name} is {value}; it goes from 0 to 1.")
        if not -1 <= self.declined_to <= 0:
            raise ValueError(f"declined_to is {self.declined_to}; it goes from -1 to 0.")
        if self.frustrated_messages < 0 or self.unanswered < 0:
            raise ValueError("Numbers of messages are 0 or more.")


def reason_to_escalate(
    turn: TurnState, reply: Reply | None, rules: EscalationRules, moods: Sequence[Mood]
) -> Escalation | None:
    """Every reason that holds, in English sentences for the log, and by name for staff; urgent when one of them is.
    None: the agent goes on.

    ``reply`` is None before the agent has answered. ``moods``: one for each of ``messages_judged(turn)`` (see ``moods_of``).
    Only what was said since a person last had the conversation counts, so that a hand-back is not undone at once.
    """
    if turn.conversation.state in (OwnershipState.QUEUED, OwnershipState.STAFF):
        return None
    if reply is not None and reply.escalation is not None:
        return reply.escalation
    found = [*_by_name(turn, rules), *_by_mood(turn, rules, moods), *_by_reply(turn, reply, rules)]
    if not found:
        return None
    urgent = any(cause in _URGENT for cause, _ in found)
    causes = dict(found)
    urgency = "high" if urgent else "normal"
    return Escalation(worded(causes, "en"), requested_by="rule", urgency=urgency, causes=causes)


def decide(
    turn: TurnState, reply: Reply | None, *, rules: EscalationRules, words: MoodWords | None = None
) -> Escalation | None:
    """``reason_to_escalate`` with the moods that it needs: measured before the agent is asked, where rules look at them."""
    moods = moods_of(_with_recent_history(turn), words) if rules.frustration is not None and reply is None else ()
    return reason_to_escalate(turn, reply, rules, moods)


def sentiment_of(turn: TurnState, *, words: MoodWords | None = None) -> str | None:
    """How the customer sounded in what a turn answers, in one word."""
    mood = last_mood(_with_recent_history(turn), words)
    return None if mood is None else sentiment(mood)


def _with_recent_history(turn: TurnState) -> TurnState:
    return replace(turn, history=turn.history[-_JUDGED:])


def messages_judged(turn: TurnState) -> tuple[Message, ...]:
    """The customer's written messages since a person last had the conversation, the pending ones last.

    Of very much text the newest, and of long messages the beginning (see `core.domain.analysed_text`).
    """
    read = turn.as_read()
    return keep_newest(message for message in (*_since_a_person(read.history), *read.pending) if _is_written(message))


def moods_of(turn: TurnState, words: MoodWords | None = None) -> tuple[Mood, ...]:
    """The mood of each of ``messages_judged(turn)``, each with what the customer had said before it."""
    texts = [message.text for message in messages_judged(turn)]
    return tuple(_mood(turn, texts, place, words) for place in range(len(texts)))


def last_mood(turn: TurnState, words: MoodWords | None = None) -> Mood | None:
    """Of the last of them alone; None where there is none."""
    texts = [message.text for message in messages_judged(turn)]
    return _mood(turn, texts, len(texts) - 1, words) if texts else None


def _mood(turn: TurnState, texts: Sequence[str], place: int, words: MoodWords | None) -> Mood:
    earlier = texts[max(0, place - _EARLIER) : place]
    return measure(texts[place], known_locale(turn), words_of=words or MoodWords(), earlier=earlier)


def _is_written(message: Message) -> bool:
    said = message.author is Author.CUSTOMER and message.deleted_at is None and message.action is None
    return said and bool(message.text.strip())


def _since_a_person(history: Sequence[Message]) -> Sequence[Message]:
    """What follows the last message of staff, the last notice of a transfer, or the customer's new start."""
    for place in range(len(history) - 1, -1, -1):
        if _is_persons(history[place]) or history[place].action is CustomerAction.START_OVER:
            return history[place + 1 :]
    return history


def _is_persons(message: Message) -> bool:
    """Staff's, or the notice that the conversation goes to them, or comes back from them."""
    if message.author is Author.CUSTOMER:
        return False
    between = message.meta.get("requires_escalation") is True or HANDED_BACK in message.meta
    return message.author is Author.STAFF or between


def _by_name(turn: TurnState, rules: EscalationRules) -> Iterator[_Cause]:
    written = any(map(_is_written, turn.pending))
    if written and not any(map(_is_persons, turn.history)) and is_vip(turn.customer, rules.vip):
        yield "vip", {}


def _by_mood(turn: TurnState, rules: EscalationRules, moods: Sequence[Mood]) -> Iterator[_Cause]:
    newest = sum(map(_is_written, turn.pending))
    if not newest or not moods:
        return
    worst = max(mood.frustration for mood in moods[-newest:])
    if rules.frustration is not None and worst >= rules.frustration:
        yield "furious", {"frustration": f"{worst:.1f}"}
    frustrated = sum(mood.frustration >= rules.frustrated_from for mood in moods)
    if 0 < rules.frustrated_messages <= frustrated and worst >= rules.frustrated_from:
        yield "frustrated", {"count": str(frustrated)}
    if rules.decline is not None and len(moods) >= _TREND_OF:
        slope, tone = trend(moods), moods[-1].tone
        if slope < 0 and -slope >= rules.decline and tone <= rules.declined_to:
            yield "declining", {"tone": f"{tone:.1f}"}


def _by_reply(turn: TurnState, reply: Reply | None, rules: EscalationRules) -> Iterator[_Cause]:
    if reply is None:
        return
    tools = reply.meta.get(TOOLS_FAILED_META) or ()
    if rules.tool_failed and tools:
        named = ", ".join([tools] if isinstance(tools, str) else map(str, tools))
        yield "tool_failed", {"tools": named}
    if rules.model_failed and reply.kind is MessageKind.FAILURE:
        yield "model_failed", {}
    in_a_row = _unanswered_in_a_row(turn, reply, rules)
    if 0 < rules.unanswered <= in_a_row:
        yield "unanswered", {"count": str(in_a_row)}


def _unanswered_in_a_row(turn: TurnState, reply: Reply, rules: EscalationRules) -> int:
    if not _is_unanswered(reply.kind, reply.confidence, reply.intent, rules):
        return 0
    count = 1
    for message in reversed(_since_a_person(turn.history)):
        if message.author is not Author.AGENT or message.deleted_at is not None or message.kind is None:
            continue
        intent = message.meta.get("intent")
        if _is_unanswered(message.kind, float(message.meta.get("confidence") or 0.0), intent, rules):
            count += 1
        elif (message.kind is MessageKind.ANSWER and intent != CLARIFY) or intent == _DECLINED:
            break
    return count


def _is_unanswered(kind: MessageKind, confidence: float, intent: object, rules: EscalationRules) -> bool:
    """Not known, failed, or an answer too unsure. Small talk and questions asked back are neither."""
    if kind in (MessageKind.UNKNOWN, MessageKind.FAILURE):
        return True
    return kind is MessageKind.ANSWER and intent != CLARIFY and confidence < rules.answer_confidence


_SITES = "user:"
"""Before the id that a company's own site has signed (channels.web): nobody would write it into a setting."""


def is_vip(customer: Customer, patterns: Sequence[str]) -> bool:
    """By what the channel proved alone: contact details are what somebody typed, and would open the door to anybody."""
    external = customer.external_id.casefold()
    names = (customer.id.casefold(), external, external.removeprefix(_SITES))
    return customer.verified and any(fnmatchcase(name, each.casefold()) for each in patterns for name in names)


def reason_in(escalation: Escalation, locale: str | None) -> str:
    """What the hub found itself is said in the staff's language. An agent's own words stay as they are."""
    return worded(escalation.causes, locale) if escalation.causes else escalation.reason


def worded(causes: Mapping[str, Mapping[str, Any]], locale: str | None) -> str:
    """A sentence for each."""
    return " ".join(say(f"why_{cause}", locale, **details) for cause, details in causes.items())
