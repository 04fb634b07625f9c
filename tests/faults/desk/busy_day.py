"""Customers who live through the whole life of two cases each, with one member of staff, whatever happens to hub and Slack."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from channels.slack.strays import WORDLESS
from tests.e2e.channels.customer import Paper
from tests.e2e.channels.slack_customer import DirectCustomer
from tests.e2e.desk.office import Office, whole
from tests.faults.desk.patient_slack import PatientSlack
from tests.servers.slack_fake import text_of
from tests.servers.slack_world import STAFF

Json = dict[str, Any]
BEGUN = WORDLESS["event_payload"]["key"]
CLAIM, HAND_BACK, RESOLVE = "staff_claim", "staff_hand_back", "staff_resolve"


class Day:
    """One customer's. ``stage`` says how far it has come."""

    def __init__(self, slack: PatientSlack, office: Office, hook: str, number: int, within: float) -> None:
        self.tag = f"c{number:03}"
        self.place = f"D0CUST{number:03}"
        self.stage = "not begun"
        self.slack = slack
        self._office = office
        self._customer = DirectCustomer(slack, number, hook)
        self._customer.patience = within  # Slack delivers for longer than any hub is away here
        self._within = within

    async def live(self) -> None:
        """From the first message to the case that is open again."""
        await self._customer.write(f"message 1 by {self.tag}")
        await self._until("answered", lambda: self._reads("About message 1"))
        await self._first_case()
        await self._customer.write(f"message 5 by {self.tag}")
        await self._until("answered by the agent again", lambda: self._reads("message 5"))
        await self._second_case()

    async def _first_case(self) -> None:
        card = await self._wanted(1)
        await self._claimed(card)
        await asyncio.gather(self._customer_talks(), self._staff_talk(card))
        await self._until("all was said", lambda: self._shown(card, "message 4") and self._reads("Staff 3"))
        await self._office.write(card, f"// between us: {self.tag}")
        edited = await self._office.write(card, f"Staff 4 for {self.tag}, with a mistake")
        await self._office.edit(edited, f"Staff 4 for {self.tag}, mended")
        await self._until("mended", lambda: self._reads(f"Staff 4 for {self.tag}, mended"))
        gone = await self._office.write(card, f"Regretted for {self.tag}")
        await self._office.delete(gone)
        await self._office.press(card, HAND_BACK)
        await self._until("handed back", lambda: self._reads("the assistant answers again"))

    async def _second_case(self) -> None:
        card = await self._wanted(2)
        await self._claimed(card)
        await self._office.press(card, RESOLVE)
        await self._until("resolved", lambda: self._reads("Reply with a number from 1"))
        await self._customer.write("5")
        await self._until("rated", lambda: self._shown(card, "gave 5 of 5"))
        await self._until("thanked", lambda: self._reads("Thank you for your rating"))
        await self._customer.write(f"All well, says {self.tag}")
        await self._until("commented", lambda: self._shown(card, f"All well, says {self.tag}"))
        await self._customer.write(f"message 6 by {self.tag}")
        await self._until("open again", lambda: self._shown(card, "message 6"))

    async def _wanted(self, number: int) -> Json:
        await self._customer.command("human")
        await self._until(f"card {number}", lambda: len(self.cards()) >= number)
        return self.cards()[number - 1]

    async def _claimed(self, card: Json) -> None:
        await self._until("its buttons", lambda: any(block["type"] == "actions" for block in card["blocks"]))
        await self._office.press(card, CLAIM)
        await self._until("claimed", lambda: self._shown(card, "has taken this conversation"))

    async def _customer_talks(self) -> None:
        paper = Paper("bill.txt", "text/plain", f"The bill of {self.tag}".encode())
        for number in range(2, 5):
            await self._customer.write(f"message {number} by {self.tag}", *((paper,) if number == 3 else ()))

    async def _staff_talk(self, card: Json) -> None:
        for number in range(1, 4):
            more: Json = {}
            if number == 2:
                file = self.slack.file("receipt.txt", f"The receipt of {self.tag}".encode())
                more = {"subtype": "file_share", "files": [file]}
            await self._office.write(card, f"Staff {number} for {self.tag}", **more)

    def cards(self) -> list[Json]:
        """This customer's, in order."""
        return [one for one in self._office.cards if self.tag in "\n".join(self.thread(one))]

    def thread(self, card: Json) -> list[str]:
        """What the hub wrote in a case's thread, the card first."""
        return [whole(card), *self._office.shown(card)]

    def read(self) -> list[str]:
        """What the customer has of the hub."""
        mine = [one for one in self.slack.channels[self.place].messages if one.get("bot_id")]
        return [text_of(one) or str(one.get("markdown") or "") for one in mine]

    def _reads(self, text: str) -> bool:
        return any(text in one for one in self.read())

    def _shown(self, card: Json, text: str) -> bool:
        return any(text in one for one in self.thread(card))

    async def _until(self, stage: str, holds: Callable[[], bool]) -> None:
        self.stage = f"waits until {stage}"
        until = time.monotonic() + self._within
        while not holds():
            assert time.monotonic() < until, (
                self.tag,
                self.stage,
                self.read(),
                [self.thread(one) for one in self.cards()],
            )
            await asyncio.sleep(0.1)


def wrong_in(day: Day) -> list[str]:
    """What was lost, doubled, out of order or in the wrong hands, for one customer."""
    read, cards = day.read(), day.cards()
    wrong = [] if len(cards) == 2 else [f"{len(cards)} cards of 2 cases"]
    wrong += _in_order("the customer read", read, [f"Staff {number} for {day.tag}" for number in range(1, 5)])
    wrong += [f"the customer read {text!r}" for text in read if "between us" in text]
    for text, times in (("Grace has joined", 2), ("the assistant answers again", 1), ("Reply with a number", 1)):
        found = sum(text in one for one in read)
        wrong += [] if found == times else [f"{text!r} was read {found} times"]
    regretted = [place for place, text in enumerate(read) if "Regretted" in text]
    if regretted and not any("disregard" in text for text in read[regretted[0] :]):
        wrong.append("a message that was deleted came, and was not taken back")
    for card, numbers in zip(cards, ((2, 3, 4), (6,)), strict=False):
        said = [text for text in day.thread(card)[1:] if text.startswith("*")]
        wrong += _in_order("staff were shown", said, [f"message {number} by {day.tag}" for number in numbers])
        claims = sum("has taken this conversation" in text for text in day.thread(card))
        wrong += [] if claims == 1 else [f"claimed {claims} times"]
    return wrong


def _in_order(who: str, texts: list[str], wanted: list[str]) -> list[str]:
    places = []
    for one in wanted:
        found = [place for place, text in enumerate(texts) if one in text]
        if len(found) != 1:
            return [f"{who} {one!r} {len(found)} times"]
        places += found
    return [] if places == sorted(places) else [f"{who} in the order {places}"]


def doubled(slack: PatientSlack) -> list[str]:
    """Messages that carry the same mark: each delivery of the hub's has its own.

    An answer that was shown while it was written, and withheld when people took over, keeps the mark of all beginnings.
    """
    seen: dict[str, str] = {}
    wrong = []
    for channel in slack.channels.values():
        for message in channel.messages:
            key = ((message.get("metadata") or {}).get("event_payload") or {}).get("key")
            if key and key != BEGUN and message.get("bot_id"):
                if key in seen:
                    wrong.append(f"twice: {seen[key]!r} and {text_of(message)!r}")
                seen[key] = text_of(message)
    return wrong


def strays(slack: PatientSlack, days: list[Day]) -> list[str]:
    """Messages in the staff channel itself that belong to nobody's case."""
    known = {card["ts"] for day in days for card in day.cards()}
    mine = [one for one in slack.channels[STAFF].messages if one.get("bot_id") and "thread_ts" not in one]
    return [f"a stray message: {whole(one)}" for one in mine if one["ts"] not in known]
