"""Whether an answer without any citation may be shown.

An answer with at least one valid citation is shown. One without is shown only when it claims nothing that would need one:

- the customer made small talk;
- another tool than the search gave a result in this turn, so that the facts come from there;
- it admits that it does not know and states nothing beside (then it counts as UNKNOWN and a person is offered);
- it asks the customer back, in at most two sentences without figures or links;
- it is a mere pleasantry: thanks, a greeting, the customer's own words given back.

Otherwise it looks like knowledge. When it repeats a source that is good enough (most of its words stand there), that
source becomes its citation. When good sources were given, the model is asked once to write it again with markers. When
that does not help, or nothing was good enough to answer from, the answer is withheld and the customer reads an honest
"I don't know" with the offer of a person.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from core.agent.claims import says_unknown
from core.agent.grounding import is_grounded
from core.agent.sentences import sentences
from core.agent.small_talk import only_pleasantries
from core.agent.sources import Sources
from core.agent.wording import content_stems

_FACT = re.compile(r"\d|https?://|www\.|^\s*(?:[-*+•]|\d+[.)])\s", re.MULTILINE)
_ASKS = re.compile(r"[?؟？][\s*_\"'”»)]*$")
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
    return best if best is not None and shares[best] >= _REPEATED else None


def _clarifies(answer: str) -> bool:
    """A question back is at most two sentences long and states no facts."""
    short = len(sentences(answer.strip())) <= _CLARIFYING_SENTENCES
    return bool(_ASKS.search(answer.strip())) and short and not _FACT.search(answer)


def judge(
    question: str, answer: str, sources: Sources, *, small_talk: bool, used_tool: bool, may_ask_again: bool
) -> Judged:
    """Judge an answer without a citation; ``answer`` is what would be shown."""
    if small_talk:
        return Judged(Verdict.SMALL_TALK)
    if used_tool:
        return Judged(Verdict.TOOL)
    if says_unknown(answer) and all(is_grounded(sentence, (question,)) for sentence in sentences(answer)):
        return Judged(Verdict.UNKNOWN)
    if _clarifies(answer):
        return Judged(Verdict.CLARIFY)
    repeated = _repeated_source(answer, sources)
    if repeated is not None:
        return Judged(Verdict.REPEATS_SOURCE, repeated)
    if sources.supported:
        return Judged(Verdict.CITE_AGAIN if may_ask_again else Verdict.WITHHOLD)
    return Judged(Verdict.SMALL_TALK if only_pleasantries(answer, said=question) else Verdict.WITHHOLD)
