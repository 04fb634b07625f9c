"""The text of this conversation's files: which ones count, whether a message is about them, where an answer stands."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from core.agent.excerpt import Match, best_match, clip
from core.agent.phrases import Phrases
from core.agent.questions import bare_question
from core.agent.wording import fold, phrase
from core.domain.attachments import Attachment
from core.domain.messages import Citation, Message
from core.ports.store import TurnState

_FILE, _SUMMARY, _VAGUE = Phrases("file.words"), Phrases("file.summary"), Phrases("file.vague")
_SHOWN_IN_CITATION = 1_200


def files_of(turn: TurnState) -> tuple[Attachment, ...]:
    """Every file of the conversation once, newest last, with its text where it could be read."""
    found: dict[str, Attachment] = {}
    in_messages = [file for message in (*turn.history, *turn.pending) for file in message.attachments]
    for file in (*turn.files, *in_messages):
        known = found.get(file.id)
        if known is None or (not known.text and file.text):
            found[file.id] = file
    last_seen = {file.id: place for place, file in enumerate(in_messages)}
    return tuple(sorted(found.values(), key=lambda file: last_seen.get(file.id, -1)))


def readable(files: Sequence[Attachment]) -> tuple[Attachment, ...]:
    """Those with text. What is said in a recording is no document but the customer's own words."""
    return tuple(file for file in files if file.text and file.text.strip() and not file.is_recording)


def newly_sent(turn: TurnState, messages: Sequence[Message]) -> tuple[Attachment, ...]:
    """The files that came with this turn's messages."""
    ids = {file.id for message in messages for file in message.attachments}
    return tuple(file for file in files_of(turn) if file.id in ids)


def speaks_of_file(text: str, files: Sequence[Attachment]) -> bool:
    """Whether a message names one of these files or speaks of "the document", "the invoice" and the like."""
    if not files:
        return False
    folded = fold(text)
    names = (fold(file.name) for file in files)
    return _FILE.are_in(phrase(text)) or any(name and name in folded for name in names)


def wants_summary(text: str) -> bool:
    """Whether a message asks what a file is about as a whole."""
    return _SUMMARY.are_in(phrase(text))


def about_what(text: str) -> str:
    """The message without the words that only point at a file ("what does the document say about")."""
    return _VAGUE.removed_from(phrase(text))


def cite_file(file: Attachment, content: str, score: float) -> Citation:
    """A citation of a customer's own file."""
    shown = clip(content, _SHOWN_IN_CITATION)
    return Citation(id=file.id, title=file.name, content=shown, source=file.name, score=round(score, 4))


def search_files(files: Sequence[Attachment], question: str, *, limit: int) -> tuple[Attachment, Match] | None:
    """The best place in these files, and in which of them it is; the newest file wins a tie.

    What is said before a question (an e-mail's subject) may be about something else, so the question is also tried alone.
    """
    ways = dict.fromkeys(about_what(text) for text in (question, bare_question(question)) if text)
    best: tuple[Attachment, Match] | None = None
    for file, wanted in itertools.product(reversed(readable(files)), ways):
        text = file.text or ""
        headline = next((line for line in text.splitlines() if line.strip()), "")[:120]  # what it is ("INVOICE 17")
        match = best_match(text, wanted, limit=limit, known=f"{file.name} {headline}")
        if match.text and (best is None or match.coverage > best[1].coverage):
            best = file, match
    return best
