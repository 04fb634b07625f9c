"""The gate between the model and the customer: complete sentences only, and only those that the turn's evidence bears out.

Each sentence, list item or table row is judged by itself, in the order written. Code proves or refutes it (see ``evidence``);
what it can do neither of goes to the verifier, in one call for the first sentences and one for what was written meanwhile. A
sentence that fails is left out, and nothing that was shown is taken back. A short opening ("Yes."), a lead-in and the head
of a table are shown only with what they lead to. Markers are renumbered in the order of their use.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from itertools import islice, takewhile
from typing import Any

from core.agent.answer_layout import BLOCK, CARRIED, Layout, Shape, parting_gap, shape_of, wider
from core.agent.answer_unit import AnswerUnit
from core.agent.evidence import AnswerEvidence, Finding
from core.agent.judged_unit import JudgedUnit
from core.agent.markers import marker_numbers, replace_markers, strip_markers
from core.agent.sentences import STOP, complete_sentences, sentences
from core.agent.settings import Strictness
from core.agent.verifier import verification
from core.domain.messages import Citation
from core.ports.verifier import Verdict, Verifier

logger = logging.getLogger(__name__)

_LONG, _GROWTH = 400, 1.1
"""Characters without an end, from which on the end is looked for again only when they have grown by that."""
_GATHER_SECONDS = 0.15
"""The first sentence waits so long for others that are written meanwhile, so that most answers need one call."""
_GATHERED = 6
"""Sentences that are sent while the model still writes, after the first batch."""
_AT_ONCE = 12
_LOOKED_AHEAD = 80
"""Pieces. A longer list whose beginning failed has no lead-in."""
_LEFT_FOR_THE_TURN = 2.0
_CLOSING = re.compile(r"[.!?…。！？]+[*_\"'”’»)」』]*$")

Emit = Callable[[str], Awaitable[None]]
Announce = Callable[[Sequence[Citation]], Awaitable[None]]


class AnswerGate:
    """Takes one answer of the model. ``text`` is exactly what was emitted, end to end.

    ``until``: when the turn is over, in the time of the event loop; no verdict is waited for so long that nothing could be said.
    ``unchecked``: a sentence had no verdict and was shown or left out by what code alone can tell.
    """

    def __init__(
        self,
        evidence: AnswerEvidence,
        emit: Emit,
        announce: Announce,
        *,
        verifier: Verifier | None = None,
        strictness: Strictness = Strictness.VERIFY,
        until: float | None = None,
    ) -> None:
        self._evidence = evidence
        self._emit = emit
        self._announce = announce
        self._verifier = None if strictness is Strictness.QUOTE else verifier
        self._strictness = strictness
        self._until = until
        self._buffer, self._may_end, self._look_at = "", False, 0.0
        self._gap = ""
        self._shape: Shape | None = None
        self._queue: deque[JudgedUnit] = deque()
        self._waiting: list[JudgedUnit] = []
        self._calls: set[asyncio.Task[None]] = set()
        self._forgotten: set[asyncio.Task[None]] = set()
        self._first: asyncio.Task[None] | None = None
        self._ended = asyncio.Event()
        self._showing = asyncio.Lock()
        self._layout = Layout()
        self._numbers: dict[int, int] = {}
        self._newest: int | None = None
        self.shown: list[JudgedUnit] = []
        self.dropped: list[JudgedUnit] = []
        self.unchecked = False

    @property
    def text(self) -> str:
        """What was emitted so far."""
        return self._layout.text

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The sources used, in the order of their new numbers."""
        return tuple(self._evidence.sources.citation(number) for number in self._numbers)

    @property
    def had_results(self) -> bool:
        """Whether tools gave something that the answer may rest on."""
        return bool(self._evidence.results)

    async def feed(self, delta: str) -> None:
        """More of an answer in plain text; source markers such as ``[2]`` stand in it."""
        self._buffer += delta
        # A long piece without any stop is not looked through again with each delta.
        self._may_end = self._may_end or bool(STOP.search(delta))
        if not self._may_end or len(self._buffer) < self._look_at:
            return
        found, self._buffer = complete_sentences(self._buffer)
        self._may_end = bool(STOP.search(self._buffer))
        self._look_at = len(self._buffer) * _GROWTH if len(self._buffer) > _LONG else 0
        for sentence in found:
            self._take(AnswerUnit(sentence))
        await self._settle()

    async def add(self, unit: AnswerUnit) -> None:
        """One complete part of a structured answer. It is parted from the part before where its text brings no white space."""
        for place, sentence in enumerate(sentences(unit.text)):
            self._take(AnswerUnit(sentence, unit.kind, unit.quotes), is_part=not place)
        await self._settle()

    async def finish(self, *, whole: bool = True) -> None:
        """The answer is over; when this returns, everything is shown or left out.

        ``whole`` is False when it was cut at its length: an unfinished sentence is left out.
        """
        rest, self._buffer = sentences(self._buffer), ""
        self._ended.set()
        for sentence in rest if whole else rest[:-1]:
            self._take(AnswerUnit(sentence))
        if self._verifier is not None and self._queue and self._queue[-1].opens_unchecked(self._evidence):
            self._waiting.append(self._queue[-1])  # it opens nothing: what it says counts
        self._send_waiting()
        while self._calls:
            await asyncio.wait(self._calls)
            self._collect()
        await self._settle(final=True)

    async def close(self) -> None:
        """Stop what is under way; the turn is over, or has failed."""
        calls = self._calls | self._forgotten
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    def drop_pending(self) -> None:
        """Forget what is not shown yet: it introduced a tool call."""
        self._forgotten |= self._calls
        self._calls = set()
        self._buffer, self._first, self._ended = "", None, asyncio.Event()
        self._queue.clear()
        self._waiting.clear()
        self._gap = "\n\n"

    async def note(self, text: str) -> None:
        """A sentence of our own behind everything else."""
        await self._emit(self._layout.show(" ", text))

    def _take(self, unit: AnswerUnit, *, is_part: bool = False) -> None:
        """Judge a piece, and queue it."""
        raw = unit.text
        body = raw.strip()
        lead, trail = raw[: len(raw) - len(raw.lstrip())], raw[len(raw.rstrip()) :]
        cited = tuple(number for number in marker_numbers(body) if number in self._evidence.sources)
        text = replace_markers(body, {number: number for number in cited}).strip()
        stated = strip_markers(body).strip()
        self._gap = wider(self._gap, lead)
        if not stated or set(marker_numbers(text)) != set(cited):
            # Taking a marker out can join its surroundings into a new one ("[[9]1]"): such a sentence is not worth saving.
            self._gap = wider(self._gap, trail)
            return
        shape = shape_of(stated, None if "\n\n" in self._gap else self._shape)
        if is_part and not self._gap and self._shape is not None:
            self._gap = parting_gap(self._shape, shape)
        one = JudgedUnit(self._gap, text, stated, shape, cited, unit.kind, unit.quotes)
        self._gap, self._shape = trail, shape
        self._queue.append(one)
        self._judge(one)

    def _judge(self, unit: JudgedUnit) -> None:
        unit.finding, unit.source = self._evidence.judge(unit.stated, unit.quotes)
        if unit.finding is Finding.REFUTED:
            unit.passed = False
        elif unit.finding is Finding.PROVEN or unit.is_harmless(self._evidence):
            unit.passed = True
        elif self._verifier is None:
            self._decide_alone(unit)
        elif self._strictness is Strictness.TRUST and unit.cited:
            unit.passed = True
        else:
            self._waiting.append(unit)
            self._schedule(unit)

    def _schedule(self, unit: JudgedUnit) -> None:
        """The first call starts soon after its sentence; later ones when enough has gathered, or with the end."""
        if self._first is None:
            if unit.shape not in CARRIED:
                self._first = self._start(self._call_soon())
        elif len(self._waiting) >= _GATHERED and self._first.done():
            self._send_waiting()

    async def _call_soon(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GATHER_SECONDS):
                await self._ended.wait()
        batch, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
        if batch:
            await self._verify(batch)

    def _send_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for start in range(0, len(waiting), _AT_ONCE):
            self._start(self._verify(waiting[start : start + _AT_ONCE]))

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._calls.add(task)
        return task

    async def _verify(self, batch: Sequence[JudgedUnit]) -> None:
        """Ask about these sentences; what has no verdict in time is decided by code alone."""
        found: dict[int, Verdict] = {}
        if self._verifier is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(None if self._until is None else self._until - _LEFT_FOR_THE_TURN):
                    found = dict(await self._verifier.verify(verification(batch, self._evidence)))
        for place, unit in enumerate(batch):
            verdict = found.get(place)
            if verdict is None:
                self._decide_alone(unit)
                continue
            unit.decide(verdict, self._evidence)
            if unit.passed and verdict is Verdict.SUPPORTED and not unit.cited and unit.source is None:
                unit.source = self._evidence.closest(unit.stated)
        await self._settle()

    def _decide_alone(self, unit: JudgedUnit) -> None:
        self.unchecked = True
        unit.decide_without_verdict(self._evidence, self._strictness)
        if unit.is_near and not unit.cited:
            unit.source = self._evidence.closest(unit.stated)

    def _collect(self) -> None:
        """Raises what a call has raised: the conversation is lost, or the store is."""
        for call in [call for call in self._calls if call.done()]:
            self._calls.discard(call)
            if not call.cancelled() and (error := call.exception()) is not None:
                raise error

    async def _settle(self, *, final: bool = False) -> None:
        """Show what is decided, in order."""
        self._collect()
        async with self._showing:
            while self._queue and (shown := self._decision(final=final)) is not None:
                unit = self._queue.popleft()
                if shown:
                    await self._show(unit)
                else:
                    self.dropped.append(unit)
                    self._layout.skip(unit.gap, unit.text)
                    logger.info("a sentence was left out", extra={"finding": unit.finding, "verdict": unit.verdict})

    def _decision(self, *, final: bool) -> bool | None:
        """Whether the first of the queue is shown; None while that is open."""
        unit = self._queue[0]
        if not unit.passed or unit.shape not in CARRIED:
            return unit.passed
        behind = list(islice(self._queue, 1, _LOOKED_AHEAD))
        if not behind:
            return (unit.shape is Shape.SHORT and " " in unit.stated) if final else None
        if unit.shape is Shape.HEAD and behind[0].shape is not Shape.RULE:
            return False
        led = _led_to(unit, behind)
        if any(one.passed for one in led):
            return True
        may_go_on = not final and len(behind) < _LOOKED_AHEAD - 1 and behind[-1].shape in BLOCK
        return None if may_go_on or any(one.passed is None for one in led) else False

    async def _show(self, unit: JudgedUnit) -> None:
        quoted = tuple(dict.fromkeys(quote.source for quote in unit.quotes if quote.source in self._evidence.sources))
        added = () if unit.cited else quoted or (() if unit.source is None else (unit.source,))
        new = [number for number in (*unit.cited, *added) if number not in self._numbers]
        for number in new:
            self._numbers[number] = len(self._numbers) + 1
        if new:
            await self._announce(self.citations)
        text = replace_markers(unit.text, self._numbers)
        if unit.shape in (Shape.SENTENCE, Shape.ITEM) and (
            marks := [n for n in added if n in new or n != self._newest]
        ):
            text = _with_markers(text, [self._numbers[number] for number in marks])
        self._newest = (*unit.cited, *added, self._newest)[0]
        self.shown.append(unit)
        await self._emit(self._layout.show(unit.gap, text))


def _led_to(unit: JudgedUnit, behind: Sequence[JudgedUnit]) -> Sequence[JudgedUnit]:
    """What an opening, a lead-in or a table's head belongs to: the next sentence, or all of the list or table that follows."""
    if unit.shape is Shape.SHORT or behind[0].shape not in BLOCK:
        return behind[:1]
    block = takewhile(lambda one: one.shape in BLOCK, behind)
    return [one for one in block if one.shape not in (Shape.RULE, Shape.HEAD)]


def _with_markers(text: str, numbers: Sequence[int]) -> str:
    """Markers before the stop that closes a sentence."""
    marks = "".join(f"[{number}]" for number in numbers)
    closing = _CLOSING.search(text)
    return f"{text} {marks}" if closing is None else f"{text[: closing.start()]} {marks}{text[closing.start() :]}"
