"""What channels need not remember for ever, and how long after its last use each kind of it is of no use any more.

Only what is named here is forgotten. Everything else stays: who said STOP, how far a mailbox was read, which workspace
installed the app.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_DAY: Final = 86_400.0
_WEEK: Final = 7 * _DAY
_QUARTER: Final = 100 * _DAY
_LONG: Final = 400 * _DAY
"""Somebody may answer a message of last year: then it should still find its conversation."""

FORGETS: Final[Mapping[str, Mapping[str, float]]] = {
    "desk": {
        "form/": 4 * _WEEK,  # which post a draft became, for the signs of its delivery
    },
    "email": {
        "mid/": _LONG,  # to which conversation a mail belongs
        "thread/": _LONG,
        "answers/": _WEEK,  # counted over a day
        "sent-": _WEEK,  # they were counted so before
        "out/": 2 * _WEEK,  # asked for while a mail is in doubt
    },
    "knowledge": {
        "delivery/": _WEEK,  # webhooks that have come; GitHub delivers again what is at most three days old
    },
    "slack": {
        "seen/": _LONG,  # the threads that are ours
        "at/": _QUARTER,  # where a message stands that somebody may react to
        "home/": _QUARTER,  # what is listed on the app's page
        "name/": _QUARTER,  # asked for again
        "file/": _WEEK,  # uploads that were begun
        "stream/": _WEEK,  # answers that were being written
        "left/": _WEEK,  # what became no answer, in a workspace that took the app away
        "sent/": _WEEK,  # of former versions
        "begin/": _WEEK,  # as former versions named them
        "install-state/": _WEEK,
    },
    "sms": {
        "tries/": 4 * _WEEK,  # of former versions
        "file/": 4 * _WEEK,  # Twilio reports within days
        "failure/": 4 * _WEEK,
        "window/": 4 * _WEEK,  # WhatsApp's is a day
    },
    "telegram": {
        "album/": _WEEK,
        "album-part/": _WEEK,
    },
}
"""By channel: the beginning of a key, and seconds."""
