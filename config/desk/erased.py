"""What staff and channels keep of a customer who is erased."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from core.domain.case import Case
from core.domain.conversation import OwnershipState
from core.ports.outcomes import NewMessage
from handoff import posts
from handoff.texts import say


def closing_posts(language: str, why: str, case: Case) -> Sequence[NewMessage]:
    """Return the card without the customer's data, and a post below it that says why."""
    facts = {
        "case": case.id,
        "number": case.number,
        "opened_at": case.opened_at.timestamp(),
        "state": str(OwnershipState.RESOLVED),
        "customer": say("card_erased", language),
        "channel": "",
        "reason": say("card_erased", language),
    }
    return posts.card_with(facts), posts.remark(why)


def mail_thread_without(note: str, addresses: Collection[str]) -> str | None:
    """A note that cannot be read goes: the address may stand in it."""
    from channels.email.threads import Thread

    try:
        left = Thread.from_json(note).without(addresses)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return left.to_json() if left is not None else None
