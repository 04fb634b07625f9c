"""Which questions ask the same. Pure, and the same for the same questions in the same order.

A cluster is known by its first question, its leader. A question joins the leader that it is most like, and where it is like
none it leads a cluster of its own. So what was sorted once stays where it is, whatever is asked later, and a cluster's name
stays that of its first question. ``docs/reference/gaps.md`` says how the bounds were measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.domain.gaps import Leader
from knowledge.gaps.words import content_words, shared

ALIKE = 0.9
"""From here on two questions ask the same: their cosine, and what they share of words, which counts twice."""
SOME_WORDS = 0.15
"""The least they share of words. Models take questions in a language that they do not know for all the same."""
WORDS_ALONE = 0.25
"""What they share of words from which on they ask the same, where nothing else is known of them."""
_WORDS_COUNT = 2.0


@dataclass(frozen=True, slots=True)
class Question:
    """``id``: of the customer's message."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Sorted:
    """``places``: the cluster of each question, by the question's id. ``leaders``: clusters that were made for it."""

    places: Mapping[str, str]
    leaders: tuple[Leader, ...]


class Likenesses:
    """Cosines of questions, each row a question: first to the leaders, then to the questions themselves."""

    def __init__(
        self, leaders: Sequence[Leader], questions: Sequence[Question], rows: Sequence[Sequence[float]]
    ) -> None:
        self._column = {one.id: at for at, one in enumerate(leaders)}
        self._column |= {one.id: at for at, one in enumerate(questions, start=len(leaders))}
        self._rows = {one.id: row for one, row in zip(questions, rows, strict=True)}

    def cosine(self, question_id: str, leader_id: str) -> float:
        """The cosine of two texts that were compared."""
        return self._rows[question_id][self._column[leader_id]]


class _Leaders:
    """Those that are known so far, found by the words that they share with a question: both rules ask for some."""

    def __init__(self, leaders: Sequence[Leader]) -> None:
        self._words: list[frozenset[str]] = []
        self._ids: list[str] = []
        self._with: dict[str, list[int]] = {}
        for one in leaders:
            self.add(one)

    def add(self, leader: Leader) -> None:
        """One more."""
        words, place = content_words(leader.question), len(self._ids)
        self._ids.append(leader.id)
        self._words.append(words)
        for word in words:
            self._with.setdefault(word, []).append(place)

    def near(self, words: frozenset[str]) -> Mapping[str, float]:
        """How much each of them shares with these words, the oldest first."""
        places = sorted({place for word in words for place in self._with.get(word, ())})
        return {self._ids[place]: shared(words, self._words[place]) for place in places}


def worth_comparing(questions: Sequence[Question], leaders: Sequence[Leader]) -> list[Leader]:
    """Those that share enough words with any of them: what the others mean makes no difference."""
    known = _Leaders(leaders)
    near = [known.near(content_words(one.text)) for one in questions]
    wanted = {leader for found in near for leader, share in found.items() if share >= SOME_WORDS}
    return [one for one in leaders if one.id in wanted]


def sort(questions: Sequence[Question], leaders: Sequence[Leader], likenesses: Likenesses | None) -> Sorted:
    """``likenesses``: None where only words can be compared."""
    places: dict[str, str] = {}
    made: list[Leader] = []
    known = _Leaders(leaders)
    for question in questions:
        near = known.near(content_words(question.text))
        found = _by_words(near) if likenesses is None else _by_meaning(question, near, likenesses)
        if found is None:
            found = question.id
            made.append(Leader(found, question.text))
            known.add(made[-1])
        places[question.id] = found
    return Sorted(places, tuple(made))


def _by_words(near: Mapping[str, float]) -> str | None:
    best = max(near, key=lambda one: near[one], default=None)
    return best if best is not None and near[best] >= WORDS_ALONE else None


def _by_meaning(question: Question, near: Mapping[str, float], likenesses: Likenesses) -> str | None:
    alike = {
        leader: likenesses.cosine(question.id, leader) + _WORDS_COUNT * share
        for leader, share in near.items()
        if share >= SOME_WORDS
    }
    best = max(alike, key=lambda one: alike[one], default=None)
    return best if best is not None and alike[best] >= ALIKE else None
