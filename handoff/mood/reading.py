"""One walk over a message's words: what is said, what is denied, what is made stronger."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from handoff.mood.lexicon import Lexicon, Meaning, Phrase
from handoff.mood.wording import Word, squeezed

_DENIED_GOOD, _DENIED_BAD = -0.6, -0.3  # "not good" is milder than "bad", "not bad" milder than "good"
_BEFORE_BUT = 0.6
_EMPHASIS = 1.2
_PLAIN_LENGTH = 80  # words; in longer texts each sign weighs less
_REACH = 3  # words over which a negation holds
_SKIN = re.compile("[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
_AL = "ال"


@dataclass(slots=True)
class _Near:
    """What the last words do to the next: where a negation and a degree word stand, in which clause."""

    clause: int = -1
    negated_at: int = -9
    factor_at: int = -9
    factor: float = 1.0
    praised_at: int = -9
    praise: float = 0.0


@dataclass(slots=True)
class Reading:
    """``sum`` of polarity weights and the ``witnesses`` of frustration, each from 0 to 1 and counted once."""

    lexicon: Lexicon
    length: int
    sum: float = 0.0
    witnesses: list[float] = field(default_factory=list)
    _seen: set[Phrase] = field(default_factory=set)
    _near: _Near = field(default_factory=_Near)

    def read(self, spoken: Sequence[Word]) -> None:
        """Take in all words; the longest phrase at each place counts."""
        place = 0
        while place < len(spoken):
            if spoken[place].clause != self._near.clause:
                self._near = _Near(spoken[place].clause)
            found = self._phrase_at(spoken, place)
            if found is None:
                place += 1
                continue
            phrase, meaning = found
            self._take(place, spoken[place : place + len(phrase)], phrase, meaning)
            place += len(phrase)

    def look(self, text: str) -> None:
        """Take in emoji and emoticons. They are never denied; the same one counts once."""
        for mark in sorted(set(self.lexicon.any_mark.findall(_SKIN.sub("", text)))):
            meaning = self.lexicon.marks[mark]
            self.sum += meaning.polarity
            if meaning.frustration:
                self.witnesses.append(meaning.frustration)

    def _phrase_at(self, spoken: Sequence[Word], place: int) -> tuple[Phrase, Meaning] | None:
        for first in _spellings(spoken[place], self.lexicon.lengths):
            for length in self.lexicon.lengths[first]:
                rest = spoken[place + 1 : place + length]
                phrase = (first, *[word.text for word in rest])
                meaning = self.lexicon.meanings.get(phrase)
                if meaning and (not rest or rest[-1].clause == self._near.clause):
                    return phrase, meaning
        return None

    def _take(self, place: int, said: Sequence[Word], phrase: Phrase, meaning: Meaning) -> None:
        near = self._near
        if meaning.turns:
            self.sum *= _BEFORE_BUT
            self._near = near = _Near(near.clause)
        if meaning.negates_before and place - near.praised_at <= _REACH:
            self.sum += near.praise * (_DENIED_GOOD - 1)
            near.praised_at = -9
        if meaning.polarity:
            self._weigh(place, said, phrase, meaning)
        end = place + len(phrase) - 1
        if meaning.negates:
            near.negated_at = end
        if meaning.factor != 1.0:
            near.factor_at, near.factor = end, meaning.factor

    def _weigh(self, place: int, said: Sequence[Word], phrase: Phrase, meaning: Meaning) -> None:
        near = self._near
        factor = near.factor if place - near.factor_at <= 2 else 1.0
        if any(word.shouted or word.drawn_out for word in said):
            factor *= _EMPHASIS
        polarity = meaning.polarity * factor
        if place - near.negated_at <= _reach(meaning):
            self.sum += polarity * (_DENIED_GOOD if polarity > 0 else _DENIED_BAD)
            return
        again = phrase in self._seen
        self.sum += polarity * (0.25 if again else 1.0)
        if polarity > 0:
            near.praised_at, near.praise = place, polarity * (0.25 if again else 1.0)
        if meaning.frustration and not again:
            crowd = min(1.0, (_PLAIN_LENGTH / max(self.length, 1)) ** 0.5)
            self.witnesses.append(min(0.95, meaning.frustration * factor) * crowd)
        self._seen.add(phrase)


def _reach(meaning: Meaning) -> int:
    """Insults are denied only directly: "I cannot believe this scam" denies nothing."""
    if meaning.frustration > 0.6:
        return 1
    return _REACH if meaning.polarity > 0 else _REACH - 1


def _spellings(word: Word, known: Mapping[str, object]) -> Iterator[str]:
    """The word as written, drawn-out letters taken back, and an Arabic word without its prefixes."""
    if word.text in known:
        yield word.text
    elif word.drawn_out:
        yield from (short for short in (squeezed(word.text, 2), squeezed(word.text, 1)) if short in known)
    elif word.text[0] in "الوفب":
        bare = word.text[1:] if word.text[0] in "وفب" else word.text
        yield from (form for form in (bare, bare.removeprefix(_AL)) if form in known)
