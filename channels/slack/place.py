"""Where something is said on Slack, and the ids that later events can compose again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from core.domain.errors import InvalidInput, Rejected
from core.domain.keys import ConversationKey, EventKey

CHANNEL = "slack"
_TO_AGENT = "/agent"
_ID = re.compile(r"[A-Z0-9]{2,40}").fullmatch
_TS = re.compile(r"[0-9]{1,12}\.[0-9]{1,9}").fullmatch


@dataclass(frozen=True, slots=True)
class Place:
    """A channel of a workspace, or a thread in it. ``channel`` may be a person's id: their direct messages with the app."""

    team: str
    channel: str
    thread_ts: str | None = None

    def __str__(self) -> str:
        whole = f"{self.team}/{self.channel}"
        return f"{whole}/{self.thread_ts}" if self.thread_ts else whole

    @staticmethod
    @lru_cache(maxsize=1_000)  # one message asks several times
    def of(thread: str) -> Place:
        """Read what ``str()`` wrote, or the place of a thread's questions. Raises InvalidInput."""
        parts = thread.removesuffix(_TO_AGENT).split("/")
        if len(parts) not in (2, 3):
            raise InvalidInput("A place on Slack is a workspace and a channel, perhaps with a thread.")
        team, channel = slack_id(parts[0]), slack_id(parts[1])
        return Place(team, channel, timestamp(parts[2]) if len(parts) == 3 else None)

    @property
    def direct(self) -> bool:
        """A conversation with one person, where nobody has to mention the app."""
        return self.channel[0] in "DUW"

    @property
    def person(self) -> bool:
        """A person stands for their direct messages, whose channel is not known yet."""
        return self.channel[0] in "UW"

    def conversation(self, account: str) -> ConversationKey:
        """The conversation at this place."""
        return ConversationKey(CHANNEL, account, str(self))

    def questions(self, account: str) -> ConversationKey:
        """What is asked the agent in this thread: a conversation of its own, so that nothing waits for the answers."""
        return ConversationKey(CHANNEL, account, f"{self}{_TO_AGENT}")


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that Slack has. ``channel`` is where it is: a person's id became their direct messages."""

    channel: str
    ts: str

    @classmethod
    def named(cls, provider_id: str) -> Sent:
        """The one that a receipt calls ``m/<channel>/<ts>``. Raises Rejected: a file that was shown has another name."""
        kind, _, rest = provider_id.partition("/")
        channel, _, ts = rest.partition("/")
        if kind != "m" or not ts:
            raise Rejected(f"{provider_id!r} is no message of Slack's.")
        return cls(channel, ts)


def slack_id(value: object) -> str:
    """An id of a workspace, a channel, a person or a file. Raises InvalidInput."""
    if not isinstance(value, str) or not _ID(value):
        raise InvalidInput("An id of Slack's consists of capital letters and digits.")
    return value


def timestamp(value: object) -> str:
    """A message's name within its channel. Raises InvalidInput."""
    if not isinstance(value, str) or not _TS(value):
        raise InvalidInput("A message on Slack is named by its time, such as 1767225600.000100.")
    return value


def time_of(ts: str) -> datetime:
    """When a message was written. Raises InvalidInput."""
    try:
        return datetime.fromtimestamp(float(timestamp(ts)), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidInput(f"There is no such time: {ts}.") from error


def message_id(channel: str, ts: str) -> str:
    """A message, the same for what came in and for what was sent."""
    return f"m/{channel}/{ts}"


def message_key(account: str, channel: str, ts: str) -> EventKey:
    """The event key of a message; edits, deletions and reactions compose it again."""
    return EventKey(CHANNEL, account, message_id(channel, ts))
