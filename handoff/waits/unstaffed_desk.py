"""The desk of a company that has not connected its staff yet: it takes everything down and promises nothing it cannot keep."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.contact_details import spot_contact_details
from core.domain.conversation import Escalation, OwnershipState
from core.domain.customer import ContactDetails
from core.domain.messages import CAME_BY, CAUTION, Author, CustomerAction, Message, MessageKind
from core.ports.clock import Clock
from core.ports.desk import ASKS_CONTACT, DESK_NOTICE, DeskReply, ForStaff
from core.ports.store import NewMessage, TurnOutcome, TurnState
from handoff.customer_language import known_locale
from handoff.hours import human_opening
from handoff.settings import HandoffSettings
from handoff.texts import say
from handoff.waits.contact import contact_details, merged, region_of
from handoff.waits.waiting import Waiting

_ASKING_FOR_CONTACT = frozenset({"transfer", "kept", "contact_unclear"})
_WITH_OPENING = frozenset({"transfer", "transfer_known", "kept", "kept_known"})


class UnstaffedDesk:
    """Answers follow from the turn alone, so a turn that is run again after a crash says the same thing, once."""

    def __init__(self, settings: HandoffSettings | None = None, clock: Clock | None = None) -> None:
        self._settings = settings or HandoffSettings()
        self._clock = clock

    def leaves_to_agent(self, turn: TurnState) -> bool:
        return True

    def contact(self, turn: TurnState) -> ContactDetails | None:
        """Contact details in the pending messages, to be stored with the turn whatever its outcome."""
        return contact_details(_from_customer(turn.as_read().pending), region_of(known_locale(turn)))

    def transfer_notice(self, turn: TurnState) -> NewMessage:
        """Never claims that somebody is there. Details that are known, or were just written, are not asked for again."""
        known = merged(turn.customer.contact, self.contact(turn))
        return self._notice("transfer_known" if known else "transfer", turn, known)

    async def with_ticket(self, turn: TurnState, notice: NewMessage) -> NewMessage:
        """Without a case there is no ticket."""
        return notice

    def taken_back_notice(self, turn: TurnState) -> NewMessage:
        """Details that were left stay known: a later wish need not ask for them again."""
        return self._notice("taken_back", turn)

    async def relay(self, turn: TurnState) -> DeskReply:
        """What is said of a request that was made before: one notice, whenever a person is asked for or details are left.

        In a conversation that staff own still, from a time when a desk was connected, it is said once.
        """
        found = self.contact(turn)
        known = merged(turn.customer.contact, found)
        if not turn.pending:
            return DeskReply((), found)
        if found:
            return DeskReply((self._notice("contact_saved", turn, found),), found)
        written = _from_customer(turn.as_read().pending)
        # A number without its country's code could be anybody's: it is asked for with the code.
        incomplete = not known and any(spot_contact_details(message.text).phone for message in written)
        if incomplete or any(message.action is CustomerAction.CONTACT for message in turn.pending):
            return DeskReply((self._notice("contact_unclear", turn),))
        owned = turn.conversation.state is OwnershipState.STAFF
        if owned and _said_since_transfer(turn.history) & {"kept", "kept_known", "contact_saved"}:
            return DeskReply()
        return DeskReply((self._notice("kept_known" if known else "kept", turn, known),), found)

    async def opened(self, turn: TurnState, escalation: Escalation, said: Sequence[NewMessage]) -> ForStaff:
        """There is nobody to tell."""
        return ForStaff()

    async def taken_back(self, turn: TurnState, said: Sequence[NewMessage]) -> ForStaff:
        """There is nobody to tell."""
        return ForStaff()

    async def rated(self, turn: TurnState) -> DeskReply | None:
        """Nobody resolves anything here, so nobody asks for ratings."""
        return None

    async def staff(self, turn: TurnState) -> TurnOutcome:
        """What staff wrote while a desk was connected; without one nobody can be answered for them."""
        return TurnOutcome(turn.claim, handled_seq=turn.conversation.last_seq)

    def _notice(self, key: str, turn: TurnState, contact: ContactDetails | None = None) -> NewMessage:
        shown = contact if turn.is_private else None
        text = say(key, known_locale(turn), fallback=self._settings.default_locale, contact=shown)
        return NewMessage(
            author=Author.SYSTEM,
            text=f"{text} {self._opening(turn)}".rstrip() if key in _WITH_OPENING else text,
            kind=MessageKind.NOTICE,
            meta={DESK_NOTICE: key, **({ASKS_CONTACT: True} if key in _ASKING_FOR_CONTACT else {})},
        )

    def _opening(self, turn: TurnState) -> str:
        """When the team is back, where the company said when it is there, and it is not."""
        if self._clock is None:
            return ""
        now, fallback = self._clock.now(), self._settings.default_locale
        at = Waiting(self._settings, now).opening
        if at is None:
            return ""
        opening = human_opening(at, now, known_locale(turn), fallback=fallback)
        return say("team_back", known_locale(turn), fallback=fallback, opening=opening)


def _from_customer(messages: Sequence[Message]) -> list[Message]:
    """On their own channel, and certainly: whoever has an address that was left must not lead us to another one."""
    said = (message for message in messages if message.author is Author.CUSTOMER and message.deleted_at is None)
    return [message for message in said if CAME_BY not in message.meta and CAUTION not in message.meta]


def _said_since_transfer(history: Sequence[Message]) -> frozenset[str]:
    """Notices of the present wait; those before the last transfer belonged to an earlier one."""
    said: set[str] = set()
    for message in reversed(history):
        notice = message.meta.get(DESK_NOTICE)
        if isinstance(notice, str):
            said.add(notice)
            if notice.startswith("transfer"):
                break
    return frozenset(said)
