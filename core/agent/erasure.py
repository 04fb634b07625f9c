"""Erase everything that is kept of customers who ask for it, once they have confirmed it (docs/howto/memory.md).

Only what they wrote themselves counts: no quotation, no file, and no recording, which may hold somebody else's voice. Whoever's
sender could be forged confirms by a code: only who reads what the address receives can type it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import timedelta

from core.agent.in_thread import run_in_thread
from core.agent.own_words import unquoted
from core.agent.phrases import Phrases
from core.agent.routing import asked
from core.agent.small_talk import says_no, says_yes, small_talk
from core.agent.texts import Texts, texts_for
from core.agent.wording import phrase
from core.domain.heard import words_heard
from core.domain.messages import Author, Message, MessageKind
from core.ports.outcomes import EraseCustomer
from core.ports.responder import Reply, Responder, TurnEvents
from core.ports.store import TurnState

ERASE = "erase"
"""In ``Message.meta`` of the question: the customer who is asked, and the code, None where a yes is enough."""
_OPEN = timedelta(hours=1)
"""For so long the question can be answered."""
_LONGEST = 200
_CODE = re.compile(r"\D{0,40}(\d{6})\D{0,40}")
_WISH = Phrases("memory.erase")
_BESIDE = Phrases("talk.filler", "talk.greeting", "person.polite", "person.own", "person.able")


def wants_erasure(message: Message) -> bool:
    """Whether this message asks for everything about its author to be erased, and for nothing else."""
    spoken = _written(message)
    return _WISH.are_in(spoken) and not _BESIDE.removed_from(_WISH.removed_from(spoken))


def six_digits() -> str:
    """A new code."""
    return f"{secrets.randbelow(1_000_000):06}"


@dataclass(frozen=True, slots=True)
class ErasureResponder:
    """Implements Responder: answers who wants to be erased, and leaves all else to ``responder``.

    ``signed``: names of the channels that know their customers by a token of the hub's.
    """

    responder: Responder
    company: str
    signed: Collection[str] = ()
    new_code: Callable[[], str] = six_digits

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        if (record := await run_in_thread(turn, _confirmed, turn)) is not None:
            texts = await run_in_thread(turn, texts_for, turn, self.company)
            return replace(_reply(texts.say("erase_done")), erasure=record)
        said = asked(turn)
        wishes = await run_in_thread(turn, lambda: [one for one in said if wants_erasure(one)])
        if not wishes:
            return await self.responder.respond(turn, turn_id, events)
        texts = await run_in_thread(turn, texts_for, turn, self.company)
        question = self._question(turn, texts)
        rest = tuple(one for one in said if one not in wishes)
        if all(small_talk(one.text) or says_yes(one.text) or says_no(one.text) for one in rest):
            return question
        reply = await self.responder.respond(replace(turn, pending=rest), turn_id, events)
        if reply.escalation is not None:
            return reply  # people read the wish
        meta = {**reply.meta, **question.meta}
        return replace(reply, text=f"{reply.text}\n\n{question.text}".strip(), meta=meta, offers_person=False)

    def _question(self, turn: TurnState, texts: Texts) -> Reply:
        if not turn.is_private:
            return _reply(texts.say("memory_private"))
        is_certain = turn.customer.verified or turn.conversation.key.channel in self.signed
        code = None if is_certain else self.new_code()
        how = texts.say("erase_yes") if code is None else texts.say("erase_code", code=code)
        asks = {ERASE: {"customer": turn.customer.id, "code": code}}
        return replace(_reply(f"{texts.say('erase_ask')} {how}"), meta=asks)


def _confirmed(turn: TurnState) -> EraseCustomer | None:
    """Return whom to erase; None unless the turn's messages all say yes, after the hub's question and with nothing between."""
    said = asked(turn)
    last = turn.history[-1] if turn.history else None
    if not said or last is None or last.author is not Author.AGENT or ERASE not in last.meta or not turn.is_private:
        return None
    if said[0].seq < last.seq:  # written before the question was
        return None
    question = last.meta[ERASE]
    late = said[-1].created_at > last.created_at + _OPEN
    if late or last.deleted_at is not None or question["customer"] != turn.customer.id:
        return None
    code = question["code"]
    if not all(_agrees(_written(one), code) for one in said):
        return None
    return EraseCustomer(turn.conversation.id, turn.customer.id, proven=turn.customer.verified or code is not None)


def _agrees(written: str, code: str | None) -> bool:
    if code is None:
        return says_yes(written)
    found = _CODE.fullmatch(written)
    return found is not None and "".join(str(int(digit)) for digit in found[1]) == code


def _written(message: Message) -> str:
    """Return the customer's text, normalised for comparison; empty for files, recordings and long texts."""
    if message.attachments or words_heard(message) or len(message.text) > _LONGEST:
        return ""
    return phrase(unquoted(message.text))


def _reply(text: str) -> Reply:
    return Reply(text, MessageKind.SMALL_TALK, confidence=1.0, intent=ERASE)
