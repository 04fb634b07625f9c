"""Complete follow-up questions ("and in Germany?", "how much is it?") with the question before them.

``[question]`` of the language files: ``continues`` are beginnings that go on with what was asked ("what about …"), ``refers`` are
words that stand for something named before ("that one"; with a ``$`` only at the end, where they are no articles). A question
that says enough by itself is left as it is, whatever words it holds.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.agent.language import DEFAULT, LanguagePack, choose, packs
from core.agent.phrases import any_of, one_of
from core.agent.questions import asks, split_questions
from core.agent.small_talk import small_talk
from core.agent.wording import content_stems, phrase
from core.domain.messages import Author, Message

_CONTINUES_WITH = 3
"""Words with a meaning that a question which goes on may have; more of them make a question of its own."""
_REFERS_WITH = 2
_TELLS = 2
"""Words with a meaning by which a message without a question names a subject."""
_LOOKED_BACK = 6
_QUESTIONS = 4


@dataclass(frozen=True, slots=True)
class Completed:
    """``query``: what is looked up. ``adds``: the stems that a question which goes on ("and in Germany?") adds to the one
    before it; none where a word only stands for the subject ("how long does it take?").
    """

    query: str
    adds: frozenset[str] = frozenset()

    def is_met_by(self, text: str) -> bool:
        """Whether a passage is about what was added, and not about the earlier question alone."""
        return not self.adds or not self.adds.isdisjoint(content_stems(text))


@dataclass(frozen=True, slots=True)
class _Words:
    """Of one language. ``empty``: stems of words that only ask or refer: of them nothing is to be found in a passage."""

    continues: re.Pattern[str]
    refers: re.Pattern[str]
    empty: frozenset[str]

    @classmethod
    def of(cls, pack: LanguagePack) -> _Words:
        referring = pack.words("question", "refers")
        refers = "|".join(any_of([entry]) + ("$" if entry.endswith("$") else r"(?!\w)") for entry in referring)
        empty = (entry for name in ("openers", "continues", "refers") for entry in pack.words("question", name))
        return cls(
            re.compile(rf"{one_of(pack, 'continues', 'question')}(?!\w)"),
            re.compile(rf"(?<!\w)(?:{refers or '(?!)'})"),
            frozenset(content_stems(" ".join(empty))),
        )

    def leave_open(self, question: str) -> bool:
        """Whether it is only understood from what was said before."""
        words, stems = phrase(question), len(set(content_stems(question)) - self.empty)
        if stems <= _CONTINUES_WITH and self.continues.match(words):
            return True
        return stems <= _REFERS_WITH and self.refers.search(words) is not None


@functools.cache
def _words() -> Mapping[str, _Words]:
    return {code: _Words.of(pack) for code, pack in packs().items()}


def completed(question: str, history: Sequence[Message]) -> Completed:
    """The question with the one that it follows up; by itself where it follows up none, or none that is known."""
    said = [one.text for one in reversed(history) if one.author is Author.CUSTOMER and one.deleted_at is None]
    recent = said[:_LOOKED_BACK]
    words = _words().get(choose(question, earlier=recent)) or _words()[DEFAULT]
    earlier = _subject(recent, words) if words.leave_open(question) else None
    if earlier is None:
        return Completed(question)
    query = f"{earlier}\n{question}"
    if not words.continues.match(phrase(question)):
        return Completed(query)
    return Completed(query, frozenset(content_stems(question)) - {*content_stems(earlier), *words.empty})


def _subject(recent: Sequence[str], words: _Words) -> str | None:
    """The last question that stands by itself; else the last message that says what it is about."""
    said = [
        earlier
        for text in recent
        for earlier in reversed(split_questions([text], most=_QUESTIONS))
        if not words.leave_open(earlier) and not small_talk(earlier)
    ]
    told = (earlier for earlier in said if len(content_stems(earlier)) >= _TELLS)
    return next((earlier for earlier in said if asks(earlier)), next(told, None))
