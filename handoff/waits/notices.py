"""What the customer is told while they wait for staff: true at that moment, and asking for what would help."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from core.domain.customer import ContactDetails
from core.domain.messages import COLLEAGUE, Author, CustomerAction, Message, MessageKind
from core.ports.desk import DESK_NOTICE
from core.ports.store import NewMessage, TurnState
from handoff.customer_language import known_locale
from handoff.hours import human_opening
from handoff.rating.ratings import with_question
from handoff.settings import HandoffSettings
from handoff.texts import say
from handoff.waits.contact import merged
from handoff.waits.waiting import Waiting

OPENING = "opening"
_LEAVES = frozenset({"web", "console"})
"""Doors that close behind the customer; through all others they can be written to later."""
NUDGED, CLOSED_SILENT = "nudged", "closed_silent"
"""The notices to the customer of a pending case who does not answer."""
_BEGINNINGS = frozenset(
    {"staffed_transfer", "staffed_closed", "split", "joined", "assigned", "handed_back", "resolved", CLOSED_SILENT}
)


class Notices:
    """``now``: the moment at which they are worded."""

    def __init__(self, settings: HandoffSettings, now: datetime) -> None:
        self._settings = settings
        self._now = now
        self._opening = Waiting(settings, now).opening

    def nudge(self, locale: str | None) -> NewMessage:
        """Asks the customer of a pending case whether they still need help, and says when it is closed, if it is."""
        fallback, closes = self._settings.default_locale, self._settings.close_seconds
        at = (self._now + timedelta(seconds=closes)).astimezone(self._settings.zone)
        opening = human_opening(at, self._now, locale, fallback=fallback)
        text = say("nudge_closes" if closes else "nudge", locale, fallback=fallback, opening=opening)
        return NewMessage(Author.SYSTEM, text, MessageKind.NOTICE, meta={DESK_NOTICE: NUDGED}, followed=True)

    def closed(self, case_id: str, locale: str | None) -> NewMessage:
        """Nobody helped them last, so they are asked for no rating."""
        text = say(CLOSED_SILENT, locale, fallback=self._settings.default_locale)
        notice = NewMessage(Author.SYSTEM, text, MessageKind.NOTICE, meta={DESK_NOTICE: CLOSED_SILENT}, followed=True)
        return with_question(notice, "", case_id, locale, replace(self._settings, rating_seconds=0.0))[0]

    def transfer(self, turn: TurnState, found: ContactDetails | None) -> NewMessage:
        """The conversation goes to staff."""
        if self._opening is None:
            reach = (turn.conversation.key.channel, found) if found else None
            return self._notice("staffed_transfer", known_locale(turn), reach, private=turn.is_private)
        reach = (turn.conversation.key.channel, merged(turn.customer.contact, found))
        return self._notice("staffed_closed", known_locale(turn), reach, private=turn.is_private)

    def split(self, locale: str | None, ticket: str) -> NewMessage:
        """The conversation goes on with another case, which waits for anybody."""
        notice, fallback = self._notice("split", locale, name=ticket), self._settings.default_locale
        if self._opening is None:
            return notice
        opening = human_opening(self._opening, self._now, locale, fallback=fallback)
        return replace(notice, text=f"{notice.text} {say('team_back', locale, fallback=fallback, opening=opening)}")

    def relayed(self, turn: TurnState, found: ContactDetails | None) -> tuple[NewMessage, ...]:
        """The customer writes while nobody has taken the conversation. At most one notice, and none twice in a wait."""
        known = merged(turn.customer.contact, found)
        told = list(_since_transfer(turn.history))
        said = {notice.meta[DESK_NOTICE] for notice in told}
        if found and known != turn.customer.contact:
            shown = found if turn.is_private else None
            return (self._notice("contact_saved", known_locale(turn), contact=shown),)
        if found is None and any(message.action is CustomerAction.CONTACT for message in turn.pending):
            return (self._notice("contact_unclear", known_locale(turn)),)
        if not turn.pending or self._opening is None or "contact_saved" in said:
            return ()
        if any(notice.meta.get(OPENING) == self._opening.isoformat() for notice in told):
            return ()
        reach = (turn.conversation.key.channel, known)
        return (self._notice("staffed_kept", known_locale(turn), reach, private=turn.is_private),)

    def longer(self, channel: str, locale: str | None, known: ContactDetails, *, private: bool = True) -> NewMessage:
        """Nobody has come in the time that was meant for it."""
        key = "staffed_longer" if self._opening is None else "staffed_longer_closed"
        return self._notice(key, locale, (channel, known), private=private)

    def _notice(
        self,
        key: str,
        locale: str | None,
        reach: tuple[str, ContactDetails] | None = None,
        contact: ContactDetails | None = None,
        *,
        private: bool = True,
        name: str = "",
    ) -> NewMessage:
        """``private``: nobody else reads it. Where others do, contact details are neither repeated nor asked for."""
        fallback = self._settings.default_locale
        opening, meta = "", {DESK_NOTICE: key}
        if self._opening is not None:
            opening = human_opening(self._opening, self._now, locale, fallback=fallback)
            meta[OPENING] = self._opening.isoformat()
        text = say(key, locale, fallback=fallback, contact=contact, opening=opening, name=name)
        if reach is not None and private and (reach[0] in _LEAVES or reach[1]):
            more = "reach_contact" if reach[1] else "ask_contact"
            text = f"{text} {say(more, locale, fallback=fallback, contact=reach[1])}"
        return NewMessage(Author.SYSTEM, text, MessageKind.NOTICE, meta=meta)


def _since_transfer(history: Sequence[Message]) -> Iterable[Message]:
    """Notices of the present wait, the last one first."""
    for message in reversed(history):
        notice = message.meta.get(DESK_NOTICE)
        if message.author is Author.STAFF and COLLEAGUE not in message.meta:  # a wait that ended unannounced
            return
        if isinstance(notice, str):
            yield message
            if notice in _BEGINNINGS:
                return
