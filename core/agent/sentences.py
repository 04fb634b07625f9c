"""Where sentences end, in text that may still be arriving. Concatenating the pieces always gives the text back."""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.agent.code_spans import leading_block, open_code

MARKER = r"(?:\[\^?\d{1,4}(?:\s*[,;]\s*\^?\d{1,4})*\]|【\d{1,4}[^】\n]{0,20}】)"
_END = re.compile(
    r"(?P<stop>[.!?…؟۔]+[\"'”’»)\]*_]*|[。！？][」』”’)]*)"
    rf"(?P<marks>(?:[ \t]*{MARKER})*[.,;:]?)"
    r"(?P<space>\s*)"
)
STOP = re.compile(r"[.!?…؟۔。！？\n]")
_LINE = re.compile(r"[^\S\n]*\n\s*")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[„“\"])(?:e\.g|i\.e|etc|vs|cf|approx|incl|no|nos|nr|mr|mrs|ms|dr|prof|st|inc|ltd|co|fig|p|pp|vol|z\.\s?b|d\.\s?h|u\.\s?a|"
    r"bzw|ca|ggf|inkl|evtl|usw|abs|art|p\.\s?ex|env|sr|sra|sres|ud|uds|ej|p\.\s?ej|núm|\w)$",
    re.IGNORECASE,
)
_LIST_NUMBER = re.compile(r"^\s*(?:\d{1,3}|[a-zA-Z])$")


def _goes_on(match: re.Match[str], after: str) -> bool:
    """A stop inside a quotation, or dots, in the middle of a sentence: press “Forgot password?” on the page."""
    stop = match["stop"]
    return (len(stop) > 1 or stop == "…") and not match["marks"] and after[:1].islower()


def _is_end(before: str, match: re.Match[str], after: str) -> bool:
    """Whether a stop ends a sentence rather than an abbreviation, a list number, a decimal or a quotation inside it."""
    if _goes_on(match, after):
        return False
    if not match["stop"].startswith("."):
        return True
    if not match["space"] and not match["marks"]:
        return False
    line = before.rsplit("\n", 1)[-1]
    return not (_LIST_NUMBER.match(line) or _ABBREVIATION.search(line))


def _candidates(text: str) -> Iterator[tuple[int, bool]]:
    """Every place where a sentence may end, and whether only more text can tell."""
    marks = sorted([*_END.finditer(text), *_LINE.finditer(text)], key=lambda match: match.end())
    for match in marks:
        at_line_end = match.re is _LINE
        if not at_line_end and not match["space"] and match["stop"][0] in ".!?…؟۔" and match.end() < len(text):
            continue
        if at_line_end or _is_end(text[: match.start()], match, text[match.end() :]):
            yield match.end(), match.end() == len(text) or text[match.end() :].startswith(("[", "【"))


def _undecided_marker(text: str, start: int) -> bool:
    """A bracket right after a sentence may still turn out to be its citation marker."""
    rest = text[start : start + 8]
    return rest in ("", "[", "【") or bool(re.fullmatch(r"(?:\[\^?[\d,;\s^]*|【[^】]*)", rest))


def first_sentence(text: str, *, more: bool = False) -> str:
    """The first sentence with its citation markers and trailing white space; empty when ``more`` text must decide."""
    block = leading_block(text)
    if block < 0:
        return "" if more else text
    for end, doubtful in _candidates(text):
        if end <= block or not text[:end].strip() or open_code(text[:end]):
            continue
        if more and doubtful and _undecided_marker(text, end):
            return ""
        return text[:end]
    return "" if more else text


def sentences(text: str) -> list[str]:
    """All sentences of a finished text; they concatenate to it."""
    found = []
    while text:
        head = first_sentence(text)
        found.append(head)
        text = text[len(head) :]
    return found


def without_markers(text: str) -> str:
    """Quoted text whose own bracketed numbers cannot be taken for citation markers: "[2]" becomes "(2)"."""
    return re.sub(r"\[(\^?\d{1,4}(?:\s*[,;]\s*\^?\d{1,4})*)\]", r"(\1)", text)
