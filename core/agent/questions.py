"""Find the questions of a turn: which sentences ask, with or without a question mark, and where one sentence asks two things.

``[question]`` of the language files: ``openers`` are beginnings of which only a question is made ("how do", "is there"),
``joins`` are words that tie a question to what was said before it ("and how do …").
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from core.agent.contact import only_contact_details
from core.agent.person_wish import wants_person
from core.agent.phrases import Phrases, any_of
from core.agent.sentences import sentences
from core.agent.small_talk import small_talk
from core.agent.withdrawal import takes_back
from core.agent.wording import content_stems, phrase
from core.domain.messages import CustomerAction, Message

_QUESTION_MARK = re.compile(r"[?؟？][\s*_\"'”’»)!]*$")
_COMMA = re.compile(r"\s*[,;،؛，；—–]\s*")
_CLOSED = re.compile(r"[.!…:;。！][\s*_\"'”’»)]*$")
_WORD = re.compile(r"[^\W_]+")
_JOINS = Phrases("question.joins")
_OPENERS = Phrases("question.openers")
_PERSON = Phrases("person.person", "person.person_after_talk")
_OPENING_WORDS = 5
_LONGEST = 600  # characters of a sentence that a person would write by hand
_EACH_TELLS = 2  # words with a meaning that each half of a double question must have
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


@functools.cache
def _opening() -> re.Pattern[str]:
    before = any_of(Phrases("question.joins", "person.polite").known)
    return re.compile(rf"(?:{before} )*{any_of(_OPENERS.known)}\b")


def opens_a_question(text: str) -> bool:
    """Whether it begins as questions do, in one of the languages that are known here."""
    return _opening().match(phrase(text)) is not None


def asks(sentence: str) -> bool:
    """Whether it asks for something that can be looked up."""
    if not content_stems(sentence):
        return False
    if _QUESTION_MARK.search(sentence):
        return True
    return not _CLOSED.search(sentence.rstrip()) and opens_a_question(sentence)


def _telling(head: str, tail: str) -> bool:
    """Whether each says enough by itself. What is asked of a person is never left to the answer of the other half."""
    least = 1 if _PERSON.are_in(phrase(tail)) and len(head.split()) > _EACH_TELLS else _EACH_TELLS
    return len(content_stems(head)) >= least and len(content_stems(tail)) >= _EACH_TELLS


def single_questions(sentence: str) -> list[str]:
    """ "How do I … and what does …?" as its two questions; a sentence that asks one thing as it is."""
    if len(sentence) > _LONGEST:
        return [sentence]
    words = list(_WORD.finditer(sentence))
    for place in range(1, len(words) - 1):
        if phrase(words[place].group()) not in _JOINS.known:
            continue
        follows = " ".join(word.group() for word in words[place + 1 : place + 1 + _OPENING_WORDS])
        if not _OPENERS.pattern.match(phrase(follows)):
            continue
        head, tail = sentence[: words[place].start()], sentence[words[place].end() :].lstrip()
        if _telling(head, tail) and opens_a_question(head):
            return [head.rstrip(" ,;"), *single_questions(tail)]
    return [sentence]


def _for_the_person(sentence: str) -> bool:
    return wants_person(sentence) or takes_back(sentence) or bool(only_contact_details(sentence))


def _halves(sentence: str) -> Iterator[tuple[str, str]]:
    """The ways to part a sentence in two: at a comma, or at a word that joins ("…, and can a person …")."""
    if len(sentence) > _LONGEST:
        return
    for comma in _COMMA.finditer(sentence):
        yield sentence[: comma.start()], sentence[comma.end() :]
    for word in _WORD.finditer(sentence):
        if phrase(word.group()) in _JOINS.known:
            yield sentence[: word.start()].rstrip(" ,;"), sentence[word.end() :].lstrip()


def _beside_the_person(sentence: str) -> str:
    """What is asked in the same sentence as the wish ("what does it cost, and can a person help me?"); "" for nothing."""
    if not wants_person(sentence):
        return ""
    for head, tail in _halves(sentence):
        for said, rest in ((head, tail), (tail, head)):
            apart = wants_person(rest) and not _for_the_person(said) and not small_talk(said)
            if apart and _OPENERS.pattern.match(phrase(said)) and content_stems(said):
                return f"{said.rstrip(' ?؟？')}? "
    return ""


def _questions_in(text: str) -> str:
    """The sentences up to the last one that asks, without what only concerns the person and without small talk."""
    pieces = (_beside_the_person(piece) if _for_the_person(piece) else piece for piece in sentences(text))
    kept = [piece for piece in pieces if piece and not small_talk(piece)]
    while kept and not asks(kept[-1]):
        kept.pop()
    return "".join(kept).strip()


def said_besides(text: str) -> str:
    """A text without its sentences that only concern a person, and without small talk; empty when that was all."""
    kept = [piece for piece in sentences(text) if not _for_the_person(piece) and not small_talk(piece)]
    return "".join(kept).strip()


def questions_besides(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """What is asked in these messages besides a wish for a person, or its withdrawal; empty when that was all.

    Whoever presses to leave contact details writes them, and may ask something in the same message.
    """
    pressed = (CustomerAction.REQUEST_PERSON, CustomerAction.WITHDRAW)
    asked = (replace(m, text=_questions_in(m.text)) for m in messages if m.action not in pressed and not m.deleted_at)
    return tuple(message for message in asked if message.text)
