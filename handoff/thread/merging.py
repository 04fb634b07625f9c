"""Which other case staff name in a case's thread: by its ticket's number, or by a link to its thread."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from channels.slack.place import Place
from core.domain.case import Case
from core.domain.conversation import Conversation
from core.domain.keys import ConversationKey
from core.domain.ticket import numbers_in
from handoff.desk_parts import DeskParts

_LONGEST: Final = 1_000
_LINK: Final = re.compile(r"/archives/([A-Z0-9]{2,40})/p(\d{4,12})(\d{6})(?!\d)")
_IN_THREAD: Final = re.compile(r"[?&]thread_ts=(\d{4,12}\.\d{6})(?!\d)")
"""The thread of a reply that a link leads to; a link to a card has none (docs.slack.dev/reference/methods/chat.getPermalink)."""


@dataclass(frozen=True, slots=True)
class OtherCase:
    """A case beside the one in whose thread it is named; its conversation, and what its card shows."""

    case: Case
    conversation: Conversation
    facts: Mapping[str, Any]


async def other_case(text: str, thread: ConversationKey, parts: DeskParts) -> OtherCase | None:
    """None where ``text`` names no case, or more than one. ``thread``: where it was written.

    Raises ChannelError, StoreUnavailable.
    """
    text = text[:_LONGEST]
    names, link = numbers_in(text), _LINK.search(text)
    if link is not None:
        reply_in = _IN_THREAD.search(text, link.end())
        place = Place(Place.of(thread.thread).team, link[1], reply_in[1] if reply_in else f"{link[2]}.{link[3]}")
        found = await parts.desk_channel.case_of(place.conversation(thread.account))
    else:
        found = await parts.cases.case_named(names[0]) if len(names) == 1 else None
    case = await parts.cases.case(found) if found else None
    home = await parts.records.conversation(case.conversation_id) if case else None
    if case is None or home is None:
        return None
    return OtherCase(case, home, await parts.cases.card(parts.desk_channel.account, case.id))
