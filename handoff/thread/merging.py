"""Which other case staff name in a case's thread: by its ticket's number, or by a link to its thread."""

from __future__ import annotations

import re
from typing import Final

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


async def other_case(text: str, thread: ConversationKey, parts: DeskParts) -> tuple[Case, Conversation] | None:
    """With its conversation. None where ``text`` names no case, or more than one. ``thread``: where it was written.

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
    home = await parts.records.conversation(Case.home(found)) if found else None
    case = (
        await parts.cases.case(found) if found else None
    )  # read behind its conversation, by which a commit is guarded
    return (case, home) if case and home else None
