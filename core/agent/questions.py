"""Several questions in one turn (a burst, or two in one message) are looked up one by one."""

from __future__ import annotations

from collections.abc import Sequence

from core.agent.asking import asks, single_questions
from core.agent.sentences import sentences
from core.agent.small_talk import small_talk
from core.agent.wording import content_stems

_TELLING = 3  # words with a meaning: fewer ("Is that possible?") are only understood from what is said before


def bare_question(question: str) -> str:
    """Only the sentences that ask, without a subject line or an introduction; "" where they ask nothing by themselves."""
    asking = [piece.strip() for line in question.splitlines() for piece in sentences(line) if asks(piece)]
    return " ".join(asking) if len(content_stems(" ".join(asking))) >= _TELLING else ""


def _joined(pieces: Sequence[str]) -> str:
    """A question begins a line of its own where nothing else parts it from what is said before (a subject line)."""
    text = ""
    for piece in pieces:
        text += ("\n" if asks(piece) and text[-1:].isalnum() else " ") + piece.strip()
    return text.strip()


def split_questions(texts: Sequence[str], *, most: int) -> list[str]:
    """The questions of a turn; greetings are dropped, and what is said before a question stays with it.

    When fewer than two sentences ask, the whole turn is one question.
    """
    spoken = [text.strip() for text in texts if text.strip()]
    pieces = [
        one for text in spoken for piece in sentences(text) if not small_talk(piece) for one in single_questions(piece)
    ]
    whole = _joined(pieces) or " ".join(spoken)
    if sum(map(asks, pieces)) < 2:
        return [whole] if whole else []
    found: list[str] = []
    before = ""
    for piece in pieces:
        if asks(piece):
            found.append(f"{before} {piece.strip()}".strip())
            before = ""
        else:
            before = f"{before} {piece.strip()}".strip()
    if before:
        found[-1] = f"{found[-1]} {before}"
    return found[:most]
