"""What is decided about one conversation in several asides is written as one: its row and its next place are taken once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.ports.outcomes import Aside


def merge_by_conversation(asides: Sequence[Aside]) -> list[Aside]:
    """In the order in which their conversations are named first, each with everything that is said in it, in order.

    Whether they hold is asked of each of them before: they may have been decided on different states of the conversation.
    """
    found: dict[str, Aside] = {}
    for aside in asides:
        home = aside.conversation.conversation_id
        found[home] = _merged(found[home], aside) if home in found else aside
    return list(found.values())


def _merged(first: Aside, second: Aside) -> Aside:
    return replace(
        first,
        messages=(*first.messages, *second.messages),
        transition=first.transition or second.transition,
        recalls=(*first.recalls, *second.recalls),
        follow_up=first.follow_up or second.follow_up,
    )
