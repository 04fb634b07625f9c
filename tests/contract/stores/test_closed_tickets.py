"""Tickets of cases that are over, with what reached the customer of them, on both databases."""

from __future__ import annotations

from sqlalchemy import update

from core.domain.alterations import Alteration, Altering, as_altered
from core.domain.case import Case
from core.domain.delivery import DeliveryStatus
from core.domain.messages import Author, Receipt
from core.domain.ticket import TicketPriority, TicketStatus
from core.ports.outcomes import CaseRecord, MoveTicket, OpenTicket
from core.ports.store import CloseCase, NewMessage, OpenCase, Settlement, TurnOutcome
from core.ports.tickets import ClosedTicket
from core.storage.store import SqlStore
from core.storage.tables import message
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import ACCOUNT, CHANNEL, LEASE, accept, answer, claim_one, customer, said, thread


def staff(text: str, **fields: object) -> NewMessage:
    return answer(text, author=Author.STAFF, **fields)


class Desk:
    """One conversation, and what turns decide about it. Time passes between them."""

    def __init__(self, store: SqlStore, clock: ManualClock, where: str = "t1", name: str | None = None) -> None:
        self.store = store
        self.clock = clock
        self.where = where
        self.who = customer(f"of {where}", display_name=name)
        self.count = 0

    @property
    def home(self) -> str:
        return thread(self.where).conversation_id

    def case(self, number: int = 1) -> Case:
        return Case(Case.named(self.home, number), self.home, number, "asks", "customer", "normal", self.clock.now())

    async def turn(
        self, text: str, *messages: NewMessage, cases: tuple[CaseRecord, ...] = (), sent: bool = True
    ) -> None:
        """The customer writes ``text``, then ``messages`` are said to them."""
        self.clock.move(60)
        self.count += 1
        await accept(self.store, said(f"{self.where}-{self.count}", text, where=self.where, who=self.who))
        state = await claim_one(self.store)
        self.clock.move(1)
        outcome = TurnOutcome(state.claim, state.pending[-1].seq, messages=messages, cases=cases)
        (finished,) = await self.store.finish([outcome])
        assert finished.held
        while sent and (due := await self.store.claim_deliveries(CHANNEL, ACCOUNT, 10, LEASE)):
            settled = [Settlement(one.id, one.token, DeliveryStatus.SENT, (Receipt(one.id),)) for one in due]
            await self.store.settle(settled)

    async def opened(self, text: str, number: int = 1) -> str:
        """A case with its ticket, whose number this is."""
        case = self.case(number)
        name = await self.store.ticket_number_for(case.id)
        ticket = OpenTicket(case.id, name, "ada", self.home, text, TicketPriority.NORMAL, "customer", "billing")
        await self.turn(text, cases=(OpenCase(case), ticket))
        return name

    async def ended(self, number: int = 1, status: TicketStatus = TicketStatus.RESOLVED, text: str = "Thanks") -> None:
        case_id = Case.named(self.home, number)
        await self.turn(text, cases=(MoveTicket(case_id, status, "U1"), CloseCase(case_id)))

    async def closed(self, question: str, reply: str, number: int = 1) -> str:
        """A whole case."""
        name = await self.opened(question, number)
        await self.turn("Hello?", staff(reply))
        await self.ended(number)
        return name


async def closed_tickets(store: SqlStore) -> list[ClosedTicket]:
    return list(await store.closed_tickets(before=None, limit=50))


def words(found: ClosedTicket) -> list[tuple[str, str]]:
    return [(str(one.author), one.text) for one in found.said]


async def test_what_was_asked_and_answered(store: SqlStore, clock: ManualClock) -> None:
    desk = Desk(store, clock, name="Ada Lovelace")
    await desk.turn("Do you sell tea?", answer("Yes, we do."))
    number = await desk.opened("It arrived broken")
    await desk.turn("Are you there?", staff("We send a new one."), staff("It never came"), answer("By the agent"))
    assert await closed_tickets(store) == [], "the case goes on"
    await desk.ended()
    await desk.turn("Something else", answer("By the agent again"))
    (found,) = await closed_tickets(store)
    assert (found.ticket.number, found.ticket.category, found.ticket.subject) == (
        number,
        "billing",
        "It arrived broken",
    )
    assert found.ticket.status is TicketStatus.RESOLVED
    assert (found.customer_name, found.since) == ("Ada Lovelace", ())
    assert words(found) == [
        ("customer", "Do you sell tea?"),
        ("customer", "It arrived broken"),
        ("customer", "Are you there?"),
        ("staff", "We send a new one."),
        ("staff", "It never came"),
        ("customer", "Thanks"),
    ]
    assert found.opened_at < found.closed_at < clock.now()


@BOTH_DATABASES
async def test_what_the_customer_does_not_have_is_not_told(store: SqlStore, clock: ManualClock) -> None:
    desk = Desk(store, clock)
    await desk.opened("Broken")
    await desk.turn("Hello?", staff("On its way to be sent"), sent=False)
    await desk.turn("Hello??", cases=(), sent=False)
    case_id = Case.named(desk.home, 1)
    moved = MoveTicket(case_id, TicketStatus.CLOSED, "U1")
    await desk.turn("Well", cases=(moved, CloseCase(case_id)), sent=False)
    (found,) = await closed_tickets(store)
    assert "On its way to be sent" not in str(words(found))
    (due,) = await store.claim_deliveries(CHANNEL, ACCOUNT, 10, LEASE)
    await store.settle([Settlement(due.id, due.token, DeliveryStatus.DEAD, error="gone")])
    (found,) = await closed_tickets(store)
    assert {one.author for one in found.said} == {Author.CUSTOMER}


async def test_one_that_is_open_again_goes_until_it_is_closed_again(store: SqlStore, clock: ManualClock) -> None:
    desk = Desk(store, clock)
    number = await desk.closed("Broken", "We send a new one.")
    assert len(await closed_tickets(store)) == 1
    again = MoveTicket(Case.named(desk.home, 1), TicketStatus.OPEN, "customer")
    await desk.turn("Broken again", cases=(OpenCase(desk.case()), again))
    assert await closed_tickets(store) == []
    await desk.turn("Well?", staff("Your money is on its way."))
    await desk.ended(status=TicketStatus.CLOSED)
    (found,) = await closed_tickets(store)
    assert (found.ticket.number, found.ticket.status) == (number, TicketStatus.CLOSED)
    assert ("customer", "Broken again") in words(found)
    assert [text for author, text in words(found) if author == "staff"] == [
        "We send a new one.",
        "Your money is on its way.",
    ]


async def test_a_ticket_whose_case_goes_on_is_not_over(store: SqlStore, clock: ManualClock) -> None:
    """Somebody set it to closed at the card."""
    desk = Desk(store, clock)
    await desk.opened("Broken")
    await desk.turn("Hm", staff("So."), cases=(MoveTicket(Case.named(desk.home, 1), TicketStatus.CLOSED, "U1"),))
    assert await closed_tickets(store) == []


@BOTH_DATABASES
async def test_each_case_of_a_conversation_has_its_own_words(store: SqlStore, clock: ManualClock) -> None:
    desk = Desk(store, clock)
    first = await desk.closed("Broken", "We send a new one.", 1)
    second = await desk.closed("Too late", "It comes tomorrow.", 2)
    change = Alteration(Altering.EDIT, ("p1",), message_id=(await closed_tickets(store))[1].said[2].id)
    await desk.turn("Hm", staff("We send two new ones.", meta=change.meta()))
    later, earlier = await closed_tickets(store)
    assert (earlier.ticket.number, later.ticket.number) == (first, second)
    assert ("staff", "It comes tomorrow.") in words(later)
    assert "We send a new one." not in str(words(later))
    assert "It comes tomorrow." not in str(words(earlier))
    assert "Too late" not in str(words(earlier))
    now = as_altered([*earlier.said, *earlier.since])
    assert "We send two new ones." in [one.text for one in now]
    assert "We send a new one." not in [one.text for one in now]


async def test_nothing_of_a_conversation_that_its_customer_has_ended(store: SqlStore, clock: ManualClock) -> None:
    desk = Desk(store, clock)
    await desk.closed("Broken", "We send a new one.")
    await store.end_conversation(thread("t1"), desk.who)
    assert await closed_tickets(store) == []


@BOTH_DATABASES
async def test_they_come_in_pages_the_newest_first(store: SqlStore, clock: ManualClock) -> None:
    numbers = []
    for place in range(5):
        numbers.append(await Desk(store, clock, f"c{place}").closed("Broken", "A new one."))
        clock.move(90_000)
    seen: list[str] = []
    while page := await store.closed_tickets(before=seen[-1] if seen else None, limit=2):
        assert len(page) <= 2
        seen += [one.ticket.number for one in page]
    assert seen == numbers[::-1]


@BOTH_DATABASES
async def test_one_that_cannot_be_read_says_nothing_and_the_others_come(store: SqlStore, clock: ManualClock) -> None:
    await Desk(store, clock, "c1").closed("Broken", "A new one.")
    desk = Desk(store, clock, "c2")
    await desk.closed("Lost", "Another one.")
    spoilt = update(message).where(message.c.conversation_id == desk.home).values(meta="{")
    await store.database.write(lambda connection: connection.execute(spoilt))
    bad, good = await closed_tickets(store)
    assert bad.said == ()
    assert ("staff", "A new one.") in words(good)
