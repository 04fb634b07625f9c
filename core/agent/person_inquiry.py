"""A question about talking to a person ("what does it cost?", "do I have to?", "also on weekends?") is no wish to do it.

Word lists, in ``[person]`` of the language files:

- ``wondered``: what stands right before the talking and asks whether it is needed or has happened ("do I have to",
  "was I"); ``wondered_asking`` are such that only a question mark tells from a statement ("¿tengo que …?");
- ``topic``: what else about it is asked, a few words before ("how much does it cost to …"; not "… and can I …");
- ``may`` with ``occasion``: whether it is possible in general ("can I … on weekends?");
- ``insists``: words of who wants it all the same; they outweigh ``topic`` and ``occasion``, unless they are only supposed
  (``questioned``: "if I want …");
- ``pleads``: words of who has asked long enough ("do I have to beg to …"): that is a wish.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from core.agent.language import LanguagePack
from core.agent.phrases import one_of, words_of

_TOPIC_REACH = 6  # words between what is asked and the talking


@dataclass(frozen=True, slots=True)
class Inquiry:
    """The patterns of one language."""

    wondered: re.Pattern[str]
    wondered_asking: re.Pattern[str]
    topic: re.Pattern[str]
    joined: re.Pattern[str]
    opening: re.Pattern[str]
    may: re.Pattern[str]
    occasion: re.Pattern[str]
    insisting: re.Pattern[str]
    pleading: re.Pattern[str]
    little: re.Pattern[str]

    @classmethod
    def of(cls, pack: LanguagePack) -> Inquiry:
        """As the language file has them."""

        def one(name: str) -> str:
            return one_of(pack, name)

        anew = rf"{one_of(pack, 'joins', 'question')} {one_of(pack, 'openers', 'question')}\b"
        near = rf"(?: [^ |]+)?(?: {one('gap')})*$"
        return cls(
            wondered=re.compile(rf"\b{one('wondered')}{near}"),
            wondered_asking=re.compile(rf"\b{one('wondered_asking')}{near}"),
            topic=re.compile(rf"\b{one('topic')}(?: (?!{anew})[^ |]+){{0,{_TOPIC_REACH}}}$"),
            joined=re.compile(rf"\b{one_of(pack, 'joins', 'question')}$"),
            opening=re.compile(rf"{one_of(pack, 'openers', 'question')}\b"),
            may=words_of(pack, "may"),
            occasion=words_of(pack, "occasion"),
            insisting=re.compile(rf"(?:\b(?P<supposed>{one('questioned')}) )?\b{one('insists')}\b"),
            pleading=words_of(pack, "pleads"),
            little=re.compile(rf"^(?: ?{one('gap')})*$"),
        )

    def holds(self, before: str, asked: str, after: str, asking: Collection[str]) -> bool:
        """Whether the talking that is ``asked`` for is only asked about. ``before``: all that was said before it."""
        own = before.rsplit("|", 1)[-1].strip()
        if self.pleading.search(own):
            return False
        clause = f"{own} {asked}{after}".strip()
        if self.wondered.search(own) or (clause in asking and self.wondered_asking.search(own)):
            return True
        if any(not insists["supposed"] for insists in self.insisting.finditer(clause)):
            return False
        if self.may.search(clause) and self.occasion.search(clause):
            return True
        if self.joined.search(own) and self.opening.match(asked):
            return False
        return bool(self.topic.search(own) or self._led_in(before, own, asking))

    def _led_in(self, before: str, own: str, asking: Collection[str]) -> bool:
        """Whether a comma parts what is asked from the talking ("was kostet es, mit …")."""
        if not self.little.match(own) or "|" not in before:
            return False
        lead = before.rsplit("|", 2)[-2].strip()
        return lead not in asking and bool(self.topic.search(lead))
