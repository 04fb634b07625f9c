"""What of a resolved conversation is worth keeping: a question that the agent could not answer, and what a person told. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from core.domain.alterations import Altering, alteration_in
from core.domain.case import Case
from core.domain.learning import LearnedAnswer
from core.domain.messages import ORIGINAL, Author, Message, MessageKind
from core.ports.store import NewMessage
from handoff.learning.personal import without_persons
from handoff.posts import Post, desk_post
from handoff.thread.altering import corrected, withdrawn_by

_WORDS_ASKED, _WORDS_TOLD = 3, 5
_LONGEST = 2_900
"""Characters of both: a field of Slack's forms holds 3,000."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A question and its answer, without anybody's name in them."""

    question: str
    answer: str


def lesson_of(case: Case, messages: Sequence[Message], names: Sequence[str | None]) -> Lesson | None:
    """``messages``: the conversation's, in order, without what never reached the customer. ``names``: whose must not stay.

    None where the agent knew, where nobody of the staff said anything of substance, and for what is not to be published.
    """
    question, answers = _unanswered(case, messages), _staff_answers(case, messages)
    if len(question) + sum(map(len, answers)) > 2 * _LONGEST:
        return None  # not looked through for names: somebody may have sent a book
    asked = without_persons(question, names)
    told = "\n\n".join(without_persons(text, names) for text in answers)
    if len(asked.split()) < _WORDS_ASKED or len(told.split()) < _WORDS_TOLD or len(asked) + len(told) > _LONGEST:
        return None
    return Lesson(asked, told)


def _unanswered(case: Case, messages: Sequence[Message]) -> str:
    """The customer's words to which the agent last said that it does not know, since a person last had the conversation."""
    before = [one for one in messages if one.created_at <= case.opened_at and one.deleted_at is None]
    for place in range(len(before) - 1, -1, -1):
        one = before[place]
        if one.author is Author.STAFF:
            return ""
        if one.author is Author.AGENT and one.kind is MessageKind.UNKNOWN:
            return _said_before(before[:place])
    return ""


def _said_before(messages: Sequence[Message]) -> str:
    said: list[str] = []
    for one in reversed(messages):
        if one.author is not Author.CUSTOMER:
            break
        if one.action is None and one.text.strip():
            said.insert(0, one.text.strip())
    return " ".join(said)


def _staff_answers(case: Case, messages: Sequence[Message]) -> list[str]:
    """What staff told in this case, as it was corrected. What only asks, thanks or promises to look is no answer.

    Where something was taken back after the customer had it, nothing is learned: it may be any of what is left.
    """
    texts: list[str] = []
    for one in messages:
        if one.author is not Author.STAFF or one.created_at < case.opened_at or one.deleted_at is not None:
            continue
        text, change = str(one.meta.get(ORIGINAL) or one.text).strip(), alteration_in(one.meta)
        if withdrawn_by(one) is not None or (change and change.how is Altering.DELETE):
            return []
        right = corrected(text)
        if texts and (right != text or (change and change.how is Altering.EDIT)):
            texts[_nearest(right, texts)] = right
        elif change is None:
            texts.append(text)
    return [text for text in texts if len(text.split()) >= _WORDS_TOLD and not text.endswith(("?", "？", "؟"))]


def _nearest(text: str, texts: Sequence[str]) -> int:
    """Which of them was corrected: the one that is most like it."""
    likeness = [SequenceMatcher(None, one, text, autojunk=False).ratio() for one in texts]
    return likeness.index(max(likeness))


def proposal(found: LearnedAnswer) -> NewMessage:
    """For staff to look at."""
    return _post(Post.PROPOSAL, found, "")


def judged(found: LearnedAnswer, shown: str | None, verdict: str) -> NewMessage:
    """The same post with what became of it. ``shown``: the id of the message of the feed that proposed it."""
    return _post(Post.JUDGED, found, verdict, copy=shown)


def _post(kind: Post, found: LearnedAnswer, verdict: str, **more: str | None) -> NewMessage:
    words = {"question": found.question, "answer": found.answer, "origin": found.origin}
    return desk_post(kind, found.question, case=found.case_id, **words, verdict=verdict, **more)
