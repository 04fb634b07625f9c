"""A customer leaves an address and the page: what staff write reaches them by e-mail or SMS, and so does their answer staff."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e import stored
from tests.e2e.channels.customer import Customer, reads, until
from tests.e2e.channels.mail_customer import MailCustomer
from tests.e2e.desk.neighbourhood import Neighbourhood, neighbourhood
from tests.e2e.visitor import Visitor, visiting

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

Json = dict[str, Any]
CLAIM, HAND_BACK, RESOLVE = "staff_claim", "staff_hand_back", "staff_resolve"
SENT, FAILED = "white_check_mark", "x"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory, knowledge_template: Path) -> AsyncIterator[Neighbourhood]:
    """A customer who has seen nothing for three seconds has left."""
    folder = tmp_path_factory.mktemp("follow-up")
    (folder / "documents").mkdir()
    (folder / "documents" / "returns.md").write_text("# Returns\n\nYou can return a parcel within 30 days.\n")
    more = {"FOLLOW_UP_MINUTES": "0.05", "FOLLOW_UP_UNANSWERED": "2", "COMPANY_NAME": "Acme"}
    async with neighbourhood(folder, str(folder / "documents"), knowledge_template, **more) as built:
        yield built


@dataclass
class Scene:
    """Somebody at the site with a mailbox or a telephone besides, and the case that they have."""

    world: Neighbourhood
    visitor: Visitor
    elsewhere: Customer
    card: Json
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    async def says(self, text: str) -> None:
        """On the page."""
        answer = await self.visitor.say(text, client_id=f"v{next(self.numbers)}")
        assert answer.status in (200, 202), answer.body

    async def history(self) -> list[str]:
        """The page is opened: they see all of it."""
        answer = await self.visitor.call("GET", f"/api/sessions/{self.visitor.id}/history?limit=200")
        assert answer.status == 200
        return [str(message["content"]) for message in answer.body["messages"]]

    def logged(self) -> list[str]:
        """What the page would show, without looking at it."""
        said = (
            "SELECT m.text FROM message m JOIN widget_event w ON w.message_id = m.id "
            "JOIN conversation c ON c.id = m.conversation_id WHERE c.thread = ? ORDER BY m.seq"
        )
        return [str(row["text"]) for row in stored.rows(self.world.hub, said, self.visitor.id)]

    def waits(self) -> list[Json]:
        """Whether anybody will still look whether they have left."""
        kept = (
            "SELECT t.* FROM desk_timer t JOIN conversation c ON c.id = t.conversation_id "
            "WHERE t.kind = 'follow_up' AND c.thread = ?"
        )
        return stored.rows(self.world.hub, kept, self.visitor.id)

    async def writes(self, text: str) -> Json:
        """Grace, in the thread."""
        return await self.world.office.write(self.card, text)


@asynccontextmanager
async def scene(world: Neighbourhood, channel: str, *, leaves: bool = True) -> AsyncIterator[Scene]:
    """They have asked for a person, and Grace has come. ``leaves``: an address."""
    async with world.customer(channel) as elsewhere, visiting(world.hub) as visitor:
        before = len(world.office.cards)
        await visitor.say("I want to talk to a person", client_id="wish")
        built = Scene(world, visitor, elsewhere, await world.office.card(before + 1))
        if leaves:
            await built.says(f"You can reach me at {elsewhere.who}")
            await world.office.sees(built.card, elsewhere.who)
        await world.office.press(built.card, CLAIM)
        await world.office.sees(built.card, "With Grace")
        yield built


async def test_by_mail_and_back(world: Neighbourhood) -> None:
    async with scene(world, "e-mail") as case:
        office, customer = world.office, case.elsewhere
        cards = len(office.cards)
        await case.writes("Your parcel is in Berlin.")
        await case.writes("It comes on Monday.")
        mail = await reads(customer, "It comes on Monday")
        assert "Your parcel is in Berlin." in mail, "all of it in one"
        assert "Acme" in mail
        assert "had left the page" in mail
        assert "joined" not in mail
        (letter,) = _letters(customer)
        assert str(letter["From"]) == '"Grace (Acme)" <support@example.com>'
        assert str(letter["Subject"]) == "Your conversation with Acme"
        assert letter["Auto-Submitted"] is None
        await office.sees(case.card, "Sent by e-mail to a…@customer.example, since the customer has left the page")

        await customer.write("Thank you! Can you leave it with the neighbour?")
        await office.sees(case.card, "Can you leave it with the neighbour?")
        await office.sees(case.card, "by e-mail")
        assert len(office.cards) == cards, "no new card"

        reply = await case.writes("Of course we can.")
        await reads(customer, "Of course we can")
        await office.marked(reply, SENT)
        await until(lambda: "Of course we can." in case.logged(), case.logged)

        await office.press(case.card, HAND_BACK)
        await reads(customer, "[Aa]ssistant")
        await customer.write("How long can I return a parcel?")
        await reads(customer, "30 days")
        await until(lambda: any("30 days" in text for text in case.logged()), case.logged)

        seen = await case.history()
        assert "Thank you! Can you leave it with the neighbour?" in seen, "the page shows what they wrote by mail"
        assert not any("had left the page" in text for text in seen)


def _letters(customer: Customer) -> list[Any]:
    assert isinstance(customer, MailCustomer)
    return customer._got()


async def test_who_comes_back_is_answered_on_the_page(world: Neighbourhood) -> None:
    async with scene(world, "e-mail") as case:
        await case.writes("We are looking into it.")
        await reads(case.elsewhere, "looking into it")
        await case.elsewhere.write("Take your time.")
        await world.office.sees(case.card, "Take your time.")
        await case.says("Here I am again")
        await world.office.sees(case.card, "Here I am again")
        before = len(case.elsewhere.read())
        await case.writes("Then let us talk here.")
        await until(lambda: "Then let us talk here." in case.logged(), case.logged)
        await case.history()
        await until(lambda: not case.waits(), case.waits)
        assert len(case.elsewhere.read()) == before, "what they have seen goes nowhere else"


async def test_a_page_that_is_open_gets_no_mail(world: Neighbourhood) -> None:
    async with scene(world, "e-mail") as case, case.visitor.socket() as socket:
        await case.writes("You see this at once.")
        while "You see this at once." not in str(await socket.next()):
            pass
        await socket.send(type="ping")
        await socket.until("pong")
        await until(lambda: not case.waits(), case.waits)
        assert not case.elsewhere.read()


async def test_by_sms_and_back(world: Neighbourhood) -> None:
    async with scene(world, "sms") as case:
        office, customer = world.office, case.elsewhere
        await case.writes("Your parcel is in Berlin.")
        text = await reads(customer, "Your parcel is in Berlin")
        assert text.startswith("Acme: you left our website before our answer came.")
        assert "Grace: Your parcel is in Berlin." in text
        await office.sees(case.card, "Sent by SMS to +12…")
        await customer.write("Great, thanks")
        await office.sees(case.card, "Great, thanks")
        await office.sees(case.card, "by SMS")
        reply = await case.writes("You are welcome.")
        await reads(customer, "You are welcome")
        await office.marked(reply, SENT)


async def test_without_an_address_staff_are_told(world: Neighbourhood) -> None:
    async with scene(world, "e-mail", leaves=False) as case:
        await case.writes("Where do you live?")
        await world.office.sees(case.card, "left nothing that we can write to")
        await until(lambda: not case.waits(), case.waits)


async def test_a_mailbox_that_is_not_there_is_told_with_what_can_be_done(world: Neighbourhood) -> None:
    async with scene(world, "e-mail") as case:
        world.post.postman.refusals.rcpt.append("550 5.1.1 No such user here")
        await case.writes("Are you there?")
        await world.office.sees(case.card, "could not be sent by e-mail to a…@customer.example")
        await world.office.sees(case.card, "No such user here")
        await world.office.sees(case.card, "for instance by telephone")


async def test_an_address_that_never_answers_is_left_alone(world: Neighbourhood) -> None:
    async with scene(world, "e-mail") as case:
        for number in (1, 2):
            await case.writes(f"Hello number {number}")
            await reads(case.elsewhere, f"Hello number {number}")
        await case.writes("Hello number 3")
        await world.office.sees(case.card, "2 messages to a…@customer.example were not answered")
        assert not any("number 3" in text for text in case.elsewhere.read())


async def test_who_said_stop_gets_nothing_and_staff_know(world: Neighbourhood) -> None:
    async with scene(world, "sms") as case:
        await case.elsewhere.write("STOP")
        await case.writes("Your parcel is in Berlin.")
        await world.office.sees(case.card, "could not be sent by SMS to +12…")
        await world.office.sees(case.card, "STOP")
        assert not any("Berlin" in text for text in case.elsewhere.read())


async def test_the_last_words_of_a_case_reach_who_has_left_and_the_rating_comes_back(world: Neighbourhood) -> None:
    async with scene(world, "e-mail") as case:
        await case.writes("All is done.")
        await until(lambda: "All is done." in case.logged(), case.logged)
        await world.office.press(case.card, RESOLVE)
        mail = await reads(case.elsewhere, "All is done")
        assert "1 to 5" in mail or "from 1" in mail, mail
        rated = len(stored.rows(world.hub, "SELECT * FROM rating"))
        await case.elsewhere.write("5")
        await world.office.sees(case.card, "The customer gave 5 of 5.")
        assert [row["score"] for row in stored.rows(world.hub, "SELECT score FROM rating")][rated:] == [5]


async def test_the_log_of_a_case_tells_of_it(world: Neighbourhood) -> None:
    async with scene(world, "e-mail") as case:
        await case.writes("Your parcel is in Berlin.")
        await reads(case.elsewhere, "Berlin")
        await world.office.sees(case.card, "Sent by e-mail")
        (number,) = [row["number"] for row in stored.rows(world.hub, _TICKET, case.visitor.id)]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "config.cli", "case", str(number)),
            env={**os.environ, **world.hub.environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await process.communicate()
        assert f"by email to {case.elsewhere.who} [sent]" in out.decode()


_TICKET = "SELECT t.number FROM ticket t JOIN conversation c ON c.id = t.conversation_id WHERE c.thread = ?"
