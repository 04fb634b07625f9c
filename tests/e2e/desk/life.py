"""The whole life of a case, as chapters that can be told of any channel: each begins where the one before ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from config.simulation.slack_world import GRACE, LINUS
from tests.e2e import stored
from tests.e2e.channels.customer import Correcting, Customer, Deleting, Paper, reads, until
from tests.e2e.desk.neighbourhood import Neighbourhood
from tests.e2e.papers import pdf

Json = dict[str, Any]
CLAIM, HAND_BACK, RESOLVE = "staff_claim", "staff_hand_back", "staff_resolve"
ASKED, ASKED_IN_ENGLISH = "Ich habe noch eine Frage: wo ist meine Bestellung AB-12?", "Where is my order AB-12?"
ANSWERED, ANSWERED_IN_GERMAN = "Your order AB-12 arrives on Monday.", "Ihre Bestellung AB-12 kommt am Montag."


@dataclass
class Life:
    """``card``: of the case that is open. ``said``: what staff said to the customer, in order. ``inside``: what stays inside."""

    world: Neighbourhood
    customer: Customer
    card: Json = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)
    cards: int = 0

    def __post_init__(self) -> None:
        self.cards = len(self.world.office.cards)

    @property
    def greeted(self) -> bool:
        """Whether they are told who has come: not where each message is a mail or a text message of its own."""
        return self.customer.channel not in ("sms", "email")

    async def escalate(self, wish: str = "I want to talk to a person", *papers: Paper) -> None:
        """The customer asks for a person, and a new card appears."""
        await self.customer.write(wish, *papers)
        self.cards += 1
        self.card = await self.world.office.card(self.cards)
        await self.world.office.sees(self.card, wish)
        await reads(self.customer, "passed this on to our team")

    async def escalate_with_a_file(self, wish: str) -> None:
        """The file that came with it stands in the new thread."""
        photo = Paper("photo.pdf", "application/pdf", pdf(f"What {self.customer.who} complains about"))
        await self.escalate(wish, photo)
        await until(lambda: self._file_in_thread() == [photo.content], self._file_in_thread)

    async def claim(self) -> None:
        """Grace takes it."""
        before = self._times("Grace has joined")
        await self.world.office.press(self.card, CLAIM)
        await self.world.office.sees(self.card, "With Grace")
        if self.greeted:
            await until(lambda: self._times("Grace has joined") > before, self.customer.read)

    async def talk(self) -> None:
        """Three messages each way; the second of each brings a file."""
        office, slack = self.world.office, self.world.slack
        theirs = Paper("bill.pdf", "application/pdf", pdf(f"The bill of {self.customer.who}"))
        ours = pdf(f"The receipt for {self.customer.who}")
        for number in range(1, 4):
            papers = (theirs,) if number == 2 else ()
            await self.customer.write(f"Mine-{number} is here", *papers)
            await office.sees(self.card, f"Mine-{number} is here")
            more: Json = {}
            if number == 2:
                more = {"subtype": "file_share", "files": [slack.file("receipt.pdf", ours, "application/pdf")]}
            await self._answer(f"Yours-{number} is there", **more)
        await until(lambda: self._file_in_thread() == [theirs.content], self._file_in_thread)
        assert await self.customer.papers() == [ours]
        shown = [one for one in office.shown(self.card) if "Mine-" in one]
        assert [one.split("Mine-")[1][0] for one in shown] == ["1", "2", "3"], shown

    async def keep_inside(self) -> None:
        """Notes, and what somebody says who does not own the case."""
        office = self.world.office
        note = await office.write(self.card, "// he pays late, be careful")
        await office.marked(note, "lock")
        await office.write(self.card, "I know him from before", user=LINUS)
        await office.sees(self.card, "Grace has this conversation")
        self.inside += ["pays late", "know him from before"]

    async def change_their_mind(self) -> None:
        """Staff edit and delete in time, and edit when it is too late."""
        office = self.world.office
        edited = await office.write(self.card, "It costs 10 euros")
        await office.edit(edited, "It costs 12 euros")
        deleted = await office.write(self.card, "You are wrong there")
        await office.delete(deleted)
        await reads(self.customer, "It costs 12 euros")
        self.said.append("It costs 12 euros")
        await self._answer("It comes on Monday")
        (late,) = [one for one in office.thread(self.card) if one.get("text") == "It comes on Monday"]
        await office.edit({"event": {**late, "channel": "", "event_ts": ""}}, "It comes on Tuesday")
        await reads(self.customer, "It comes on Tuesday")
        self.said[-1] = "It comes on Tuesday"  # in the place of the first, or as a correction below it
        self.inside += ["10 euros", "You are wrong there"]

    async def change_mine(self) -> None:
        """What the customer edits and takes back is seen in the thread, where their platform tells of it."""
        office = self.world.office
        if isinstance(self.customer, Correcting):
            said = await self.customer.write("My number is seven")
            await office.sees(self.card, "My number is seven")
            await self.customer.edit(said, "My number is eight")
            await office.sees(self.card, "My number is eight")
        if isinstance(self.customer, Deleting):
            said = await self.customer.write("This was a secret")
            await office.sees(self.card, "This was a secret")
            await self.customer.delete(said)
            await office.sees(self.card, "deleted this message")

    async def translate(self) -> None:
        """The customer goes on in German, staff in English, and each reads their own language; then in English again."""
        office = self.world.office
        await self.customer.write(ASKED)
        await office.sees(self.card, ASKED_IN_ENGLISH)
        await office.sees(self.card, ASKED)
        written = await office.write(self.card, ANSWERED)
        await reads(self.customer, ANSWERED_IN_GERMAN)
        await office.sees(self.card, ANSWERED_IN_GERMAN)
        await office.marked(written, "white_check_mark")
        self.said.append(ANSWERED_IN_GERMAN)
        self.inside.append(ANSWERED)
        thanks = "Thank you, I will write to you in English again."
        await self.customer.write(thanks)
        await office.sees(self.card, thanks)

    async def assign(self) -> None:
        """Grace gives it to Linus, whom alone the customer hears then, and Linus gives it back."""
        office = self.world.office
        for giver, taker, name in ((GRACE, LINUS, "Linus"), (LINUS, GRACE, "Grace")):
            form = await office.form(self.card, "assign", giver)
            assert await office.send_off(form, taker, giver) == {}
            if self.greeted:
                await reads(self.customer, f"{name} from our team is going to answer you here")
            await office.sees(self.card, f"With {name}")
            await office.write(self.card, f"{giver} has nothing to say any more", giver)
            self.inside.append("nothing to say any more")
            await self._answer(f"This is {name} now", user=taker)

    async def draft(self) -> None:
        """Grace changes what the agent would have said, and sends it off; with that the case is hers."""
        office = self.world.office
        form = await office.form(self.card, "reply")
        (field_,) = [one["element"] for one in form["blocks"] if one["type"] == "input"]
        assert "within 30 days" in field_["initial_value"], field_
        text = "You can return parcels within 30 days, and I send you the label"
        assert await office.send_off(form, text) == {}
        await office.sees(self.card, "With Grace")
        await reads(self.customer, text)
        await office.sees(self.card, text)
        self.said.append(text)

    async def hand_back(self) -> None:
        """The agent answers again, and staff are not shown it any more."""
        await self.world.office.press(self.card, HAND_BACK)
        await reads(self.customer, "the assistant answers again")
        before = len(self.customer.read())
        await self.customer.write("Do you sell bicycles?")
        answered = "I don't know the answer to that"
        await until(lambda: any(answered in one for one in self.customer.read()[before:]), self.customer.read)
        assert not any("bicycles" in one for one in self.world.office.shown(self.card))

    async def resolve(self) -> None:
        """The customer is asked what they think, and says it."""
        await self.world.office.press(self.card, RESOLVE)
        await reads(self.customer, "Reply with a number from 1")
        await self.customer.write("5")
        await self.world.office.sees(self.card, "The customer gave 5 of 5.")
        await reads(self.customer, "Thank you for your rating")
        await self.customer.write("Fast and friendly.")
        await self.world.office.sees(self.card, "comment: Fast and friendly.")

    async def reopen(self) -> None:
        """Soon afterwards the customer comes back to the same thread."""
        await self.customer.write("It broke again")
        await self.world.office.sees(self.card, "It broke again")
        await self._becomes("queued")
        assert len(self.world.office.cards) == self.cards, "the same thread again"

    async def at_the_end(self) -> None:
        """Nothing internal was ever read; what staff said came once each, and in its order; nothing is left to be sent."""
        await until(lambda: not self._open(), self._open)
        texts = self.customer.read()
        for secret in self.inside:
            assert not any(secret in text for text in texts), (secret, texts)
        places = []
        for said in self.said:
            found = [place for place, text in enumerate(texts) if said in text]
            assert len(found) == 1, (said, texts)
            places += found
        assert places == sorted(places), texts

    async def _answer(self, text: str, **more: Any) -> None:
        written = await self.world.office.write(self.card, text, **more)
        await reads(self.customer, text)
        await self.world.office.marked(written, "white_check_mark")
        self.said.append(text)

    def _times(self, text: str) -> int:
        return sum(text in one for one in self.customer.read())

    def _file_in_thread(self) -> list[bytes]:
        slack = self.world.slack
        mine = [one for one in self.world.office.thread(self.card) if one.get("bot_id")]
        return [slack.bytes[file["id"]] for one in mine for file in one.get("files", ())]

    def _open(self) -> list[Json]:
        waits = "SELECT channel, status, last_error FROM outbox WHERE status IN ('due', 'sending', 'dead')"
        return stored.rows(self.world.hub, waits)

    async def _becomes(self, state: str) -> None:
        theirs = "channel = ? AND audience = 'customer' ORDER BY created_at DESC LIMIT 1"
        wanted = f"SELECT state, owner FROM conversation WHERE {theirs}"

        def found() -> list[Json]:
            return stored.rows(self.world.hub, wanted, self.customer.channel)

        await until(lambda: found()[0]["state"] == state, found)
