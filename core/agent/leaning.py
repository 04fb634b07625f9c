"""Questions that are only understood from what was asked before: "and in Germany?", "how much is it?".

Such a question is looked up together with the one that it leans on. ``[question]`` of the language files: ``continues``
are beginnings that go on with what was asked ("what about …"), ``refers`` are words that stand for something named before
("that one"; with a ``$`` only at the end, where they are no articles). A question that says enough by itself is left as it
is, whatever words it holds.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.agent.asking import asks
from core.agent.language import DEFAULT, LanguagePack, choose, packs
from core.agent.phrases import any_of, one_of
from core.agent.questions import split_questions
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


def completed(question: str, history: Sequence[Message]) -> Completed:
    """The question with what it leans on; by itself where it leans on nothing, or on nothing that is known."""
    language = choose(question, earlier=[message.text for message in _own(history)])
    if not leans(question, language):
        return Completed(question)
    earlier = _subject(history, language)
    if earlier is None:
        return Completed(question)
    query = f"{earlier}\n{question}"
    if not _patterns_of(language)[0].match(phrase(question)):
        return Completed(query)
    return Completed(query, frozenset(content_stems(question)) - {*content_stems(earlier), *_asking(language)})


def _subject(history: Sequence[Message], language: str) -> str | None:
    """The last question that stands by itself; else the last message that says what it is about."""
    said = [
        earlier
        for message in _own(history)
        for earlier in reversed(split_questions([message.text], most=_QUESTIONS))
        if not leans(earlier, language) and not small_talk(earlier)
    ]
    told = (earlier for earlier in said if len(content_stems(earlier)) >= _TELLS)
    return next((earlier for earlier in said if asks(earlier)), next(told, None))


def leans(question: str, language: str) -> bool:
    """Whether it is only understood from what was said before."""
    words, stems = phrase(question), len(set(content_stems(question)) - _asking(language))
    continues, refers = _patterns_of(language)
    if stems <= _CONTINUES_WITH and continues.match(words):
        return True
    return stems <= _REFERS_WITH and refers.search(words) is not None


def _own(history: Sequence[Message]) -> list[Message]:
    """The customer's last messages, the newest first."""
    said = [one for one in reversed(history) if one.author is Author.CUSTOMER and one.deleted_at is None]
    return said[:_LOOKED_BACK]


@functools.cache
def _asking(language: str) -> frozenset[str]:
    """Stems of words that only ask or refer: of them nothing is to be found in a passage."""
    names = ("openers", "continues", "refers")
    entries = (entry for name in names for entry in _pack(language).words("question", name))
    return frozenset(content_stems(" ".join(entries)))


def _patterns_of(language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    return _patterns().get(language) or _patterns()[DEFAULT]


@functools.cache
def _patterns() -> Mapping[str, tuple[re.Pattern[str], re.Pattern[str]]]:
    """By language: what goes on with a question, and what refers to one."""
    return {code: (_continues(pack), _refers(pack)) for code, pack in packs().items()}


def _continues(pack: LanguagePack) -> re.Pattern[str]:
    return re.compile(rf"^{one_of(pack, 'continues', 'question')}(?!\w)")


def _refers(pack: LanguagePack) -> re.Pattern[str]:
    entries = pack.words("question", "refers")
    refers = "|".join(any_of([entry]) + ("$" if entry.endswith("$") else r"(?!\w)") for entry in entries)
    return re.compile(rf"(?<!\w)(?:{refers or '(?!)'})")


def _pack(language: str) -> LanguagePack:
    return packs().get(language) or packs()[DEFAULT]
