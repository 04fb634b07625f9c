"""The gate between the model and the customer: whole sentences only, and only with markers that hold.

Rules, in this order, for each complete sentence:
1. A marker ``[n]`` must be the number of a source that the model was given in this turn and that is good enough to
   answer from. Others are removed; a sentence that had markers and keeps none is left out: it rests on nothing. So is one
   that states a figure or a link which neither its sources nor the results of this turn's tools hold, or the opposite
   (see ``entailment``).
2. A sentence that claims a hand-over is left out (see ``claims``).
3. Sentences without any marker wait until the first one with a valid marker has passed, so that an answer that turns out
   to rest on nothing can still be withheld without anybody having read it (see ``verdict``).
4. A sentence without a marker that states something (see ``grounding``) waits for a marker in the same paragraph. When
   none follows, it is left out, and so it is at once when it says "I don't know" and states something beside: no later
   marker speaks for a guess. It may also rest on what a tool gave in this turn (see ``tool_results``).
5. A sentence that rests on sources or results and is not in their words waits until the answer is written, and everything
   behind it; then ``verify`` is asked about all of them at once (see ``second_gate``), and what is not said there is left out.
Markers are renumbered in the order of their first use, so that ``[1]`` is the first citation of the reply.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from core.agent.claims import claims_handover, names_person, says_unknown
from core.agent.code_spans import prose, split_code
from core.agent.doubts import Claim, Verify
from core.agent.entailment import is_borne_out, is_in_its_words
from core.agent.grounding import is_grounded
from core.agent.sentences import MARKER, STOP, complete_sentences, sentences
from core.agent.sources import Sources
from core.agent.stating import asks
from core.agent.tool_results import ToolResults
from core.domain.messages import Citation
from core.domain.ticket import numbers_in

logger = logging.getLogger(__name__)

# A marker, and the address of a link made of one: the address is the model's invention.
_MARKED = re.compile(rf"({MARKER})(?:\([^)\s]*\))?")
_FENCES = ("```", "~~~")
_NUMBER = re.compile(r"\d+")
_TABLE_RULE = re.compile(r"\|?\s*:?-{3,}:?\s*(?:\|\s*:?-*:?\s*)*")
_LONG, _GROWTH = 400, 1.1
"""Characters without an end, from which on the end is looked for again only when they have grown by that."""
_LOOSE = re.compile(r"[ \t]+([.,;:!?…])")

Emit = Callable[[str], Awaitable[None]]
Announce = Callable[[Sequence[Citation]], Awaitable[None]]


def marker_numbers(text: str) -> list[int]:
    """Every number cited in a text; code is no citation."""
    return [int(n) for match in _MARKED.finditer(prose(text)) for n in _NUMBER.findall(_bare(match[1]))]


def _bare(marker: str) -> str:
    """``【3†source】`` cites 3 only."""
    return marker.split("†", 1)[0]


def strip_markers(text: str) -> str:
    """A text without its markers, as history shows old answers (their numbers mean nothing any more)."""
    return "".join(piece if is_code else _MARKED.sub("", piece) for piece, is_code in split_code(text))


def _stated(sentence: str) -> str:
    """A sentence as it reads without its markers."""
    return _LOOSE.sub(r"\1", strip_markers(sentence)).strip()


@dataclass(frozen=True, slots=True)
class _Held:
    """A sentence that waits, with what parts it from the one before."""

    gap: str
    text: str
    paragraph: int


class CitationGate:
    """Takes deltas, gives checked sentences. ``text`` is exactly what was emitted, end to end."""

    def __init__(
        self, sources: Sources, emit: Emit, announce: Announce, *, said: str = "", verify: Verify | None = None
    ) -> None:
        """``said`` is what the customer asks; what is not known may be named in their words."""
        self._sources = sources
        self._said = said
        self._verify = verify
        self._unsettled: list[str] = []
        self._unsaid: frozenset[str] = frozenset()
        self._emit = emit
        self._announce = announce
        self._buffer = ""
        self._may_end = False
        self._look_at = 0.0
        self._gap = ""
        self._held: list[_Held] = []
        self._paragraph = 0
        self._results = ToolResults()
        self._tickets: frozenset[str] = frozenset()
        self._out: list[str] = []
        self._numbers: dict[int, int] = {}

    @property
    def text(self) -> str:
        """What was emitted so far."""
        return "".join(self._out)

    @property
    def _last_line(self) -> str:
        return "".join(self._out[-3:]).rstrip("\n").rpartition("\n")[2]

    @property
    def held(self) -> str:
        """What waits for a citation, as it would be emitted."""
        return "".join(held.gap + held.text for held in self._held)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The sources used, in the order of their new numbers."""
        return tuple(self._sources.citation(number) for number in self._numbers)

    async def feed(self, delta: str) -> None:
        """More of the answer."""
        self._buffer += delta
        # A long piece without any stop is not looked through again with each delta.
        self._may_end = self._may_end or bool(STOP.search(delta))
        if not self._may_end or len(self._buffer) < self._look_at:
            return
        found, self._buffer = complete_sentences(self._buffer)
        self._may_end = bool(STOP.search(self._buffer))
        self._look_at = len(self._buffer) * _GROWTH if len(self._buffer) > _LONG else 0
        for sentence in found:
            await self._meet(sentence)

    async def finish(self, *, whole: bool = True) -> None:
        """The answer is over. ``whole`` is False when it was cut at its length: then the last piece is no sentence."""
        rest, self._buffer = sentences(self._buffer), ""
        for sentence in rest if whole else rest[:-1]:
            await self._meet(sentence)
        await self._settle_doubts()
        if self._numbers:
            self._gap = _wider(await self._settle(paragraph=None), self._gap)

    @property
    def standing(self) -> str:
        """Of what waits for a citation, what may be shown without one since it rests on a tool's result."""
        return "".join(held.gap + held.text for held in self._held if self._stands(held.text))

    def trust_result(self, name: str, arguments: str, content: str) -> None:
        """A tool gave this: what is said without a marker may rest on it."""
        self._results.add(name, arguments, content)

    def trust_tickets(self, numbers: Iterable[str]) -> None:
        """These tickets were opened or changed in this turn: it may be said of them that they were."""
        self._tickets |= frozenset(numbers)

    def drop_held(self) -> None:
        """Forget what still waits: it introduced a tool call, or was judged to rest on nothing."""
        self._buffer = ""
        self._unsettled.clear()
        self._held.clear()
        self._gap = "\n\n"

    async def release(self, marker_for: int | None = None) -> None:
        """Emit what waits, with a citation behind it when its source was found otherwise: then only what stands there."""
        held, self._held = self._held, []
        if marker_for is not None:
            text = (self._sources.text(marker_for),)
            held = [waiting for waiting in held if is_grounded(waiting.text, text, said=self._said)]
        elif self._results:
            held = [waiting for waiting in held if self._stands(waiting.text)]
        mark = f" [{await self._number(marker_for)}]" if held and marker_for is not None else ""
        for place, sentence in enumerate(held, 1):
            await self._send(sentence.gap + sentence.text + (mark if place == len(held) else ""))

    async def add(self, text: str) -> None:
        """A sentence of our own behind everything else."""
        await self._send(f" {text}" if self._out else text)

    async def _meet(self, sentence: str) -> None:
        """Takes it now, or in its turn when something is in doubt."""
        if self._verify is not None and (self._unsettled or self._in_doubt(sentence)):
            self._unsettled.append(sentence)
        else:
            await self._take(sentence)

    async def _settle_doubts(self) -> None:
        waiting, self._unsettled = self._unsettled, []
        if self._verify is not None and waiting:
            claims = self._claims([*(held.text for held in self._held), *waiting])
            self._unsaid |= await self._verify(claims)
        for sentence in waiting:
            await self._take(sentence)

    def _in_doubt(self, sentence: str) -> bool:
        """What has a marker, which also speaks for what waits in its paragraph; or may stand without one behind one."""
        cited = bool(self._cited(sentence))
        beside = [held.text for held in self._held if cited and held.paragraph == self._paragraph]
        return bool(self._claims([*beside, sentence]))

    def _claims(self, sentences: Sequence[str]) -> list[Claim]:
        """Those that would be shown, rest on sources or on what tools gave, and are not in their words."""
        markers = [self._cited(sentence) for sentence in sentences]
        everything = list(dict.fromkeys([*self._numbers, *(number for some in markers for number in some)]))
        found: dict[Claim, None] = {}
        for place, (sentence, cited) in enumerate(zip(sentences, markers, strict=True)):
            resting, stated = cited or everything, _stated(sentence)
            passages = (*map(self._sources.passage, resting), *self._results.passages)
            if not passages or asks(stated) or says_unknown(stated) or is_in_its_words(prose(stated), passages):
                continue
            if cited or any(markers[place:]):
                shown = self._borne_out(sentence, resting)
            else:
                shown = self._stands(sentence, resting) and not self._results.say(stated, self._said)
            if shown:
                found[Claim(stated, passages)] = None
        return list(found)

    def _cited(self, sentence: str) -> list[int]:
        return list(dict.fromkeys(n for n in marker_numbers(sentence) if self._sources.may_cite(n)))

    async def _take(self, sentence: str) -> None:
        body = sentence.strip()
        lead = sentence[: len(sentence) - len(sentence.lstrip())]
        trail = sentence[len(sentence.rstrip()) :]
        checked, cited = self._check(body)
        if checked:
            gap = _wider(self._gap, lead)
            if gap.count("\n") > 1:
                self._paragraph += 1
                gap = await self._end_paragraph(gap)
            started = bool(self._out or self._held)
            if checked.startswith(_FENCES) and "\n" not in gap:
                gap = "\n"  # anywhere else it would open no block
            self._gap = trail
            await self._pass(gap if started else "", checked, cited)
        else:
            self._gap = _wider(self._gap, trail)

    async def _end_paragraph(self, gap: str) -> str:
        """No marker can follow any more for what waits; the gap that is needed after it."""
        return _wider(await self._settle(paragraph=None), gap) if self._numbers else gap

    async def _pass(self, gap: str, sentence: str, cited: list[int]) -> None:
        if not cited and (not self._numbers or self._held or not self._stands(sentence)):
            self._held.append(_Held(gap, sentence, self._paragraph))
            return
        new = [number for number in cited if number not in self._numbers]
        for number in new:
            self._numbers[number] = len(self._numbers) + 1
        if new:
            await self._announce(self.citations)
        left = await self._settle(paragraph=self._paragraph)
        await self._send(_wider(left, gap) + self._renumber(sentence))

    def _stands(self, sentence: str, resting: Iterable[int] | None = None) -> bool:
        """Without a marker: what the cited sources hold, or the results of tools."""
        stated = _stated(sentence)
        if stated in self._unsaid:
            return False
        texts = list(map(self._sources.text, self._numbers if resting is None else resting))
        return is_grounded(sentence, texts, said=self._said) or self._results.allow(stated, texts, self._said)

    async def _settle(self, *, paragraph: int | None) -> str:
        """Emit what waited and may be said: all of the paragraph that has a marker, elsewhere what stands without one.

        Returns the gap that sentences left out at the end have left.
        """
        held, self._held = self._held, []
        left = ""
        for waiting in held:
            gap = _wider(left, waiting.gap)
            beside = waiting.paragraph == paragraph and not says_unknown(waiting.text)
            carried = beside and self._borne_out(waiting.text, self._numbers)
            if carried or self._stands(waiting.text):
                await self._send(gap + waiting.text)
                left = ""
            else:
                left = gap
        return left

    async def _number(self, source: int) -> int:
        if source not in self._numbers:
            self._numbers[source] = len(self._numbers) + 1
            await self._announce(self.citations)
        return self._numbers[source]

    async def _send(self, text: str) -> None:
        text = text if self._out else text.lstrip()
        if text.lstrip().startswith("|") and _TABLE_RULE.fullmatch(text.strip()) and "|" not in self._last_line:
            return  # its head was left out
        self._out.append(text)
        await self._emit(text)

    def _check(self, sentence: str) -> tuple[str, list[int]]:
        """The sentence with only its valid markers (still in the model's numbers), and those; empty when left out."""
        if claims_handover(sentence) and not self._tells_of_ticket(sentence):
            return "", []
        asked = marker_numbers(sentence)
        cited = self._cited(sentence)
        if not asked:
            return sentence, []
        if not cited:
            return "", []
        kept = self._rewrite(sentence, {number: number for number in cited}).strip()
        if not self._borne_out(sentence, cited):
            logger.info("a sentence was left out: its sources do not say so", extra={"sources": cited})
            return "", []
        # Taking a marker out can join its surroundings into a new one ("[[9]1]"): such a sentence is not worth saving.
        return (kept, cited) if set(marker_numbers(kept)) == set(cited) else ("", [])

    def _borne_out(self, sentence: str, cited: Iterable[int]) -> bool:
        """By its sources, or with what a tool found beside them, which stands in none."""
        stated, texts = _stated(sentence), list(map(self._sources.text, cited))
        return stated not in self._unsaid and (
            is_borne_out(stated, texts, said=self._said) or self._results.allow(stated, texts, self._said)
        )

    def _tells_of_ticket(self, sentence: str) -> bool:
        """That somebody looks after it is still only for the transition to say."""
        return not names_person(sentence) and not self._tickets.isdisjoint(numbers_in(sentence))

    def _renumber(self, sentence: str) -> str:
        return self._rewrite(sentence, self._numbers)

    def _rewrite(self, sentence: str, numbers: dict[int, int]) -> str:
        def markers(match: re.Match[str]) -> str:
            wanted = (int(number) for number in _NUMBER.findall(_bare(match[1])))
            return "".join(f"[{numbers[number]}]" for number in wanted if number in numbers)

        def fresh_prose(piece: str) -> str:
            fresh = _MARKED.sub(markers, piece)
            return _LOOSE.sub(r"\1", fresh) if fresh != piece else piece

        pieces = split_code(sentence)
        return "".join(piece if is_code else fresh_prose(piece) for piece, is_code in pieces)


def _wider(one: str, other: str) -> str:
    """The separator that parts more: a paragraph beats a line beats a space."""
    return max(one, other, key=lambda gap: (gap.count("\n"), len(gap)))
