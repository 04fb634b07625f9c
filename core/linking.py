"""Link another address of a customer by a one-time code, and undo it (ADR 17).

A code goes to the address, and whoever types it into the conversation that asked for it has both. What is open is kept with the
agent's own message that says so, as a keyed hash of the code, and all of a step is committed by the turn that decides it: the
code is sent once, is counted with each try, and links once, whether that message arrives or not.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from core.agent.erasure import six_digits
from core.agent.link_wish import LinkWish, link_wish
from core.agent.texts import texts_for
from core.domain.budget import Budget, Spender
from core.domain.capabilities import AnswersBy
from core.domain.contact_details import spot_contact_details
from core.domain.contact_route import ContactRoute, one_mailbox
from core.domain.conversation import Sharing
from core.domain.customer import LINK, ContactDetails, Identity
from core.domain.messages import ADDRESSED, CAUTION, FOR_RECORD, Author, Message, MessageKind
from core.ports.budgets import Budgets
from core.ports.clock import Clock
from core.ports.follow_ups import ContactRoutes
from core.ports.outcomes import CaseRecord, LinkIdentity, UnlinkIdentity
from core.ports.responder import Reply
from core.ports.store import NewMessage, TurnOutcome, TurnState
from core.turn_messages import answer_outcome

CODE_SECONDS = 600.0
CODE_TRIES = 5
_HOUR, _DAY = 3_600, 86_400
_TO_ONE_ADDRESS = Budget("link-codes-to", share=3, total=0, seconds=_DAY)
_CODE = re.compile(r"\D{0,40}(\d{3})[ -]?(\d{3})\D{0,40}")
"""A message that is a code, with at most a few words around it."""


def link_codes(in_all: int) -> Budget:
    """The budget of codes in an hour. One customer, or stranger, may ask for three."""
    return Budget("link-codes", share=3, total=in_all, seconds=_HOUR)


@dataclass(frozen=True, slots=True)
class Linking:
    """``routes``: how an address is reached, None where no codes are sent. ``channels``: what an answer is known by there, which
    also tells mail from numbers.

    ``codes``: how many may be sent. ``spender``: whose budget a turn uses. ``keys``: the newest first.
    """

    routes: ContactRoutes | None
    channels: Mapping[str, AnswersBy]
    budgets: Budgets
    codes: Budget
    spender: Callable[[TurnState], Spender]
    keys: Sequence[str]
    clock: Clock
    company: str
    new_code: Callable[[], str] = six_digits

    def apart(self, state: TurnState, *, signed: bool) -> tuple[TurnState, bool]:
        """The turn up to the first pending message that is about links, or that message alone, and whether it is.

        What comes behind is the next turn's. ``signed``: the channel knows its customers by a token of the hub's.
        """
        for place, message in enumerate(state.pending):
            wish = _wish(message)
            typed = self._typed(state, message) if wish is None and _may_link(state, signed=signed) else None
            if typed is not None or (wish is not None and (self.routes or wish.undo) and not wish.asks_more):
                return _first_of(state, place or 1), not place
        return state, False

    def answer(self, state: TurnState, *, signed: bool) -> TurnOutcome:
        """What to commit for a message that is about links."""
        wish, typed = _wish(state.pending[0]), self._typed(state, state.pending[0])
        if typed is not None and wish is None:
            return self._redeem(state, typed)
        if wish is not None and wish.undo:
            return self._answer(state, "link_undone", self._undoing(state, wish))
        return self._ask(state, wish.contact if wish is not None else ContactDetails(), signed=signed)

    def with_undone(self, state: TurnState, outcome: TurnOutcome) -> TurnOutcome:
        """The turn's outcome, and the end of the links that a message of it wants undone, whoever answers it.

        The agent says so; people are not interrupted. In a group only what is said to the hub counts.
        """
        heard = (one for one in state.pending if not _is_among_others(state, one) and one.seq <= outcome.handled_seq)
        wishes = [wish for wish in map(_wish, heard) if wish is not None and wish.undo]
        if not wishes or any(isinstance(one, UnlinkIdentity) for one in outcome.cases):
            return outcome
        messages = list(outcome.messages)
        if messages and messages[0].author is Author.AGENT:
            said = texts_for(state.as_read(), self.company).say("link_undone")
            messages[0] = replace(messages[0], text=f"{said}\n\n{messages[0].text}")
        records = (self._undoing(state, wish) for wish in wishes)
        return replace(outcome, messages=tuple(messages), cases=(*outcome.cases, *records))

    def _undoing(self, state: TurnState, wish: LinkWish) -> UnlinkIdentity:
        channels = tuple(sorted(name for name, kind in self.channels.items() if kind is wish.kind))
        if wish.kind is not None and not channels:
            channels = (wish.kind,)  # No channel of the kind is set up, and the customer's own is not meant.
        return UnlinkIdentity(state.customer.id, "customer", channels, wish.contact.email or wish.contact.phone)

    def ask(self, state: TurnState, reply: Reply, *, signed: bool) -> TurnOutcome:
        """What to commit where the model has understood which address is to be linked: its answer, and what becomes of that."""
        told, *sent = self._ask(state, spot_contact_details(reply.link or ""), signed=signed).messages
        besides = reply.text.removeprefix(texts_for(state.as_read(), self.company).say("link_how")).strip()
        kept = {LINK: told.meta[LINK]} if LINK in told.meta else {}
        said = replace(reply, text=f"{besides}\n\n{told.text}".strip(), meta={**reply.meta, **kept})
        answered = answer_outcome(state, said)
        return replace(answered, messages=(*answered.messages, *sent))

    def _ask(self, state: TurnState, contact: ContactDetails, *, signed: bool) -> TurnOutcome:
        """Whether we know the address makes no difference to what is said, nor to what is done."""
        route = self._route(state, contact)
        if route is None or not _may_link(state, signed=signed):
            return self._answer(state, "link_how")
        to = self._digest(route.key.channel, one_mailbox(route.address))
        spender, target = self.spender(state), Spender(f"address:{to[:16]}")
        asked = ((self.codes, spender), (_TO_ONE_ADDRESS, target))
        if any(self.budgets.wait(budget, who) > 0 for budget, who in asked):
            return self._answer(state, "link_later")
        for budget, who in asked:
            self.budgets.spend(budget, who)
        code, until = self.new_code(), self.clock.now().timestamp() + CODE_SECONDS
        kept = {"contact": asdict(contact), "until": until, "left": CODE_TRIES}
        kept |= {"code": self._code_digest(self.keys[0], state, kept, code)}
        return self._answer(state, "link_sent", meta=kept, beside=self._message(state, route, "link_code", code=code))

    def _typed(self, state: TurnState, message: Message) -> _Typed | None:
        """A message that is a code, while one is open for its author."""
        found = _CODE.fullmatch(message.text.strip())
        told = (one for one in reversed(state.history) if one.author is Author.AGENT and LINK in one.meta)
        last = next(told, None)
        if found is None or last is None or not last.meta[LINK] or state.author_of(last) != state.customer.id:
            return None
        digits = "".join(str(int(digit)) for digit in "".join(found.groups()))
        return _Typed(digits, last.meta[LINK], message.id)

    def _redeem(self, state: TurnState, typed: _Typed) -> TurnOutcome:
        kept = typed.kept
        in_time = self.clock.now().timestamp() <= kept["until"]
        expected = [self._code_digest(key, state, kept, typed.digits) for key in self.keys]
        if not in_time or not any(hmac.compare_digest(one, kept["code"]) for one in expected):
            left = kept["left"] - 1 if in_time else 0
            told = "link_later" if in_time and left <= 0 else "link_wrong"
            return self._answer(state, told, meta={**kept, "left": left} if left > 0 else {})
        route = self._route(state, ContactDetails(**kept["contact"]))
        if route is None:
            return self._answer(state, "link_how", meta={})
        # What the channel proves of each message from there: of a mail its signature, of a text message's sender nothing.
        proves = self.channels.get(route.key.channel) is not AnswersBy.SENDER
        theirs = Identity(route.key.channel, route.key.account, route.address, verified=proves)
        linked = LinkIdentity(state.conversation.id, state.customer.id, theirs, typed.message_id)
        return self._answer(state, "link_done", linked, meta={}, beside=self._message(state, route, "link_notice"))

    def _route(self, state: TurnState, contact: ContactDetails) -> ContactRoute | None:
        """A number without its country's code could be anybody's."""
        phone = re.sub(r"^00", "+", contact.phone or "")
        known = replace(contact, phone=phone if phone.startswith("+") else None)
        return next(iter(self.routes(known, state.conversation.key)), None) if known and self.routes else None

    def _message(self, state: TurnState, route: ContactRoute, name: str, **values: str) -> NewMessage:
        """It goes by that route alone, and is no part of the conversation."""
        texts = texts_for(state.as_read(), self.company)
        meta = {"subject": self.company or texts.say("unnamed_company")}
        return NewMessage(Author.SYSTEM, texts.say(name, **values), MessageKind.FOLLOW_UP, meta=meta, route=route)

    def _answer(
        self,
        state: TurnState,
        name: str,
        *records: CaseRecord,
        meta: Mapping[str, Any] | None = None,
        beside: NewMessage | None = None,
    ) -> TurnOutcome:
        text = texts_for(state.as_read(), self.company).say(name)
        said = Reply(
            text, MessageKind.SMALL_TALK, confidence=1.0, intent=LINK, meta={} if meta is None else {LINK: meta}
        )
        outcome = answer_outcome(state, said)
        messages = outcome.messages if beside is None else (*outcome.messages, beside)
        return replace(outcome, messages=messages, cases=records)

    def _code_digest(self, key: str, state: TurnState, kept: Mapping[str, Any], code: str) -> str:
        contact = kept["contact"]
        bound = (state.conversation.id, state.customer.id, contact["email"], contact["phone"], kept["until"], code)
        return self._digest(*bound, key=key)

    def _digest(self, *parts: object, key: str | None = None) -> str:
        text = "\n".join(map(str, ("link", *parts)))
        return hmac.new((key or self.keys[0]).encode(), text.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class _Typed:
    """A code that a customer typed, what is kept of the one that is open, and the message in which they typed it."""

    digits: str
    kept: Mapping[str, Any]
    message_id: str


def _wish(message: Message) -> LinkWish | None:
    """What a message says of links. A file may not be swallowed with a wish; to undo a link is more urgent than a file."""
    if message.action or CAUTION in message.meta or FOR_RECORD in message.meta:
        return None
    wish = link_wish(message.text)
    return None if wish is not None and message.attachments and not wish.undo else wish


def _is_among_others(state: TurnState, message: Message) -> bool:
    return state.conversation.shared is Sharing.ALWAYS and not message.meta.get(ADDRESSED)


def _first_of(state: TurnState, count: int) -> TurnState:
    """The turn with only the first pending messages, and with the changes before the next one."""
    rest = state.pending[count:]
    changes = tuple(one for one in state.changes if not rest or one.seq < rest[0].seq)
    return replace(state, pending=state.pending[:count], changes=changes)


def _may_link(state: TurnState, *, signed: bool) -> bool:
    """Whether it is certain who writes, and that nobody else reads it. A forged sender could link their own address otherwise."""
    return state.is_private and (state.customer.verified or signed)
