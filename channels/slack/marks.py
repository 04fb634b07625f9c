"""What is remembered of the message that is being written at a place: one mark each, under ``stream/<place>``."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Final

from channels.bounded import Bounded
from channels.slack.place import CHANNEL, Place, Sent
from core.domain.messages import Note
from core.ports.channel_memory import ChannelMemory

_KEY: Final = "stream/"
_MOST: Final = 100_000
_KNOWN: Final = 5_000


@dataclass(frozen=True, slots=True)
class Mark:
    """``turn``: who writes, if anybody. ``ts`` is empty while Slack is asked to begin the message.

    ``streaming``: Slack shows it as being written until it is stopped. ``answer``: the delivery whose text takes its place, or
    has; from then on it is not taken away. ``since``: the last message before it, by Slack's clock. ``at``: when it began, by
    ours. ``said``: differs each time that staff or the hub said something, so that it is noticed.
    """

    turn: str = ""
    epoch: int = 0
    channel: str = ""
    ts: str = ""
    streaming: bool = False
    answer: str = ""
    since: str = ""
    at: float = 0.0
    said: str = ""

    @classmethod
    def read(cls, value: str | None) -> Mark:
        """As it was remembered, also by a former version."""
        if not value:
            return cls()
        found = json.loads(value)
        mark = cls(**{field.name: found[field.name] for field in fields(cls) if field.name in found})
        return mark if mark.turn and not found.get("finishing") else cls(epoch=mark.epoch, said=mark.said)

    @property
    def sent(self) -> Sent:
        """The message."""
        return Sent(self.channel, self.ts)

    @property
    def begins(self) -> bool:
        """Whether Slack was asked to begin a message whose id is not known yet."""
        return bool(self.turn) and not self.ts

    @property
    def unfinished(self) -> bool:
        """Whether a message was begun that has not become an answer."""
        return bool(self.ts) and not self.answer

    def is_same(self, other: Mark) -> bool:
        """Whether both are of the same beginning."""
        return bool(self.turn) and (self.turn, self.epoch, self.at) == (other.turn, other.epoch, other.at)

    def over(self) -> Mark:
        """The mark once no message is being written."""
        return Mark(epoch=self.epoch)


class Marks:
    """The marks of an account, each changed only from what it was known to be. Every method raises StoreUnavailable."""

    def __init__(self, memory: ChannelMemory, account: str) -> None:
        self._memory = memory
        self._account = account
        self._known: Bounded[Place, str | None] = Bounded(_KNOWN)

    async def read(self, place: Place) -> str | None:
        """As it is."""
        return self._keep(place, await self._memory.recall(CHANNEL, self._account, f"{_KEY}{place}"))

    async def last(self, place: Place) -> str | None:
        """As this process knows it: another one may have changed it."""
        return self._known[place] if place in self._known else await self.read(place)

    async def swap(self, place: Place, before: str | None, mark: Mark) -> str | None:
        """The mark as it is written now; None where it was not ``before`` any more."""
        note = self.note(place, before, mark)
        return self.noted(place, note, await self._memory.replace(CHANNEL, self._account, note.key, before, note.new))

    def note(self, place: Place, before: str | None, mark: Mark) -> Note:
        """The same, to be written by a transaction that is made anyway."""
        value = json.dumps({name: value for name, value in asdict(mark).items() if value})
        return Note(CHANNEL, self._account, f"{_KEY}{place}", before, value)

    def noted(self, place: Place, note: Note, done: bool) -> str | None:
        """What became of a note: the mark as it is now, None where it was another one."""
        if done:
            return self._keep(place, note.new)
        self._known.pop(place, None)
        return None

    async def all(self) -> dict[Place, Mark]:
        """Of all places."""
        kept = await self._memory.recall_all(CHANNEL, self._account, _KEY, limit=_MOST)
        return {Place.of(key.removeprefix(_KEY)): Mark.read(value) for key, value in kept.items()}

    def _keep(self, place: Place, value: str | None) -> str | None:
        self._known[place] = value
        return value
