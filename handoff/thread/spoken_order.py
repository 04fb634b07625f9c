"""In which order staff said things: Slack repeats each event by itself, so what was written first may come last.

It tries again at once, after a minute and after five (docs.slack.dev/apis/events-api, "Retries"), and names every message by its
own time. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.domain.messages import Author, Change, Message, StaffAction

AHEAD = timedelta(seconds=2)
"""How far the hub's clock, by which forms are filled in, may be ahead of Slack's."""
_CHANGES_HANDS = frozenset(
    {
        StaffAction.CLAIM,
        StaffAction.TAKE_OVER,
        StaffAction.RELEASE,
        StaffAction.RELEASE_SILENT,
        StaffAction.HAND_BACK,
        StaffAction.RESOLVE,
        StaffAction.MERGE,
        StaffAction.SPLIT,
        StaffAction.ASSIGN,
        StaffAction.REPLY,
    }
)


def as_spoken(items: Sequence[Message | Change]) -> list[Message | Change]:
    """What was written, by its own time. Nothing passes a press after which somebody else may have the conversation."""
    found = list(items)
    run: list[int] = []
    for place, item in enumerate(items):
        if isinstance(item, Message) and item.action in _CHANGES_HANDS:
            _sort(found, run)
            run = []
        elif isinstance(item, Message) and item.action is None and item.sent_at is not None:
            run.append(place)
    _sort(found, run)
    return found


def _sort(items: list[Message | Change], places: Sequence[int]) -> None:
    written = [item for place in places if isinstance(item := items[place], Message)]
    for place, item in zip(places, sorted(written, key=lambda one: (one.sent_at, one.seq)), strict=True):
        items[place] = item


def done_of(items: Sequence[Message | Change], most: int) -> int:
    """How many of the first are a beginning of the thread too: what is noted as done is everything up to a place."""
    for count in range(most, 0, -1):
        done = max(one.seq for one in items[:count])
        if all(one.seq > done for one in items[count:]):
            return count
    return 0


def written_later(history: Sequence[Message], than: Message) -> list[Message]:
    """What staff had written behind it when it came, in that order."""
    at = than.sent_at
    if at is None:
        return []
    later = [(said, one) for one in history if one.author is Author.STAFF and (said := _said_at(one)) and said > at]
    return [one for _, one in sorted(later, key=lambda pair: (pair[0], pair[1].seq))]


def _said_at(message: Message) -> datetime | None:
    if message.sent_at is None:
        return None
    return message.sent_at - AHEAD if message.action is StaffAction.REPLY else message.sent_at
