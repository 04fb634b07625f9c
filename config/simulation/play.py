"""Plays scenarios through a hub, and says what was otherwise than they expect."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from config.conversations.recorded_model import holds, is_among, letters
from config.conversations.scenario import GROUPS, Scenario, ScenarioFile, StaffStep, Turn
from config.conversations.transcript import Expected, RecordedCall
from config.simulation.customers import PLACES, Customers
from config.simulation.loopback import PATIENCE
from config.simulation.staff import PEOPLE, StaffDesk
from config.simulation.town import Town
from core.domain.errors import HubError
from core.domain.ticket import numbers_in

Judge = Callable[[str, str], Awaitable[str]]
"""Given what was written and answered, and what is wanted of it: what is wrong, or nothing."""
_LOOK_SECONDS = 0.05
_OPEN = """
SELECT c.id FROM conversation AS c WHERE c.id IN ({ids}) AND c.done_seq < c.last_seq
UNION SELECT o.id FROM outbox AS o WHERE o.conversation_id IN ({ids}) AND o.status IN ('due', 'sending')
UNION SELECT a.id FROM attachment AS a WHERE a.conversation_id IN ({ids}) AND a.extraction = 'pending'
"""

_CALLS = """
SELECT name, arguments, result FROM tool_journal WHERE name NOT LIKE '@%' AND conversation_id IN ({ids}) ORDER BY created_at, step
"""
_CITED = """
SELECT citations FROM message WHERE author = 'agent' AND conversation_id IN ({ids})
ORDER BY created_at DESC, seq DESC LIMIT 1
"""


@dataclass(slots=True)
class Played:
    """One run of a scenario. ``failures``: each a sentence; ``seen``: the conversation as its customers read it."""

    case: Scenario
    run: int
    failures: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Player:
    """``at_once``: how many conversations go on at the same time. ``judge``: None where no model is there to judge."""

    def __init__(self, town: Town, *, judge: Judge | None = None, at_once: int = 4) -> None:
        self._town = town
        self._judge = judge
        self._room = asyncio.Semaphore(at_once)
        self._numbers = itertools.count(1)

    async def play(self, files: Sequence[ScenarioFile], runs: Iterable[int]) -> list[Played]:
        """Each scenario in each of these runs, in the order of the files."""
        asked = [self._play(file, case, run) for file in files for case in file.conversations for run in runs]
        return list(await asyncio.gather(*asked))

    async def _play(self, file: ScenarioFile, case: Scenario, run: int) -> Played:
        async with self._room:
            played = Played(case, run)
            began = time.monotonic()
            conversation = _Conversation(self._town, file, case, self._numbers, played, self._judge)
            try:
                await conversation.play()
            except (HubError, TimeoutError) as error:
                detail = error.detail if isinstance(error, HubError) else f"nothing came within {PATIENCE:.0f} s"
                played.failures.append(f"{conversation.where}: {detail}")
            played.seconds = time.monotonic() - began
            return played


class _Conversation:
    """One customer's, or several whose conversations are played in turns. ``where``: the turn that is being played."""

    def __init__(
        self,
        town: Town,
        file: ScenarioFile,
        case: Scenario,
        numbers: Iterator[int],
        played: Played,
        judge: Judge | None,
    ) -> None:
        self._town = town
        self._file = file
        self._case = case
        self._played = played
        self._judge = judge
        self._numbers = numbers
        self._by_author: dict[str, Customers] = {}
        self._people = self._customers(case.turns[0].author)
        self._ticket = ""
        self._desk = StaffDesk(town)
        self._card: dict[str, Any] | None = None
        self.where = f"line {case.line}"

    async def play(self) -> None:
        """All turns, also after one that failed."""
        for place, written in enumerate(self._case.turns, 1):
            turn = written.with_ticket(self._ticket)
            self.where = f"turn {place}"
            if turn.clock is not None:
                self._town.clock.move_to(turn.clock)
            if not turn.staff and (people := self._customers(turn.author)) is not self._people:
                self._people, self._card = people, None
            before, calls = len(await self._people.read()), len(self._calls())
            for step in turn.staff:
                await self._step(step)
                self._played.seen.append(f"{step.by}: [{step.name}] {step.text}".rstrip())
            if not turn.staff:
                await self._people.write(turn.user, turn.files, turn.author)
                self._played.seen.append(f"{turn.author or 'Customer'}: {turn.user}")
            watched = bool(turn.staff_see or turn.staff_see_not)
            if watched:
                await self._case_card()
            await self._settled(with_staff=watched or bool(turn.staff))
            told = (await self._people.read())[before:]
            self._played.seen += [f"Hub: {text}" for text in told]
            made = self._calls()[calls:]
            named = numbers_in("\n".join([*(one["result"] for one in made), *told]))
            self._ticket = named[-1] if named else self._ticket
            for failure in [*self._wrong(turn, told, made), *await self._judged(turn, told)]:
                self._played.failures.append(f"{self.where}: {failure}")

    def _customers(self, author: str) -> Customers:
        key = "" if self._case.channel in GROUPS else author
        if key not in self._by_author:
            self._by_author[key] = PLACES[self._case.channel](self._town, next(self._numbers))
        return self._by_author[key]

    async def _step(self, step: StaffStep) -> None:
        card = await self._case_card()
        if step.name in ("reply", "note"):
            sign = self._town.hub.settings.desk_note_sign if step.name == "note" else ""
            await self._desk.write(card, f"{sign}{step.text}", PEOPLE[step.by])
        else:
            await self._desk.press(card, f"staff_{step.name}", PEOPLE[step.by])
        await self._settled(with_staff=True)

    async def _case_card(self) -> dict[str, Any]:
        """The first message of the newest case. Raises TimeoutError where none comes."""
        wanted = "SELECT receipts FROM outbox WHERE channel = 'desk' AND seq = 1 AND conversation_id IN ({ids})"
        async with asyncio.timeout(PATIENCE):
            while True:
                found = self._rows(wanted, self._desk_ids())
                names = {json.loads(row["receipts"])[0].rpartition("/")[2] for row in found if row["receipts"]}
                cards = [card for card in self._desk.cards if card["ts"] in names]
                if cards:
                    self._card = cards[-1]
                    return self._card
                await asyncio.sleep(_LOOK_SECONDS)

    async def _settled(self, *, with_staff: bool) -> None:
        """Everything that was written is dealt with, and what is to be sent is sent."""
        async with asyncio.timeout(PATIENCE):
            while self._is_open(with_staff):  # noqa: ASYNC110 - the hub's database tells nobody
                await asyncio.sleep(_LOOK_SECONDS)

    def _is_open(self, with_staff: bool) -> bool:
        ids = self._ids()
        if with_staff:
            ids = [*ids, *self._desk_ids(), *self._thread_ids()]
        return bool(self._rows(_OPEN, ids))

    def _ids(self) -> list[str]:
        if not self._people.place:
            return []
        found = self._town.rows(
            "SELECT id FROM conversation WHERE channel = ? AND audience = 'customer' AND (instr(thread, ?) OR external_id = ?)",
            self._people.channel,
            self._people.place,
            self._people.place,
        )
        return [row["id"] for row in found]

    def _desk_ids(self) -> list[str]:
        """Of the cases as the desk keeps them."""
        wanted = "SELECT id FROM conversation WHERE channel = 'desk' AND substr(thread, 1, 32) IN ({ids})"
        return [row["id"] for row in self._rows(wanted, self._ids())]

    def _thread_ids(self) -> list[str]:
        """Of what staff write below the card."""
        if self._card is None:
            return []
        wanted = "SELECT id FROM conversation WHERE audience = 'staff' AND instr(thread, ?)"
        return [row["id"] for row in self._town.rows(wanted, str(self._card["ts"]))]

    def _rows(self, statement: str, ids: Sequence[str]) -> list[dict[str, Any]]:
        marks = ", ".join("?" for _ in ids) or "NULL"
        places = statement.count("{ids}")
        return self._town.rows(statement.replace("{ids}", marks), *(list(ids) * places))

    def _calls(self) -> list[dict[str, Any]]:
        """Of tools, with what they gave the model."""
        rows = self._rows(_CALLS, self._ids())
        return [{**row, "result": json.loads(row["result"] or "{}").get("content", "")} for row in rows]

    # What is expected

    def _wrong(self, turn: Turn, told: Sequence[str], calls: Sequence[dict[str, Any]]) -> Iterator[str]:
        text = "\n".join(told)
        yield from (f"no customer reads “{one}”" for one in turn.says if not _has(text, one))
        unwanted = [*turn.says_not, *self._case.never]
        yield from (f"a customer reads “{one}”" for one in unwanted if _has(text, one))
        if turn.silent and told:
            yield f"the hub should be silent, and says “{told[0]}”"
        if turn.expect:
            yield from _against_transcript(turn, text)
        if turn.sources is not None:
            yield from self._wrong_sources(turn.sources)
        if turn.tools is not None:
            yield from _wrong_calls(turn.tools, calls)
        found = "\n".join(one["result"] for one in calls)
        yield from (f"no tool gives “{one}”" for one in turn.results if not _has(found, one))
        yield from (f"a tool gives “{one}”" for one in turn.results_not if _has(found, one))
        if turn.state is not None:
            states = {
                row["state"] for row in self._rows("SELECT state FROM conversation WHERE id IN ({ids})", self._ids())
            }
            if states != {str(turn.state)}:
                yield f"the conversation is with {', '.join(sorted(states)) or 'nobody'}, not {turn.state}"
        thread = "\n".join(self._desk.thread(self._card)) if self._card is not None else ""
        yield from (f"staff do not see “{one}”" for one in turn.staff_see if not _has(thread, one))
        yield from (f"staff see “{one}”" for one in turn.staff_see_not if _has(thread, one))

    def _wrong_sources(self, wanted: Sequence[str]) -> Iterator[str]:
        """Of the newest answer. ``@key`` is a source that holds one of the key's anchors."""
        found = self._rows(_CITED, self._ids())
        cited = json.loads(found[0]["citations"] or "[]") if found else []
        texts = [json.dumps(one, ensure_ascii=False) for one in cited]
        if not wanted and cited:
            yield f"the answer shows the source {texts[0]}, and should show none"
        for one in wanted:
            anchors = self._file.anchors.get(one.removeprefix("@"), ()) if one.startswith("@") else (one,)
            values = ["\n".join(str(value) for value in source.values()) for source in cited]
            if not any(holds(value, anchors) for value in values):
                yield f"the answer does not show the source {one}; it shows {', '.join(texts) or 'none'}"

    async def _judged(self, turn: Turn, told: Sequence[str]) -> Sequence[str]:
        if not turn.judge or self._judge is None:
            return ()
        wrong = await self._judge("\n\n".join([*self._played.seen[: -len(told) or None], *told]), turn.judge)
        return [f"the judge: {wrong}"] if wrong else ()


def _has(text: str, part: str) -> bool:
    """Whatever marks and line breaks the platform has put in."""
    return _bare(part) in _bare(text)


def _bare(text: str) -> str:
    return " ".join(text.replace("*", "").replace("_", "").casefold().split())


def _against_transcript(turn: Turn, text: str) -> Iterator[str]:
    """As ``switchboard evaluate --conversations`` judges an answer."""
    shown = letters(text)
    for sentence in turn.sentences:
        is_shown = letters(sentence) in shown
        if is_among(sentence, turn.unwanted):
            if is_shown:
                yield f"a customer reads “{sentence}”"
        elif turn.expect in (Expected.SHOW, Expected.SHOW_PART) and not is_shown and not is_among(sentence, turn.soft):
            yield f"no customer reads “{sentence}”"


def _wrong_calls(wanted: Sequence[RecordedCall], calls: Sequence[dict[str, Any]]) -> Iterator[str]:
    made = [(row["name"], json.loads(row["arguments"] or "{}")) for row in calls]
    if not wanted and made:
        yield f"the tool {made[0][0]} is called"
    for one in wanted:
        if not any(name == one.name and one.args.items() <= args.items() for name, args in made):
            named = ", ".join(f"{name}({json.dumps(args, ensure_ascii=False)})" for name, args in made) or "none"
            yield f"the tool {one.name}({json.dumps(dict(one.args), ensure_ascii=False)}) is not called; called: {named}"
