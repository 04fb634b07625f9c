"""What a customer has said of themselves: facts and preferences, and which of them replaces which."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

MOST_FACTS = 200
"""Of one customer. The least important go first, and of these the ones that were not used for longest."""
LONGEST_SUBJECT, LONGEST_FACT = 60, 300
Key = tuple[str, str]


class FactKind(StrEnum):
    """What a fact is about. Of a name and a language a customer has one."""

    NAME = "name"
    LANGUAGE = "language"
    CONTACT = "contact"
    PREFERENCE = "preference"
    FACT = "fact"


_ONE_ONLY = (FactKind.NAME, FactKind.LANGUAGE)


@dataclass(frozen=True, slots=True)
class Fact:
    """The customer's own words, in short. ``subject``: what it is about ("delivery address"); ``importance``: from 1 to 5.

    ``conversation_id`` and ``message_id``: where they said it; ``said_at``: when. ``used_at``: when it last mattered.
    """

    kind: FactKind
    subject: str
    text: str
    importance: int
    conversation_id: str
    message_id: str
    said_at: datetime
    used_at: datetime

    @property
    def key(self) -> Key:
        """A newer fact of the same key replaces this one."""
        return self.kind, "" if self.kind in _ONE_ONLY else _folded(self.subject)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


@dataclass(frozen=True, slots=True)
class CustomerMemory:
    """All facts of one customer. ``forgotten_until``: nothing that was said up to then is learned from messages any more.

    ``forgotten``: the keys of facts that were forgotten by name, the newest last, each with the time up to which the same holds.
    """

    facts: tuple[Fact, ...] = ()
    forgotten_until: datetime | None = None
    forgotten: tuple[tuple[Key, datetime], ...] = ()

    def with_facts(self, new: Iterable[Fact], *, asked: bool = False) -> CustomerMemory:
        """The same facts again change nothing. ``asked``: the customer wants it remembered, whatever was to be forgotten."""
        kept = {one.key: one for one in self.facts}
        for fact in new:
            if not asked and self._is_forgotten(fact):
                continue
            same = next((one for one in kept.values() if _folded(one.text) == _folded(fact.text)), None)
            before = kept.get(fact.key)
            if before is not None and before.said_at > fact.said_at:
                continue
            if same is not None and same.key != fact.key and same.kind is fact.kind:
                del kept[same.key]
            kept[fact.key] = fact if before is None else replace(fact, used_at=max(before.used_at, fact.used_at))
        for one in sorted(kept.values(), key=lambda one: (-one.importance, -one.used_at.timestamp()))[MOST_FACTS:]:
            del kept[one.key]
        return replace(self, facts=tuple(kept.values()))

    def _is_forgotten(self, fact: Fact) -> bool:
        limits = (self.forgotten_until, dict(self.forgotten).get(fact.key))
        return any(until is not None and fact.said_at <= until for until in limits)

    def without(self, keys: Collection[Key] | None, at: datetime) -> CustomerMemory:
        """Forget the facts of these keys, or with None all; and learn none of them again from older messages."""
        if keys is None:
            until = at if self.forgotten_until is None else max(at, self.forgotten_until)
            return replace(self, facts=(), forgotten_until=until)
        known = dict(self.forgotten)
        again = {key: max(at, known.pop(key, at)) for key in sorted(keys)}
        forgotten = tuple((known | again).items())[-MOST_FACTS:]
        return replace(self.only(lambda one: one.key not in keys), forgotten=forgotten)

    def without_messages(self, ids: Collection[str]) -> CustomerMemory:
        """Without what was said in these messages."""
        return self.only(lambda one: one.message_id not in ids)

    def used(self, keys: Collection[Key], at: datetime) -> CustomerMemory:
        """These mattered again."""
        used = (replace(one, used_at=max(one.used_at, at)) if one.key in keys else one for one in self.facts)
        return replace(self, facts=tuple(used))

    def only(self, wanted: Callable[[Fact], bool]) -> CustomerMemory:
        """With these facts alone."""
        return replace(self, facts=tuple(filter(wanted, self.facts)))
