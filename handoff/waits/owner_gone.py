"""An owner whose account is not there any more: what they had goes back to the queue, and those on call are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.domain.case import Case
from core.domain.conversation import Conversation, OwnershipEvent, OwnershipState
from core.ports.outcomes import CaseRecord, NewMessage, Transition
from handoff import posts
from handoff.people import People
from handoff.settings import HandoffSettings
from handoff.texts import say
from handoff.waits.waiting import Waiting

RELEASED = Transition(OwnershipEvent.RELEASE)


async def is_gone(conversation: Conversation, people: People) -> bool:
    """Whether it is owned by somebody who cannot answer any more."""
    owned = conversation.state is OwnershipState.STAFF and conversation.owner is not None
    return owned and await people.gone(conversation.owner or "")


async def released(
    case: Case,
    conversation: Conversation,
    facts: Mapping[str, Any],
    people: People,
    settings: HandoffSettings,
    waiting: Waiting,
    *,
    waits: bool,
) -> tuple[list[NewMessage], tuple[CaseRecord, ...]]:
    """What staff are told, and how the case waits from now on. ``waits``: the customer does."""
    locale = settings.staff_locale
    name = await people.called(conversation.owner or "") or say("staff_somebody", locale)
    told = [
        posts.card_now(facts, OwnershipState.QUEUED, None),
        posts.reminder(say("staff_owner_gone", locale, name=name), mentions=settings.on_call, loud=True),
    ]
    return told, waiting.for_anybody(case.id, told=waits and not case.opened_by_staff)
