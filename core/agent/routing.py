"""What a turn is about before anybody thinks: both responders ask here first, in half a millisecond and without a model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from core.agent.choosing import Sense, pick_of
from core.agent.contact import only_contact_details
from core.agent.person_wish import wants_person
from core.agent.phrases import any_of
from core.agent.questions import asks
from core.agent.small_talk import all_small_talk, says_no, says_yes
from core.agent.withdrawal import last_withdrawn, names_it_unneeded, without_withdrawal
from core.agent.wording import phrase
from core.domain.attachments import Attachment
from core.domain.choices import Choice
from core.domain.contact_details import spot_contact_details
from core.domain.conversation import Escalation
from core.domain.customer import ContactDetails
from core.domain.messages import Author, CustomerAction, Message, MessageKind
from core.ports.desk import ASKS_CONTACT
from core.ports.store import TurnState

OFFER_META = "offers_person"


class Intent(StrEnum):
    """What the customer wants from this turn."""

    PERSON = "person"
    CONTACT = "contact"
    DECLINED = "declined"
    SMALL_TALK = "small_talk"
    NOTHING = "nothing"
    QUESTION = "question"
    FILE = "file"
    CHOOSE_AGAIN = "choose_again"
    NONE_OF_THESE = "none_of_these"


@dataclass(frozen=True, slots=True)
class Route:
    """``escalation`` is set for PERSON and CONTACT; ``talk`` names the kind of small talk (see ``small_talk``).

    ``choices``: what the customer chose when they were asked back; with CHOOSE_AGAIN, what they can choose.
    ``files``: with FILE, those that came alone, or with no more than a greeting, and of which the agent can read none (see
    ``unread_note``).
    """

    intent: Intent
    escalation: Escalation | None = None
    talk: str | None = None
    contact: ContactDetails = field(default_factory=ContactDetails)
    choices: tuple[Choice, ...] = ()
    files: tuple[Attachment, ...] = ()


def asked(turn: TurnState) -> tuple[Message, ...]:
    """The pending messages that are the customer's and still stand."""
    return tuple(m for m in turn.pending if m.author is Author.CUSTOMER and m.deleted_at is None)


def _last_told(history: Sequence[Message]) -> Message | None:
    return next((m for m in reversed(history) if m.author is not Author.CUSTOMER and m.deleted_at is None), None)


def was_offered_person(history: Sequence[Message]) -> bool:
    """Whether the last thing said to the customer ended with an offer of a person, so that a bare yes accepts it."""
    last = _last_told(history)
    if last is None or last.author is Author.STAFF:
        return False
    return last.kind in (MessageKind.UNKNOWN, MessageKind.FAILURE) or bool(last.meta.get(OFFER_META))


def _keyword(text: str, keywords: Sequence[str]) -> str | None:
    spoken = phrase(text)
    words = (keyword for keyword in keywords if phrase(keyword))
    return next((one for one in words if re.search(rf"(?<!\w){any_of([one])}(?!\w)", spoken)), None)


def _wish(messages: Sequence[Message], keywords: Sequence[str], *, offered: bool) -> Escalation | None:
    if any(m.action is CustomerAction.REQUEST_PERSON for m in messages):
        return _by_customer("pressed", "The customer pressed the button that asks for a person.")
    if any(wants_person(m.text) for m in messages):
        return _by_customer("asked", "The customer asked for a person.")
    if offered and messages and says_yes(messages[-1].text):
        return _by_customer("accepted", "The customer accepted the offer of a person.")
    for message in messages:
        keyword = _keyword(message.text, keywords)
        if keyword:
            said = f"The message holds the escalation keyword “{keyword}”."
            return Escalation(said, requested_by="rule", causes={"keyword": {"keyword": keyword}})
    return None


def _by_customer(cause: str, said: str) -> Escalation:
    return Escalation(said, requested_by="customer", causes={cause: {}})


def _contact(messages: Sequence[Message]) -> ContactDetails:
    for message in reversed(messages):
        pressed = message.action is CustomerAction.CONTACT
        found = spot_contact_details(message.text) if pressed else only_contact_details(message.text)
        if found:
            return found
    return ContactDetails()


def _without_withdrawn_wish(messages: tuple[Message, ...], *, offered: bool) -> tuple[Message, ...]:
    """Without a wish that was taken back in the same turn, where there was something to take back."""
    place = last_withdrawn(messages)
    if place is None:
        return messages
    wished = offered or any(m.action is CustomerAction.REQUEST_PERSON or wants_person(m.text) for m in messages[:place])
    plain = messages[place].action is CustomerAction.WITHDRAW or names_it_unneeded(messages[place].text)
    return without_withdrawal(messages) if wished or plain else messages


_PICKED = {
    Sense.CHOSEN: Intent.QUESTION,
    Sense.MISSED: Intent.CHOOSE_AGAIN,
    Sense.NONE: Intent.NONE_OF_THESE,
    Sense.DROPPED: Intent.DECLINED,
}


def route(turn: TurnState, keywords: Sequence[str] = (), *, for_staff: bool = False) -> Route:
    """The turn's intent. Contact details that come alone count as a wish to be reached by a person.

    ``for_staff``: a colleague's words are a question, also where a customer who wrote them would want a person.
    """
    every = asked(turn)
    if for_staff:
        return Route(Intent.QUESTION if any(phrase(m.text) for m in every) else Intent.NOTHING)
    pick = pick_of(every, turn.history)
    if pick is not None:
        return Route(_PICKED[pick.sense], choices=pick.choices if pick.sense in (Sense.CHOSEN, Sense.MISSED) else ())
    history = turn.with_history_of_author().history
    offered = was_offered_person(history)
    messages = _without_withdrawn_wish(every, offered=offered)
    if every and not messages:
        return Route(Intent.DECLINED)
    texts = [m.text for m in messages if m.text.strip()]
    contact = _contact(messages)
    wish = _wish(messages, keywords, offered=offered)
    if wish:
        return Route(Intent.PERSON, wish, contact=contact)
    if contact or any(m.action is CustomerAction.CONTACT for m in messages):
        left = _by_customer("contact", "The customer left contact details.")
        return Route(Intent.CONTACT, left, contact=contact)
    if messages and messages[-1].action in (CustomerAction.GREETING, CustomerAction.START_OVER):
        return Route(Intent.SMALL_TALK, talk="greeting")
    refusable = offered or ((last := _last_told(history)) is not None and last.meta.get(ASKS_CONTACT))
    if refusable and texts and says_no(texts[-1]) and not any(map(asks, texts)):
        return Route(Intent.DECLINED)
    return _route_words(texts, tuple(file for m in messages for file in m.attachments))


def _route_words(texts: Sequence[str], files: tuple[Attachment, ...]) -> Route:
    """The intent of what is no wish for a person: words, files or both."""
    talk = all_small_talk(texts)
    mute = [file for file in files if file.is_missing or (file.is_recording and not file.text)]
    files = tuple(file for file in files if not (file.is_recording and file.text))  # their words are among the texts
    if mute and (talk or not texts) and len(mute) == len(files):
        return Route(Intent.FILE, files=files)
    if files:
        return Route(Intent.QUESTION)
    if talk:
        return Route(Intent.SMALL_TALK, talk=talk)
    return Route(Intent.QUESTION if any(phrase(text) for text in texts) else Intent.NOTHING)
