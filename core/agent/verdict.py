"""Whether an answer without any citation may be shown.

An answer with at least one valid citation is shown. One without is shown only when it claims nothing that would need one:

- another tool than the search gave a result in this turn, and what it says rests on that (see ``tool_results``): what does
  not is left out, once the model had the chance to write it again;
- it is a mere pleasantry: thanks, a greeting, the name that the customer gave; nothing that can be taken for a yes or no;
- it asks the customer back, in at most two sentences without figures or links, and asserts nothing by that: it asks in
  the customer's words, in those of good sources and in such as any question needs.

One that admits that it does not know counts as UNKNOWN: the customer reads our own text, never the model's, since a guess
hides easily behind "I don't know, …".

Otherwise it looks like knowledge. When it repeats a source that is good enough (most of its words stand there), that
source becomes its citation. When good sources were given, the model is asked once to write it again with markers. When
that does not help, or nothing was good enough to answer from, the answer is withheld and the customer reads an honest
"I don't know" with the offer of a person, or our own greeting when they only made small talk.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from core.agent.claims import says_unknown
from core.agent.grounding import exact_parts, is_grounded
from core.agent.sentences import sentences
from core.agent.sources import Sources
from core.agent.stating import affirms, asks, asks_only, only_pleasantries, remainder
from core.agent.wording import content_stems

_FACT = re.compile(r"\d|https?://|www\.|^\s*(?:[-*+•]|\d+[.)])\s", re.MULTILINE)
_CLARIFYING_SENTENCES = 2
_REPEATED = 0.7


class Verdict(StrEnum):
    """What to do with an answer that carries no citation."""

    SMALL_TALK = "small_talk"
    TOOL = "tool"
    UNKNOWN = "unknown"
    CLARIFY = "clarify"
    REPEATS_SOURCE = "repeats_source"
    CITE_AGAIN = "cite_again"
    WITHHOLD = "withhold"


@dataclass(frozen=True, slots=True)
class Judged:
    """``source`` is the number of the source that the answer repeats."""

    verdict: Verdict
    source: int | None = None


def _repeated_source(answer: str, sources: Sources) -> int | None:
    words = set(content_stems(answer))
    if len(words) < 4:
        return None
    shares = {
        number: len(words & set(content_stems(f"{source.citation.title} {source.text}"))) / len(words)
        for number, source in sources
        if source.supported
    }
    best = max(shares, key=lambda number: shares[number], default=None)
    if best is None or shares[best] < _REPEATED:
        return None
    held = (sources.text(best),)
    stated = (piece for piece in sentences(answer) if remainder(piece))
    return best if any(is_grounded(piece, held) for piece in stated) else None


def _only_asks(question: str, answer: str, sources: Sources) -> bool:
    """Pleasantries and questions that assert nothing."""
    good = " ".join(source.text for _, source in sources if source.supported)
    known = set(content_stems(f"{question} {good}"))
    return not _FACT.search(answer) and all(
        asks_only(piece, known) if asks(piece) else only_pleasantries(piece, said=question)
        for piece in sentences(answer)
    )


def _clarifies(question: str, answer: str, sources: Sources) -> bool:
    short = len(sentences(answer.strip())) <= _CLARIFYING_SENTENCES
    return short and asks(answer.strip()) and not affirms(answer) and _only_asks(question, answer, sources)


def _admits(question: str, answer: str) -> bool:
    """It does not know, and says no more than what was asked about."""
    said = {*content_stems(question), *exact_parts(question)}
    return says_unknown(answer) and {*remainder(answer), *exact_parts(answer)} <= said


def judge(
    question: str, answer: str, sources: Sources, *, small_talk: bool, standing: str | None, may_ask_again: bool
) -> Judged:
    """Judge an answer without a citation; ``answer`` is what would be shown.

    ``standing``: what of it may be shown since tools gave results; None where none did.
    """
    if standing is not None:
        whole = standing == answer and _repeated_source(answer, sources) is None
        if may_ask_again and not whole:
            return Judged(Verdict.CITE_AGAIN)
        return Judged(Verdict.TOOL if standing.strip() else Verdict.WITHHOLD)
    if small_talk:
        return Judged(Verdict.SMALL_TALK if _only_asks(question, answer, sources) else Verdict.WITHHOLD)
    if _admits(question, answer):
        return Judged(Verdict.UNKNOWN)
    if _clarifies(question, answer, sources):
        return Judged(Verdict.CLARIFY)
    if only_pleasantries(answer, said=question) and not affirms(answer):
        return Judged(Verdict.SMALL_TALK)
    repeated = _repeated_source(answer, sources)
    if repeated is not None:
        return Judged(Verdict.REPEATS_SOURCE, repeated)
    if sources.supported and may_ask_again:
        return Judged(Verdict.CITE_AGAIN)
    return Judged(Verdict.WITHHOLD)
