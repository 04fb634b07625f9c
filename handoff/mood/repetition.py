"""Whether a customer says the same thing again: to us, or within one message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from handoff.mood.wording import Word, words

_ALIKE = 0.8  # share of common words, of all words that either has
_ENOUGH = 3  # words; shorter ones ("yes", "thank you") may be said twice
_BACK = 6  # earlier messages
_LOOKED_AT = 2_000  # characters of each


def repeats(spoken: Sequence[Word], earlier: Sequence[str]) -> int:
    """How many of the last messages said nearly the same, at most two."""
    mine = {word.text for word in spoken}
    if len(mine) < _ENOUGH:
        return 0
    alike = (_likeness(mine, {word.text for word in words(text[:_LOOKED_AT])}) >= _ALIKE for text in earlier[-_BACK:])
    return min(2, sum(alike))


def says_itself_again(spoken: Sequence[Word]) -> bool:
    """The same clause three times: "hello? hello? hello?"."""
    clauses: dict[int, list[str]] = {}
    for word in spoken:
        clauses.setdefault(word.clause, []).append(word.text)
    counted = Counter(" ".join(said) for said in clauses.values())
    return any(count >= 3 and not said.replace(" ", "").isdigit() for said, count in counted.items())


def _likeness(one: set[str], other: set[str]) -> float:
    return len(one & other) / max(1, len(one | other))
