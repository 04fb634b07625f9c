"""How loops between machines end, whatever the other one does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from channels.email.budget import Budget
from core.domain.errors import Rejected
from core.domain.messages import Author
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.email_channel.rig import PostOffice, Rig, rig_in, settings


async def _threads(rig: Rig, count: int) -> list[str]:
    return [event.conversation.thread for event in await rig.sink.messages(count)]


async def test_two_machines_stop_answering_each_other(rig: Rig) -> None:
    await rig.stop()
    await rig.start(thread_budget=3)
    await rig.write("I am a machine that does not say so")
    (thread,) = await _threads(rig, 1)
    for number in range(3):
        await rig.answer(thread, key=f"d{number}")
    await rig.answer(thread, key="d2")
    with pytest.raises(Rejected, match="A person can answer"):
        await rig.answer(thread, key="d3")
    await rig.answer(thread, key="d4", author=Author.STAFF)
    assert len(rig.office.postman.taken) == 4


async def test_a_sender_has_a_budget_over_all_threads(rig: Rig) -> None:
    await rig.stop()
    await rig.start(sender_budget=2)
    for _ in range(3):
        await rig.write("New, every time")
    threads = await _threads(rig, 3)
    for number, thread in enumerate(threads[:2]):
        await rig.answer(thread, key=f"d{number}")
    with pytest.raises(Rejected):
        await rig.answer(threads[2], key="d2")


async def test_a_machine_with_a_new_address_for_each_mail_is_stopped_by_its_domain(rig: Rig) -> None:
    await rig.stop()
    await rig.start(domain_budget=2)
    for number in range(3):
        await rig.write("New", From=f"robot{number}@machines.example")
    await rig.write("Me too", From="ann@elsewhere.example")
    threads = await _threads(rig, 4)
    for number, thread in enumerate(threads[:2]):
        await rig.answer(thread, key=f"d{number}")
    await rig.answer(threads[1], key="d1")  # the same answer again is none
    with pytest.raises(Rejected, match="this domain"):
        await rig.answer(threads[2], key="d2")
    await rig.answer(threads[3], key="d3")
    await rig.answer(threads[2], key="d4", author=Author.STAFF)


@pytest.fixture
async def small(tmp_path: Path, office: PostOffice) -> AsyncIterator[tuple[Budget, ManualClock]]:
    """A budget of few answers, and its clock."""
    async with rig_in(tmp_path, office) as rig:
        clock = ManualClock()
        limits = {"thread_budget": 9, "sender_budget": 2, "domain_budget": 2, "mailbox_budget": 5, "budget_hours": 24.0}
        yield Budget(rig.store, clock, settings(office, rig.address, **limits)), clock


async def test_a_machine_with_a_new_domain_for_each_mail_is_stopped_by_the_mailbox(
    small: tuple[Budget, ManualClock],
) -> None:
    budget, clock = small
    for number in range(5):
        await budget.take(f"t{number}", f"robot@machines{number}.example", f"d{number}")
    with pytest.raises(Rejected, match="left this mailbox"):
        await budget.take("t5", "robot@machines5.example", "d5")
    await budget.take("t4", "robot@machines4.example", "d4")
    clock.move(25 * 3600)
    await budget.take("t6", "robot@machines6.example", "d6")


async def test_strangers_who_share_a_great_provider_do_not_share_its_budget(small: tuple[Budget, ManualClock]) -> None:
    budget, _ = small
    for number, address in enumerate(("ann@gmail.com", "bob@gmail.com", "eve@gmail.com", "x@yahoo.co.uk")):
        await budget.take(f"t{number}", address, f"d{number}")


async def test_what_follows_a_plus_makes_nobody_new(small: tuple[Budget, ManualClock]) -> None:
    budget, _ = small
    for number in range(2):
        await budget.take(f"t{number}", f"ann+{number}@gmail.com", f"d{number}")
    with pytest.raises(Rejected, match="this person"):
        await budget.take("t2", "Ann+2@gmail.com", "d2")


async def test_what_was_counted_counts_after_a_restart(tmp_path: Path, office: PostOffice) -> None:
    async with rig_in(tmp_path, office) as rig:
        limits = settings(office, rig.address, sender_budget=2)
        first = Budget(rig.store, rig.around.clock, limits)
        for number in range(2):
            await first.take(f"t{number}", "ann@customer.example", f"d{number}")
        await first.close()
        second = Budget(rig.store, rig.around.clock, limits)
        with pytest.raises(Rejected, match="this person"):
            await second.take("t2", "ann@customer.example", "d2")
        await second.close()
