"""Reads a structured answer while it is written: each part leaves when its object is complete, plain text as it arrives.

Models and endpoints differ: an answer may stand in a code fence, as a bare list, between sentences, or be no JSON at all. Time is
linear and memory bounded, whatever arrives.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from importlib import resources
from typing import Any

from core.agent.answer_gate import AnswerGate
from core.agent.answer_unit import AnswerUnit, Quote, UnitKind
from core.ports.chat_model import AnswerFormat

MOST_PARTS = 200
MOST_CHARS = 20_000
"""Of one part; a longer one is left out."""
_MOST_QUOTES = 12
_QUOTE_CHARS = 1_000
_MOST_DIGITS = 4
_DEEPEST = 8
_LEAD_CHARS = 40
"""White space and a fence before the JSON; and how much of a text may be held back because it could be the JSON's beginning."""
_KINDS = (UnitKind.FACT, UnitKind.TOOL, UnitKind.DONE, UnitKind.QUESTION, UnitKind.CHAT, UnitKind.UNKNOWN)
_KEYS = ("kind", "rests_on", "text")
_OPENERS = tuple(f'{bracket}"{key}"' for bracket in ("{", "[{") for key in _KEYS)
_WRAPPERS = ('{"parts"',)
_FENCE = re.compile(r"\s*(?:```[a-z]*\s*)?")
_WRAPPED = re.compile(r'\{\s*"parts"\s*:\s*\[')
_SIGN = re.compile(r'["\\{}\[\]]')
_IN_STRING = re.compile(r'["\\]')


def _schema() -> dict[str, Any]:
    """What a part rests on comes before its text, so that the text is proven when its last letter arrives."""
    quote = {
        "type": "object",
        "properties": {"source": {"type": "integer"}, "quote": {"type": "string"}},
        "required": ["source", "quote"],
        "additionalProperties": False,
    }
    part = {
        "type": "object",
        "properties": {
            "kind": {"type": "string", "enum": list(_KINDS)},
            "rests_on": {"type": "array", "items": quote},
            "text": {"type": "string"},
        },
        "required": ["kind", "rests_on", "text"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"parts": {"type": "array", "items": part}},
        "required": ["parts"],
        "additionalProperties": False,
    }


@functools.cache
def parts_format() -> AnswerFormat:
    """The format of an answer in parts."""
    rules = (resources.files("core.agent") / "prompts" / "parts.txt").read_text(encoding="utf-8")
    return AnswerFormat("answer", _schema(), rules.strip())


class PartsReader:
    """Reads one answer, and passes on to the gate what it finds."""

    def __init__(self, gate: AnswerGate) -> None:
        self._gate = gate
        self._waiting = ""
        self._parts: _Parts | None = None
        self._is_text = False

    async def feed(self, delta: str) -> None:
        """More of the answer."""
        if self._parts is None:
            delta = await self._feed_text(delta)
        if self._parts is not None:
            for unit in self._parts.feed(delta):
                await self._gate.add(unit)

    async def finish(self, *, whole: bool = True) -> None:
        """The answer is over; see ``AnswerGate.finish``. An unfinished part is left out."""
        waiting, self._waiting = self._waiting, ""
        if waiting:
            await self._gate.feed(waiting)
        await self._gate.finish(whole=whole)

    async def _feed_text(self, delta: str) -> str:
        """Pass on what is no JSON; return the JSON from its beginning, once there is one."""
        text, self._waiting = self._waiting + delta, ""
        if not self._is_text:
            opener = _opener(text)
            if opener is None:
                self._waiting = text
                return ""
            if opener:
                self._parts = _Parts(lone=opener not in _WRAPPERS)
                return text
            self._is_text = True
        found = _WRAPPED.search(text)
        end = found.start() if found is not None else _end_of_text(text)
        if end:
            await self._gate.feed(text[:end])
        if found is not None:
            self._parts = _Parts(lone=False)
            return text[end:]
        self._waiting = text[end:]
        return ""


def _opener(text: str) -> str | None:
    """How the JSON opens with which an answer begins; empty where it is no JSON, None while that is open."""
    fence = _FENCE.match(text)
    bare = "".join(text[fence.end() if fence else 0 :][:_LEAD_CHARS].split())
    every = (*_WRAPPERS, *_OPENERS)
    if found := next((opener for opener in every if bare.startswith(opener)), None):
        return found
    if len(text) > _LEAD_CHARS or not any(opener.startswith(bare) for opener in (*every, "``")):
        return ""
    return None


def _end_of_text(text: str) -> int:
    """Up to where a text cannot be the beginning of the JSON."""
    brace = text.rfind("{", max(0, len(text) - _LEAD_CHARS))
    return brace if brace >= 0 and '{"parts":['.startswith("".join(text[brace:].split())) else len(text)


class _Parts:
    """Finds the parts in JSON that arrives in pieces. ``lone``: they stand in no list, or in one without a name."""

    def __init__(self, *, lone: bool) -> None:
        self._lone = lone
        self._around: list[str] = []
        self._depth = 0
        self._held: list[str] = []
        self._length = 0
        self._in_string = False
        self._escaped = False
        self._left = MOST_PARTS

    def feed(self, delta: str) -> Iterator[AnswerUnit]:
        """The parts that are complete with this piece."""
        place = 1 if self._escaped and delta else 0
        self._escaped = self._escaped and not delta
        begin = 0
        while self._left and (found := (_IN_STRING if self._in_string else _SIGN).search(delta, place)):
            sign, place = found[0], found.end()
            if sign == "\\":
                self._escaped = place == len(delta)
                place += 1
            elif sign == '"':
                self._in_string = not self._in_string
            elif self._depth:
                self._depth += 1 if sign in "{[" else -1
                if not self._depth:
                    self._hold(delta[begin:place])
                    yield from self._complete()
            elif sign == "{" and (self._around[-1:] == ["["] or (self._lone and not self._around)):
                self._depth, begin = 1, found.start()
            else:
                self._enter(sign)
        if self._depth:
            self._hold(delta[begin:])

    def _enter(self, sign: str) -> None:
        """What stands around the parts. Behind its end, and in what is too deep to be an answer, nothing is looked for."""
        if sign in "{[":
            self._around.append(sign)
        elif self._around:
            self._around.pop()
        if len(self._around) > _DEEPEST or not (self._around or self._lone):
            self._left = 0

    def _hold(self, piece: str) -> None:
        self._length += len(piece)
        if self._length <= MOST_CHARS:
            self._held.append(piece)
        else:
            self._held.clear()

    def _complete(self) -> Iterator[AnswerUnit]:
        text, self._length = "".join(self._held), 0
        self._held.clear()
        unit = _unit(text) if text else None
        if unit is not None:
            self._left -= 1
            yield unit


def _unit(text: str) -> AnswerUnit | None:
    """The part that is written there, as far as it can be understood; a kind that does not exist is a fact."""
    try:
        part = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    written = part.get("text") if isinstance(part, dict) else None
    if not isinstance(written, str) or not written.strip():
        return None
    kind = part.get("kind")
    known = next((one for one in _KINDS if one == kind), UnitKind.FACT)
    return AnswerUnit(written, known, tuple(_quotes(part.get("rests_on"))))


def _quotes(given: Any) -> Iterator[Quote]:
    """Each source that is named, with the words from it; a mere number names a source as well."""
    for one in (given if isinstance(given, list) else [given])[:_MOST_QUOTES]:
        named = one if isinstance(one, dict) else {"source": one}
        source, quote = str(named.get("source", "")).strip(" []"), named.get("quote")
        if source.isdecimal() and source.isascii() and len(source) <= _MOST_DIGITS:
            yield Quote(int(source), quote.strip()[:_QUOTE_CHARS] if isinstance(quote, str) else "")
