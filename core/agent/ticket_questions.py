"""What customers ask about their tickets, understood and answered without a model."""

from __future__ import annotations

from collections.abc import Sequence

from core.agent.phrases import Phrases
from core.agent.texts import Texts
from core.agent.wording import phrase
from core.domain.messages import MessageKind
from core.domain.ticket import Ticket, numbers_in
from core.ports.responder import Reply
from core.ports.store import TurnState
from core.ports.tickets import Holder, Tickets

_MINE = Phrases("ticket.mine")
_MOST = 10
_INTENT = "ticket"


def about_tickets(text: str) -> bool:
    """Whether it names a ticket by its number, or asks for the customer's own."""
    return bool(numbers_in(text)) or _MINE.are_in(phrase(text))


def none_at_all(texts: Texts) -> Reply:
    """For a customer without tickets who asks for them, and to whom the company's documents say nothing of any."""
    return Reply(texts.say("ticket_none"), MessageKind.ANSWER, confidence=1.0, intent=_INTENT)


async def tell_of_tickets(tickets: Tickets, turn: TurnState, questions: Sequence[str], texts: Texts) -> Reply | None:
    """Where the tickets stand that are named, or all of this customer's. One that is somebody else's is not there.

    None where no number is named and there are none: perhaps another kind of ticket is meant, such as for a train.
    """
    holder = Holder.of(turn.customer, turn.conversation.id, private=turn.is_private)
    named = list(dict.fromkeys(number for question in questions for number in numbers_in(question)))
    if not named:
        found = list(await tickets.tickets(holder, _MOST))
        if not found:
            return None
        lines = "\n".join(f"- {_line(one, texts)}" for one in found)
        return _ticket_reply(lines, found)
    seen = [(number, await tickets.ticket(holder, number)) for number in named[:_MOST]]
    known = [one for _, one in seen if one is not None]
    said = [
        _line(one, texts) if one is not None else texts.say("ticket_unknown", number=number) for number, one in seen
    ]
    if known:
        return _ticket_reply("\n\n".join(said), known)
    text = f"{' '.join(said)} {texts.say('offer')}"
    return Reply(text, MessageKind.UNKNOWN, offers_person=True, intent=_INTENT)


def _ticket_reply(text: str, found: Sequence[Ticket]) -> Reply:
    meta = {"ticket": found[0].number} if len(found) == 1 else {}
    return Reply(text, MessageKind.ANSWER, confidence=1.0, intent=_INTENT, meta=meta)


def _line(ticket: Ticket, texts: Texts) -> str:
    named = f"{ticket.number} (“{ticket.subject}”)" if ticket.subject else ticket.number
    return texts.say("ticket_line", number=named, status=texts.say(f"ticket_{ticket.status}"))
