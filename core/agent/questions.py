"""Several questions in one turn (a burst, or two in one message) are looked up one by one."""

from __future__ import annotations

from collections.abc import Sequence

from core.agent.sentences import sentences
from core.agent.small_talk import small_talk
from core.agent.wording import content_stems

_QUESTION_MARKS = ("?", "؟", "？")


def _asks(sentence: str) -> bool:
    return sentence.rstrip().endswith(_QUESTION_MARKS) and bool(content_stems(sentence))


def split_questions(texts: Sequence[str], *, most: int) -> list[str]:
    """The questions of a turn; greetings are dropped, and what is said before a question stays with it.

    When fewer than two sentences end in a question mark, the whole turn is one question.
    """
    spoken = [text.strip() for text in texts if text.strip()]
    pieces = [piece for text in spoken for piece in sentences(text) if not small_talk(piece)]
    whole = " ".join(piece.strip() for piece in pieces) or " ".join(spoken)
    if sum(map(_asks, pieces)) < 2:
        return [whole] if whole else []
    found: list[str] = []
    before = ""
    for piece in pieces:
        if _asks(piece):
            found.append(f"{before} {piece.strip()}".strip())
            before = ""
        else:
            before = f"{before} {piece.strip()}".strip()
    if before:
        found[-1] = f"{found[-1]} {before}"
    return found[:most]
