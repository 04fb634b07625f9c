"""Staff who ask in a case's thread whether "this" came up before mean what its customer wrote: that is looked up instead."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from itertools import chain
from pathlib import Path

from core.domain.analysed_text import keep_newest
from core.domain.case import Case
from core.domain.messages import BLOCKED, Author, Message
from handoff.records import Conversations, last_in

_LOOKED_AT = 100
_MOST, _LONGEST = 3, 600
_NO_WORD = re.compile(r"[\W_]+")
_WORDS = json.loads(Path(__file__).with_name("seen_before.json").read_text("utf-8"))
"""By language the ways of asking, as regular expressions over words in small letters without signs; ``this`` and ``case`` are
parts of several."""
_WAYS = "|".join(f"(?:{way})" for way in chain.from_iterable(_WORDS["ways"].values()))
_SEEN = re.compile(_WAYS.replace("<this>", _WORDS["this"]).replace("<case>", _WORDS["case"]))


def asks_whether_seen(text: str) -> bool:
    """Whether nothing else is asked: a question that names its matter is looked up as it is."""
    words = _NO_WORD.sub(" ", unicodedata.normalize("NFC", text).casefold()).strip()
    return _SEEN.fullmatch(words) is not None


class CaseMatter:
    """What a case is about. ``besides``: a text without its sentences that only ask for a person or are polite."""

    def __init__(self, records: Conversations, besides: Callable[[str], str]) -> None:
        self._records = records
        self._besides = besides

    async def question_text(self, case: Case) -> str:
        """The customer's last words of substance before a person answered; empty where there are none."""
        said = await last_in(self._records, case.conversation_id, _LOOKED_AT)
        words: list[Message] = []
        for one in said:
            if one.author is Author.STAFF and one.created_at >= case.opened_at and words:
                break
            wrote = one.author is Author.CUSTOMER and BLOCKED not in one.meta
            if wrote and one.deleted_at is None and one.action is None:
                words.append(one)
        texts = [self._besides(one.text).strip() for one in keep_newest(words)]
        return "\n".join([text for text in texts if text][-_MOST:])[-_LONGEST:]
