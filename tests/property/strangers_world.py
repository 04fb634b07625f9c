"""Two customers who write on every route, one of whom tries to read what is the other's, and the judge of all that came of it."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

from config.conversations.scenario import CustomerFile
from config.hub import Hub
from tests.patience import PATIENCE
from tests.property.strangers_company import COMPANY
from tests.property.strangers_ledger import MARK, PAYLOAD, Identity, Ledger, Place, word
from tests.property.strangers_model import HostileModel, Plan
from tests.property.strangers_people import ContactRoutes

_TICKET = re.compile(r"TKT-\d{8}-\d{4,}")
_STATE = """
SELECT COALESCE(SUM(last_seq), 0) AS written,
 COALESCE(SUM(CASE WHEN done_seq < last_seq THEN 1 ELSE 0 END), 0)
 + (SELECT COUNT(*) FROM outbox o WHERE o.status IN ('due', 'sending') AND o.conversation_id IN ({ids}))
 + (SELECT COUNT(*) FROM attachment a WHERE a.extraction = 'pending' AND a.conversation_id IN ({ids})) AS under_way
FROM conversation WHERE id IN ({ids})
"""
_HERE = "SELECT id FROM conversation WHERE channel = :channel AND audience = 'customer' AND thread LIKE :place"
_BY_MARK = "SELECT conversation_id FROM message WHERE author = 'customer' AND text LIKE :place"
_LOOK_SECONDS = 0.02


class World:
    """``counts``: what there was to see. ``topics``: of each person, for the other to look for."""

    def __init__(
        self, number: int, hub: Hub, routes: ContactRoutes, model: HostileModel, ledger: Ledger, rng: random.Random
    ) -> None:
        self.rng = rng
        self.ledger = ledger
        self.model = model
        self.places = routes.places(number, ledger, rng)
        self.topics: dict[int, list[str]] = {0: ["account"], 1: ["account"]}
        self.tickets: dict[int, list[str]] = {0: [], 1: []}
        self.counts: Counter[str] = Counter()
        self.trace: list[str] = []
        self._hub = hub
        self._marks: list[str] = []

    def place(self, route: str, person: int = 0) -> Place:
        """Of that person on that route, or the one that both share."""
        return next(one for one in self.places if one.route == route and person in one.authors)

    def places_of(self, person: int) -> list[Place]:
        """Where they write."""
        return [one for one in self.places if person in one.authors]

    # What people do

    async def write(
        self, place: Place, author: int, said: str, plan: Plan = (), files: Sequence[CustomerFile] = (), **more: Any
    ) -> None:
        """One message with its mark, answered by the model's plan. Returns when all that it caused is done."""
        mark = word(self.rng, "mk")
        self.model.plans[mark] = json.loads(json.dumps(plan).replace("@mark", mark))
        self.ledger.marks[mark] = place, place.authors[author]
        self._marks.append(mark)
        self.trace.append(f"{author} on {place.route}: {said} {[one.name for one in files]}")
        await self._deliver(place, f"{said} {mark}", author, files, mark, **more)
        self.counts[f"messages on {place.route}"] += 1
        if place.route == "web" and not place.identity.external:
            place.identity.external = f"anon:{place.writer.place}"
            self.ledger.add(place.identity)

    async def write_plain(self, place: Place, said: str) -> None:
        """A message of nothing else, such as a code."""
        self.trace.append(f"plain on {place.route}: {said}")
        await self._deliver(place, said, place.identity.person, (), "")

    async def _deliver(
        self, place: Place, said: str, author: int, files: Sequence[CustomerFile], mark: str, **more: Any
    ) -> None:
        before, _ = await self._state(place, "")
        mention = "@bot " if place.shared else ""
        await place.writer.write(f"{mention}{said}", files, str(author), **more)
        async with asyncio.timeout(PATIENCE):
            while True:
                written, under_way = await self._state(place, mark)
                if written > (0 if mark else before) and not under_way:
                    return
                await asyncio.sleep(_LOOK_SECONDS)

    async def _state(self, place: Place, mark: str) -> tuple[int, int]:
        """Messages of the conversations here, or of the one with that mark, and what is still to be done in them."""
        found, like = (_BY_MARK, mark) if mark else (_HERE, str(place.writer.place) or "-")

        def work(connection: Connection) -> tuple[int, int]:
            given = {"channel": place.writer.channel, "place": f"%{like}%"}
            ids = list(connection.scalars(text(found), {key: given[key] for key in given if f":{key}" in found}))
            marks = ", ".join(f":i{number}" for number in range(len(ids))) or "NULL"
            bound = {f"i{number}": one for number, one in enumerate(ids)}
            row = connection.execute(text(_STATE.format(ids=marks)), bound).one()
            return int(row[0]), int(row[1])

        return await self._hub.store.database.read(work)

    async def code_at(self, target: Place, before: int) -> str | None:
        """The newest code at an address, once there are more than before; None where none is sent."""
        for _ in range(100):
            codes = await self.codes(target)
            if len(codes) > before:
                return codes[-1]
            await asyncio.sleep(_LOOK_SECONDS)
        return None

    async def codes(self, target: Place) -> list[str]:
        """All codes that came there."""
        return [code for told in await target.writer.read() for code in re.findall(r"\b(\d{6}) is your code", told)]

    def new_secret(self, place: Place, how: str) -> tuple[str, str]:
        """Its topic and its payload."""
        topic, payload = word(self.rng, "qt"), word(self.rng, "zz")
        self.ledger.origin[payload] = f"{how} on {place.route} of person {sorted(place.authors)}"
        place.keep([payload])
        for person in place.authors:
            self.topics[person].append(topic)
        return topic, payload

    # What came of it

    async def judge(self) -> None:
        """Everything since the last time. Raises AssertionError with what was read by whom, and how it came to that."""
        for mark in self._marks:
            place, _ = self.ledger.marks[mark]
            for prompt in self.model.prompts.answers.pop(mark, ()):
                self.counts["prompts"] += 1
                self.counts["secrets that their owner's prompt held"] += len(set(PAYLOAD.findall(prompt)))
                self._hold(prompt, place, "a prompt")
                self._note_tickets(place, prompt)
        for place in self.places:
            told = await place.writer.read()
            for one in told[place.read :]:
                found = self._hold(one, place, "a message")
                place.keep(found)
                self.counts["secrets told to their owner"] += len(found)
                self._note_tickets(place, one)
            place.read = len(told)
        self._judge_calls()
        self._marks.clear()

    def _note_tickets(self, place: Place, read: str) -> None:
        """The other may know their numbers."""
        if not place.shared:
            own = self.tickets[place.identity.person]
            own += [one for one in _TICKET.findall(read) if one not in (*own, *self.tickets[1 - place.identity.person])]

    def _hold(self, read: str, place: Place, what: str) -> set[str]:
        foreign = self.ledger.foreign(read, place.allowed())
        assert not foreign, self._failure(f"{what} on {place.route} of {sorted(place.authors)} holds {foreign}")
        return set(PAYLOAD.findall(read))

    def hold_response(self, read: str, place: Place) -> None:
        """What an HTTP request of theirs was answered."""
        self.counts["direct requests"] += 1
        self._hold(read, place, "an HTTP answer")

    def _judge_calls(self) -> None:
        """Of those that were run for messages of this world."""
        for call in [one for one in COMPANY.calls if one[2] in self._marks]:
            COMPANY.calls.remove(call)
            kind, subject, mark, rest = call
            place, author = self.ledger.marks[mark]
            known = [] if place.shared else [one for one in author.linked() if one.proven or one.links]
            names = {(one.kind, one.subject) for one in known} | {("account", author.external)}
            assert (kind, subject) in names, self._failure(f"{kind} {subject} was looked up for {place.route}")
            assert not place.shared, self._failure(f"{kind} {subject} was looked up where others read")
            others = {one.subject for one in self._strangers(author)}
            sent = [one for one in others if one and kind != "account" and one in rest]
            assert not sent, self._failure(f"{kind} of {sent} was sent for {place.route}")
            self.counts[f"company tools run by {kind}"] += 1

    def _strangers(self, author: Identity) -> list[Identity]:
        return [one for place in self.places for one in place.authors.values() if one.person != author.person]

    def _failure(self, what: str) -> str:
        return "\n".join([what, "after:", *self.trace[-12:]])

    def judge_background(self, prompts: Sequence[str]) -> None:
        """Of prompts that answer nobody: what is in one was all allowed at one place at some time."""
        mine = [one for one in prompts if any(self._is_here(mark) for mark in MARK.findall(one))]
        for prompt in mine:
            held = set(PAYLOAD.findall(prompt))
            self.counts["prompts in the background"] += 1
            self.counts["secrets in prompts in the background"] += len(held)
            fits = any(held <= place.ever | place.public for place in self.places)
            assert fits, self._failure(f"a prompt mixes {self.ledger.foreign(prompt, set())}")

    def _is_here(self, mark: str) -> bool:
        return mark in self.ledger.marks and self.ledger.marks[mark][0] in self.places
