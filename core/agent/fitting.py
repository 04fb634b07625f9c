"""Chooses, without a model, the passage that a question is answered from: the first one, or one that holds all its words.

Words that only say in which form an answer is wanted ("list all", "the difference between") are ``[question] form`` of the
language files: they are looked for nowhere.
"""

from __future__ import annotations

from core.agent.phrases import Phrases
from core.agent.wording import content_stems, fold
from core.domain.knowledge import Passage, Retrieval

_FORM = Phrases("question.form")
_BELOW_DOUBT = 0.1
"""How far below the lower bound a passage may be that stands under the very words of the question."""
_BEHIND = 0.12
_AHEAD, _NAMED, _UNKNOWN, _MARGIN = 0.6, 0.3, 0.15, 0.05
_MOST_AHEAD, _MOST_BEHIND = 0.3, -0.1
"""Fitted on questions to the sample; docs/reference/question-sets.md has the figures of this and of two public sets."""
_FEW = 4
"""Words of a question that asks for a form; in a longer one these words are a part of what it asks."""
_ENOUGH = 2
"""Words of a question that have to be found in a passage, where no heading is made of them."""


def topic_of(question: str) -> str:
    """The question without the words for the form of its answer; as it is where nothing else is said, or much."""
    rest = _FORM.removed_from(fold(question))
    plain = rest != " ".join(fold(question).split()) and 0 < len(content_stems(rest)) <= _FEW
    return rest if plain else question


def fitting(question: str, found: Retrieval) -> Passage | None:
    """The passage to answer from, or None. The first that is good enough.

    One that holds every word of the question goes before it, and needs less nearness: a table, or an entry that names both
    sides of a comparison. Nothing less answers a question for a list or a comparison.
    """
    if found.meant is not None or found.read or not found.passages:
        return next(iter(found.supported), None)
    topic = topic_of(question)
    wanted = frozenset(content_stems(topic))
    first = found.passages[0]
    if not _holds(first, wanted):
        least = first.score - _BEHIND
        whole = [one for one in found.passages if _is_near(one, found) and (one.score >= least or _headed(one, wanted))]
        first = next((one for one in whole if _holds(one, wanted)), first)
    if _holds(first, wanted) and (first.score >= found.threshold or _is_near(first, found)):
        return first
    if topic != question:
        return None
    best = next(iter(found.supported), None)
    return best if best is not None and _assurance(best, found, wanted) >= found.threshold else None


def _assurance(best: Passage, found: Retrieval, wanted: frozenset[str]) -> float:
    """The nearness of a passage, less where it only looks near: where other places are as near, where the question turns on
    words that no document holds, and where it names an entry's question and asks something else about it.
    """
    others = (one.score for one in found.passages if one.title != best.title)
    lead = min(_MOST_AHEAD, max(_MOST_BEHIND, best.score - max(others, default=-1.0)))
    title = frozenset(content_stems(best.question or ""))
    named = len(title & wanted) / max(1, len(title))
    return best.score + _AHEAD * lead - _NAMED * named - _UNKNOWN * found.unknown - _MARGIN


def _is_near(passage: Passage, found: Retrieval) -> bool:
    return found.doubt is not None and passage.score >= found.doubt - _BELOW_DOUBT


def _holds(passage: Passage, wanted: frozenset[str]) -> bool:
    """Whether it holds all of the question's words, and these are enough to tell it from others."""
    if _headed(passage, wanted):
        return True
    said = (passage.title, passage.section, passage.question, passage.content, passage.answer)
    return len(wanted) >= _ENOUGH and wanted <= frozenset(content_stems("\n".join(filter(None, said))))


def _headed(passage: Passage, wanted: frozenset[str]) -> bool:
    """Whether its heading says what the question says, and nothing else."""
    heading = passage.question or (passage.section or "").rsplit(" > ", 1)[-1]
    return bool(wanted) and wanted == frozenset(content_stems(heading))
