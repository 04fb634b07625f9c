"""Marked stretches of a text. Telegram counts them in UTF-16 code units, Python in code points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from telegram import MessageEntity

from channels.markdown.plain import says_address

_UNIT = 2


def units(text: str) -> int:
    """Length in UTF-16 code units, the unit of all of Telegram's limits."""
    return len(text) + sum(1 for character in text if character > "\uffff")


@dataclass(frozen=True, slots=True)
class Marked:
    """A text and what is marked in it."""

    text: str
    entities: Sequence[MessageEntity] = ()

    def stretches(self, kind: str) -> Iterator[tuple[MessageEntity, str]]:
        """The entities of one kind with the words that they mark."""
        coded = self.text.encode("utf-16-le", "surrogatepass")
        for entity in self.entities:
            if entity.type == kind:
                begin = entity.offset * _UNIT
                yield entity, coded[begin : begin + entity.length * _UNIT].decode("utf-16-le", "replace")

    def readable(self) -> str:
        """The text with the address of each link that hides behind words, so that staff and the agent see it too.

        Also behind words that are another address, and where the same address stands elsewhere in the text.
        """
        coded = self.text.encode("utf-16-le", "surrogatepass")
        parts: list[bytes] = []
        at = 0
        for entity in sorted(self.entities, key=lambda one: one.offset + one.length):
            if entity.type != "text_link" or not entity.url:
                continue
            end = min(len(coded), (entity.offset + entity.length) * _UNIT)
            label = coded[entity.offset * _UNIT : end].decode("utf-16-le", "replace")
            if end < at or says_address(label, entity.url):
                continue
            parts += [coded[at:end], f" ({entity.url})".encode("utf-16-le", "surrogatepass")]
            at = end
        parts.append(coded[at:])
        return b"".join(parts).decode("utf-16-le", "replace")
