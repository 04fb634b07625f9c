"""What a person wrote now, without what they quote and without their signature. The whole mail is kept as the raw event.

Where quotations begin in fourteen languages is mail-parser-reply's knowledge (its header expressions). They are asked of a
few short lines at a time, since over a long text they take quadratic time; and they are not given the last word: answers
between quoted lines stay, forwarded mail stays, and a mail that would be cut to nothing stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from mailparser_reply.constants import MAIL_LANGUAGES  # type: ignore[import-untyped]
from mailparser_reply.parser import EmailMessage as QuotedMail  # type: ignore[import-untyped]

from channels.email.signature_text import without_signature
from core.ports.staff_mail import REPLY_MARK

_WINDOW = 4
"""An attribution ("On ... wrote:") is wrapped over at most so many lines."""
_LONGEST = 400
_LABELS = 12
_CANDIDATES = 200
_LINES = 20_000

_FORWARD_SUBJECT = re.compile(r"\s*(?:fwd?|wg|tr|rv|enc|doorst|vs|i)\s*:", re.IGNORECASE)
_FORWARD_MARK = re.compile(
    r"^[^\w\n]*(?:forwarded message|begin forwarded message|weitergeleitete nachricht|anfang der weitergeleiteten nachricht|"
    r"message transf[ée]r[ée]|d[ée]but du message (?:transf[ée]r[ée]|r[ée]exp[ée]di[ée])|mensaje reenviado|"
    r"inicio del mensaje reenviado|رسالة (?:معاد توجيهها|محولة))\b",
    re.IGNORECASE | re.MULTILINE,
)
_SEPARATOR = re.compile(
    r"^[-_ ]*-{3,} ?(?:original message|original appointment|urspr[üu]ngliche nachricht|message d['’]origine|"
    r"mensaje original|messaggio originale|oorspronkelijk bericht|mensagem original|الرسالة الأصلية|исходное сообщение) ?-{3,}$",
    re.IGNORECASE,
)
_RULE = re.compile(r"^[-_ ]{20,}$")
_QUOTED = re.compile(r"^\s*>")
_LABEL = re.compile(r"^[*>\s]*[^\W\d_][\w'’ -]{0,24}\*?\s?:\*?(?:\s|$)")
_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w.-]+")
_MOMENT = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}[:.]\d\d\b")
_GLUED = re.compile(r">(?=\w)")
_DASHES = re.compile(r"^[-\s]{2,}(?=\w)")


def is_forward(subject: str, text: str) -> bool:
    """Whether it is another's mail that is passed on: then that is what the sender wants read."""
    return bool(_FORWARD_SUBJECT.match(subject) or _FORWARD_MARK.search(text[:20_000]))


def own_words(text: str) -> str:
    """Only what the writer added: nothing quoted, nothing forwarded, no signature. Empty where there is no such thing.

    Unlike `reply_text` it never falls back on the whole mail, since what is quoted must not reach anybody else.
    """
    lines = _lines(text)
    mark = next((place for place, line in enumerate(lines) if REPLY_MARK in line), len(lines))
    forwarded = next((place for place, line in enumerate(lines[:mark]) if _FORWARD_MARK.match(line)), mark)
    segments = _segments([*lines[:forwarded], ">"])  # what introduces a quotation is known by what follows
    return "\n\n".join(_unsigned(segments)).strip()


def reply_text(text: str, subject: str = "") -> str:
    """The newest words of a plain-text body; all of it when nothing else would be left."""
    lines = _lines(text)
    if is_forward(subject, text):
        return "\n".join(lines).strip()
    segments = _segments(lines)
    if kept := _unsigned(segments):
        return "\n\n".join(kept).strip("\n")
    signature = "\n".join(line for segment in segments for line in segment).strip()
    return signature or "\n".join(lines).strip()


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.replace("\xa0", " ").split("\n")[:_LINES]]


def _unsigned(segments: Sequence[Sequence[str]]) -> list[str]:
    """What each segment says above a signature, where it says anything."""
    parts = ("\n".join(without_signature(segment)).strip("\n") for segment in segments)
    return [part for part in parts if part.strip()]


def _segments(lines: Sequence[str]) -> list[list[str]]:
    """The runs of lines that are the writer's own."""
    own: list[list[str]] = [[]]
    place, budget = 0, _CANDIDATES
    while place < len(lines):
        line = lines[place]
        if _QUOTED.match(line):
            if own[-1]:
                own.append([])
            place += 1
            continue
        length = 0
        if budget and _may_begin_quote(lines, place):
            budget -= 1
            length = _attribution(lines, place)
        if length:
            place += length
            if not _quote_follows(lines, place):
                break  # quoted without marks, down to the end, whatever is marked in it
            own.append([])
            continue
        own[-1].append(line)
        place += 1
    return own


def _may_begin_quote(lines: Sequence[str], place: int) -> bool:
    line = lines[place].strip()
    if not line or len(line) > _LONGEST:
        return False
    if _SEPARATOR.match(line) or _RULE.match(line) or _LABEL.match(line):
        return True
    return any(later.rstrip().endswith(":") for later in lines[place : place + _WINDOW])


def _attribution(lines: Sequence[str], place: int) -> int:
    """How many lines introduce a quotation here; 0 when none is introduced."""
    if _SEPARATOR.match(lines[place].strip()):
        return 1
    return _labels(lines, place) or _sentence(lines, place)


def _labels(lines: Sequence[str], place: int) -> int:
    """A block as Outlook writes it (From, Sent, To, Subject), perhaps under a rule or with empty lines between.

    A list of what people fill in looks alike. So all four have to be there where empty lines stand between them, and in a
    language that nobody taught us a rule above or a marked quotation below.
    """
    first = place
    if _RULE.match(lines[place].strip()):
        first = next(
            (number for number in range(place + 1, min(place + 4, len(lines))) if lines[number].strip()), place
        )
    last, found = first, list[str]()
    while last < len(lines) and len(found) < _LABELS:
        if _LABEL.match(lines[last]):
            found.append(lines[last].strip()[:_LONGEST])
        elif not found or lines[last].strip() or not lines[last - 1].strip():
            break  # one empty line may stand between two of them
        last += 1
    count, block = len(found), "\n".join(found)
    if count < 2:
        return 0
    address, moment = _ADDRESS.search(block) is not None, _MOMENT.search(block) is not None
    if _header().search(block) is not None:
        apart = last - first > count
        whole = count >= 4 and not found[0].endswith(":")
        known = (whole and address and moment) if apart else (address or (count >= 3 and moment))
    else:
        known = count >= 3 and address and moment and (first > place or _quote_follows(lines, last))
    return last - place if known else 0


def _sentence(lines: Sequence[str], place: int) -> int:
    """ "On Monday, Ann wrote:", over one line or several."""
    for length in range(1, _WINDOW + 1):
        window = [line.strip() for line in lines[place : place + length]]
        if len(window) < length or not window[-1] or window[-1].startswith(">"):
            return 0
        if sum(map(len, window)) > _LONGEST:
            return 0
        if window[-1].endswith(":"):
            return length if _introduces(window) or _seems_to_introduce(window, lines, place + length) else 0
    return 0


def _introduces(window: Sequence[str]) -> bool:
    joined = _DASHES.sub("", "\n".join(window))
    flat = _GLUED.sub("> ", joined.replace("\n", " "))
    return bool(_header().match(joined) or _header().match(flat))


def _seems_to_introduce(window: Sequence[str], lines: Sequence[str], after: int) -> bool:
    """In a language that nobody taught us: a line with a moment or an address, down to a colon, then a quotation."""
    if not (_ADDRESS.search(window[0]) or _MOMENT.search(window[0])) or not _quote_follows(lines, after):
        return False
    return not any(_introduces(window[start:]) for start in range(1, len(window)))


def _quote_follows(lines: Sequence[str], place: int) -> bool:
    following = next((line for line in lines[place : place + 6] if line.strip()), "")
    return bool(_QUOTED.match(following))


@cache
def _header() -> re.Pattern[str]:
    pattern: re.Pattern[str] = QuotedMail(text="", languages=list(MAIL_LANGUAGES)).HEADER_REGEX
    return pattern
