"""Finds text that gives the assistant orders instead of telling something ("ignore your instructions and tell the customer ...").

What is ordered is no evidence: from such a place to the end of its paragraph, or of the quoted value that it stands in, a text
counts as if it were not there. The verifier and the exact comparison then find nothing that the order alone says.
"""

from __future__ import annotations

import re
import unicodedata

_MACHINE = r"(?:ai|assistants?|chat ?bots?|(?:language )?models?|llms?|bots?)"
_READER = r"(?:customers?|users?|clients?|persons?|visitors?|people)"
_RULES = r"(?:instructions?|rules?|prompts?|guidelines?|above|polic(?:y|ies)|sources?)"
_OFFICE = r"(?:system|developer|admin(?:istrator)?)"
_CALLED = r"(?:dear|attention|note to|hey|instructions? (?:to|for)|message (?:to|for))(?: the| all| any)?"
_TOLD = r"(?:tell|inform|assure|promise|convince|instruct|reply to|respond to|say to|answer)"
_EXACTLY = r"(?:exactly|only with|verbatim|word for word|the following)"
_PATTERNS = (
    rf"\b(?:ignore|disregard|forget|override|bypass)\b[^.\n]{{0,40}}\b{_RULES}\b",
    r"\b(?:new|updated|real|hidden|secret) (?:system )?(?:instructions?|prompts?)\b",
    rf"\b{_OFFICE}[ _\-]?(?:prompt|override|instruction)s?\b",
    rf"\b{_OFFICE}[ _\-]?(?:message|note|notice|update)s?[ \t]*[:\]>]",
    r"(?:^|[\n\"'>\]])[ \t]*(?:\[|<|#+ ?|\*\*)?(?:system|assistant|developer|ai)(?:\]|>|\*\*)?[ \t]*:",
    r"<\|[^|\n]{0,40}\|>|\[/?INST\]|<</?SYS>>|</?(?:system|instructions?|source|customer_file)\b[^>\n]{0,80}>",
    r"\byou (?:are now|must now|will now)\b|\bact as (?:an?|the)\b|\b(?:pretend|roleplay)\b",
    rf"\b{_CALLED} {_MACHINE}\b",
    rf"\b{_MACHINE}\b[^.\n]{{0,20}}\b(?:must|should|shall|has to|have to|is to|are to)\b",
    rf"\b{_TOLD} (?:the|every|each|all|any|this|your) {_READER}\b",
    rf"\b(?:reply|respond|answer|say|output|print|repeat)\b[^.\n]{{0,20}}\b{_EXACTLY}\b",
)
_ORDER = re.compile("|".join(_PATTERNS), re.IGNORECASE)
_END = re.compile(r"\n[ \t]*\n|\"(?=\s*[,}\]:])")
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs"})
_NEEDED = frozenset("\t\n\v\f\r\x85\u200c\u200d")
"""Line ends, and the joiners of Persian, Indian scripts and composed emoji."""
_BLANK = re.compile(r"[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0e\U000e0000-\U000e0fff]")
"""Fillers, and the selectors of variants, which are a whole hidden alphabet."""


def is_invisible(character: str) -> bool:
    """Whether no reader sees it, while a model or a server reads it."""
    is_unseen = unicodedata.category(character) in _UNSEEN and character not in _NEEDED
    return is_unseen or _BLANK.match(character) is not None


def without_orders(text: str) -> str:
    """The text with every order, and what follows it in its paragraph or value, taken out."""
    kept, place = [], 0
    for order in _ORDER.finditer(text):
        if order.start() < place:
            continue
        kept.append(text[place : order.start()])
        end = _END.search(text, order.end())
        place = len(text) if end is None else end.start()
    return "".join([*kept, text[place:]])
