"""Asks back where the knowledge holds something near and nothing good enough: "Is it about one of these? 1. … 2. …".

Between the two bounds of a knowledge base (core.domain.knowledge.Retrieval) a guess would be wrong too often, and "I don't know"
is wrong nearly as often. What the near passages are about is named instead, without a word of what they say, so that nothing
is claimed. Once: whoever is not understood after that is offered a person.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.agent.choosing import asked_back_last
from core.agent.excerpt import one_line
from core.agent.texts import Texts
from core.agent.wording import phrase
from core.domain.choices import CLARIFY, Choice, choices_meta
from core.domain.knowledge import Passage, Retrieval
from core.domain.messages import Message, MessageKind
from core.ports.responder import Reply

_MOST = 3
_FEWEST = 2
"""One title alone is no choice; whether it is meant was just found to be doubtful."""
_NEAR = 0.12
"""Chosen on the sample's questions that have an answer and do not reach it: it is among those this near to the best."""
_LABEL = 72
"""Characters; the buttons of most platforms hold no more (Slack's 75)."""


def ask_back(found: Retrieval, question: str, history: Sequence[Message], texts: Texts) -> Reply | None:
    """None where there is something to answer from, where too little is near, or where the customer was just asked back."""
    if found.supported or asked_back_last(history):
        return None
    choices = _choices(_near(found), question)
    if len(choices) < _FEWEST:
        return None
    return _asking(texts.say("ask_back", choices=_listed(choices)), choices)


def ask_again(choices: tuple[Choice, ...], texts: Texts) -> Reply:
    """After a slip such as "9" or "yes": what can be chosen, once more. It is no answer, and no failure to answer."""
    *first, last = (str(number) for number in range(1, len(choices) + 1))
    text = texts.say("choose_again", first=", ".join(first), last=last, choices=_listed(choices))
    return _asking(text, choices)


def _asking(text: str, choices: tuple[Choice, ...]) -> Reply:
    return Reply(text, MessageKind.ANSWER, confidence=0.0, intent=CLARIFY, meta=choices_meta(choices))


def _listed(choices: Sequence[Choice]) -> str:
    return "\n".join(f"{number}. {one.label}" for number, one in enumerate(choices, 1))


def _near(found: Retrieval) -> list[Passage]:
    """What is hardly further away than the best, which alone has to be above the lower bound."""
    best = max((passage.score for passage in found.doubtful), default=None)
    return [] if best is None else [passage for passage in found.passages if passage.score >= best - _NEAR]


def _choices(near: Sequence[Passage], question: str) -> tuple[Choice, ...]:
    found: dict[str, Choice] = {}
    for passage in near:
        label = label_of(passage)
        if phrase(label) and phrase(label) not in found:
            query = passage.question or f"{label}\n{question}"
            found[phrase(label)] = Choice(label, passage.id, query, question)
    return tuple(found.values())[:_MOST]


def label_of(passage: Passage) -> str:
    """An entry's question, or the title and the heading that is nearest to the passage."""
    if passage.question:
        return one_line(passage.question, _LABEL)
    heading = (passage.section or "").rsplit(" > ", 1)[-1]
    names = dict.fromkeys(name for name in (passage.title.strip(), heading.strip()) if name)
    return one_line(" › ".join(names), _LABEL)
