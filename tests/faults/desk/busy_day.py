"""Customers who live through the whole life of two cases each, whatever happens to the hub and to the platforms."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from config.simulation.slack_world import GRACE, LINUS
from tests.e2e.channels.customer import Correcting, Deleting, Paper
from tests.e2e.desk.office import Json, whole
from tests.e2e.papers import pdf
from tests.faults.desk.day_judge import Day, ObservedDay, ObservedThread, Thread
from tests.faults.desk.passers_by import PasserBy
from tests.faults.desk.patient_office import PatientOffice

CLAIM, HAND_BACK, RESOLVE = "staff_claim", "staff_hand_back", "staff_resolve"
MACRO, SAVED = "refund", "Money comes back within 14 days"
JOINED, ASSIGNED, NOTED = "Grace has joined", "Linus from our team is going to answer you here", "I have noted"
BACK, ASKED, THANKED = "the assistant answers again", "Reply with a number from 1", "Thank you for your rating"
MARKS = re.compile(r"c\d{3}, wish \d")
"""Of each case its own."""
_TOLD = {JOINED: 2, ASSIGNED: 1, NOTED: 1, BACK: 1, ASKED: 1, THANKED: 1}


@dataclass(frozen=True)
class Words:
    """What is said in two languages, and how the model translates it."""

    tag: str

    @property
    def question(self) -> tuple[str, str]:
        """By the customer, in German."""
        return f"Ich habe noch eine Frage: wo ist meine Bestellung {self.tag}?", f"Where is my order {self.tag}?"

    @property
    def answer(self) -> tuple[str, str]:
        """By staff, in English."""
        return f"Your order {self.tag} arrives on Monday.", f"Ihre Bestellung {self.tag} kommt am Montag."


class BusyDay:
    """One customer's. ``stage`` says how far it has come; ``due``: what has to be seen of it in the end."""

    def __init__(self, person: PasserBy, office: PatientOffice, tag: str, within: float) -> None:
        self.person = person
        self.tag = tag
        self.stage = "not begun"
        self._greeted = person.channel not in ("sms", "email")
        unsaid = {} if self._greeted else {JOINED: 0, ASSIGNED: 0}
        self.due = Day(tag, [Thread(), Thread()], told={**_TOLD, **unsaid})
        self._office = office
        self._within = within
        self._cards: list[Json] = []

    async def live(self) -> None:
        """From the first message to the case that is open again."""
        await self._asks_the_agent(f"This is the question that I had before, number 1 by {self.tag}.")
        card = await self._first_case()
        await self._in_two_languages(card)
        await self._given_to_linus(card)
        await self._asks_the_agent(f"This is what I still want to know, number 2 by {self.tag}.")
        await self._second_case()
        self.stage = "over"

    async def _asks_the_agent(self, text: str) -> None:
        """Who answers with it."""
        await self.person.write(text)
        await self._reads(text)

    async def _first_case(self) -> Json:
        card = await self._wanted()
        await self._stays_inside(card, f"Too early for {self.tag}.")
        contact = f"{self.tag}@home.example"
        await self.person.leave(contact)
        self._says(contact)
        await self._reads(f"{NOTED} {contact}")
        await self._shows(card, "nobody has claimed this conversation")
        await self._office.press_there(card, CLAIM)
        self._tells("Grace has taken this conversation", "has given this conversation to Linus", "Linus has handed")
        await self._shows(card, "Grace has taken this conversation")
        await asyncio.gather(self._customer_talks(), self._staff_talk(card))
        return card

    async def _customer_talks(self) -> None:
        """Three messages, the second with a file; what can be edited and deleted is."""
        bill = pdf(f"The bill of {self.tag}")
        self.due.threads[0].papers.append(bill)
        for number in range(1, 4):
            text = f"This is mine, number {number} by {self.tag}."
            papers = (Paper("bill.pdf", "application/pdf", bill),) if number == 2 else ()
            await self.person.write(text, *papers)
            self._says(text)
        wrong, right = f"My number is seven, says {self.tag}", f"My number is eight, says {self.tag}"
        if isinstance(self.person, Correcting):
            await self.person.edit(await self.person.write(wrong), right)
            self._says(right)
            self.due.threads[0].gone.append(wrong)
        secret = f"This was a secret of {self.tag}"
        if isinstance(self.person, Deleting):
            await self.person.delete(await self.person.write(secret))
            self.due.threads[0].gone.append(secret)

    async def _staff_talk(self, card: Json) -> None:
        """Three messages, the second with a file; a saved reply, notes, a colleague's remark; and what was not meant so."""
        receipt = pdf(f"The receipt for {self.tag}")
        self.due.papers.append(receipt)
        for number in range(1, 4):
            more: Json = {}
            if number == 2:
                file = self._office.slack.file("receipt.pdf", receipt, "application/pdf")
                more = {"subtype": "file_share", "files": [file]}
            await self._answers(card, f"Yours {number} for {self.tag}.", **more)
        await self._stays_inside(card, f"// between us: {self.tag} pays late")
        await self._stays_inside(card, f"I know {self.tag} from before", user=LINUS)
        await self._office.write(card, f"!{MACRO}")
        self.due.answers.append(SAVED)
        wrong, right = f"It costs 10 euros for {self.tag}", f"It costs 12 euros for {self.tag}"
        await self._office.write_and_change(card, wrong, right)
        self.due.mended.append((wrong, right))
        self.due.inside.append("!refund")
        regretted = f"This is wrong, {self.tag}"
        await self._office.write_and_change(card, regretted, None)
        self.due.regretted.append(regretted)

    async def _in_two_languages(self, card: Json) -> None:
        """The customer in German, staff in English; then in English again."""
        words = Words(self.tag)
        await self.person.write(words.question[0])
        await self._shows(card, words.question[1])
        self._says(*words.question)
        await self._office.write(card, words.answer[0])
        self.due.answers.append(words.answer[1])
        self.due.inside.append(words.answer[0])
        self._tells(words.answer[1])
        await self._reads(words.answer[1])
        thanks = f"Thanks, says {self.tag}, from now on I write to you in English again."
        await self.person.write(thanks)
        await self._shows(card, thanks)
        self._says(thanks)

    async def _given_to_linus(self, card: Json) -> None:
        """Whom alone the customer hears then, and who hands them back to the agent."""
        await self._office.through_form(card, "assign", LINUS)
        await self._shows(card, "has given this conversation to Linus")
        if self._greeted:
            await self._reads(ASSIGNED)
        await self._stays_inside(card, f"Grace is silent now, {self.tag}")
        await self._answers(card, f"This is Linus for {self.tag}.", user=LINUS)
        await self._office.press_there(card, HAND_BACK, LINUS)
        await self._reads(BACK)

    async def _second_case(self) -> None:
        card = await self._wanted()
        draft = f"The draft for {self.tag}."
        await self._office.through_form(card, "reply", draft)
        self.due.answers.append(draft)
        self._tells("Grace has taken this conversation", "Grace has resolved this case", "The customer gave 5 of 5")
        await self._reads(draft)
        await self._office.press_there(card, RESOLVE)
        await self._reads(ASKED)
        await self.person.write("5")
        await self._reads(THANKED)
        comment = f"All was well, and you were very kind, says {self.tag}"
        await self.person.write(comment)
        self._tells(comment, "The customer has written again")
        await self._shows(card, comment)
        again = f"It is broken again, says {self.tag}, and I need your help"
        await self.person.write(again)
        self._says(again)
        await self._shows(card, again)

    async def _wanted(self) -> Json:
        """A person; and the case's card, which tells whose it is by what stands below it."""
        number = len(self._cards) + 1
        mark = f"{self.tag}, wish {number}"
        await self.person.write(f"I want to talk to a person, says {mark}.")
        self.due.threads[number - 1].said.append(mark)
        await self._until(f"card {number}", lambda: len(self._office.marked_with(mark)) > 0)
        self._cards.append(self._office.marked_with(mark)[0])
        return self._cards[-1]

    async def _answers(self, card: Json, text: str, **more: object) -> None:
        await self._office.write(card, text, **more)
        self.due.answers.append(text)

    async def _stays_inside(self, card: Json, text: str, user: str = GRACE) -> None:
        await self._office.write(card, text, user)
        self.due.inside.append(text.removeprefix("// "))

    def _says(self, *texts: str) -> None:
        self.due.threads[len(self._cards) - 1].said += texts

    def _tells(self, *texts: str) -> None:
        self.due.threads[len(self._cards) - 1].once += texts

    async def _reads(self, text: str) -> None:
        await self._until(f"they read {text!r}", lambda: any(text in one for one in self.read()))

    async def _shows(self, card: Json, text: str) -> None:
        await self._until(f"staff read {text!r}", lambda: any(text in one for one in self.shown(card)))

    async def _until(self, stage: str, holds: Callable[[], bool]) -> None:
        self.stage = f"waits until {stage}"
        until = time.monotonic() + self._within
        while not holds():
            assert time.monotonic() < until, (self.tag, self.stage, self.read(), [*map(self.shown, self.cards())])
            await asyncio.sleep(0.1)

    def read(self) -> list[str]:
        """What the customer has of the hub, however the lines were broken."""
        return [" ".join(text.split()) for text in self.person.read()]

    def shown(self, card: Json) -> list[str]:
        """What the hub wrote below a card."""
        return [whole(one) for one in self._office.thread(card) if one.get("bot_id")]

    def brings_a_file(self, text: str) -> bool:
        """Whether a file came with that message of staff."""
        return text == f"Yours 2 for {self.tag}."

    def cards(self) -> list[Json]:
        """Everything that looks like a case of theirs."""
        return [one for one in self._office.cards if any(self.tag in text for text in (whole(one), *self.shown(one)))]

    async def seen(self, doubtful: list[str], sent_again: list[str]) -> ObservedDay:
        """Everything, to be judged."""
        slack = self._office.slack
        threads = []
        for card in self.cards():
            files = [file for one in self._office.thread(card) if one.get("bot_id") for file in one.get("files", ())]
            threads.append(ObservedThread(self.shown(card), [slack.bytes[file["id"]] for file in files]))
        return ObservedDay(self.read(), threads, await self.person.papers(), doubtful, sent_again)
