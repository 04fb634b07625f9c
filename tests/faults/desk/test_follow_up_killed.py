"""The hub is killed with -9 while customers who have left are followed up and answer: every word once, in order, in its place."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime

import pytest

from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import SECRET, STAFF
from config.simulation.slack_world import TOKEN as SLACK_TOKEN
from config.simulation.twilio_fake import OURS, SID, TwilioFake
from config.simulation.twilio_fake import TOKEN as TWILIO_TOKEN
from tests.e2e.channels.customer import until
from tests.e2e.channels.phone_customer import PhoneCustomer
from tests.e2e.desk.office import Json, Office, whole
from tests.e2e.visitor import Visitor, visiting
from tests.faults.conftest import MakeFaultyHub
from tests.fixtures.report import MakeReport
from tests.scale import Scale
from tests.seed import run_seed
from tests.servers.hub import Hub
from tests.servers.process import free_port

pytestmark = pytest.mark.slow

_LAUNCHER = ("-m", "tests.faults.desk.hub_process")
_PATIENCE = 120.0


class Person:
    """Left a number and the page."""

    def __init__(self, twilio: TwilioFake, office: Office, number: int) -> None:
        self.phone = PhoneCustomer(twilio, number, whatsapp=False)
        self.tag = f"person-{number}"
        self.office = office
        self.card: Json = {}

    async def leave(self, visitor: Visitor) -> None:
        """Grace has come."""
        before = {card["ts"] for card in self.office.cards}
        await visitor.say("A person, please", client_id="wish", action="request_person")
        await self.office.slack.until(lambda: bool({card["ts"] for card in self.office.cards} - before), _PATIENCE)
        (self.card,) = [card for card in self.office.cards if card["ts"] not in before]
        await visitor.say(f"You can reach me at {self.phone.who}", client_id="number")
        await self.office.press(self.card, "staff_claim")
        await self.office.sees(self.card, "With Grace")

    def got(self, text: str) -> int:
        """How often it stands in their text messages."""
        return sum(text in one for one in self.phone.read())

    def shown(self, text: str) -> int:
        """How often it stands in the thread."""
        return sum(text in one for one in map(whole, self.office.thread(self.card)))


async def _kill(hub: Hub, rng: random.Random, times: int) -> None:
    for _ in range(times):
        await asyncio.sleep(rng.uniform(0.0, 3.0))
        hub.kill()
        await asyncio.to_thread(hub.start)


def _settings(port: int, slack: SlackFake, twilio: TwilioFake) -> dict[str, str]:
    return {
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SLACK_BOT_TOKEN": SLACK_TOKEN,
        "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_API_BASE_URL": slack.api_url,
        "SLACK_STAFF_CHANNEL": STAFF,
        "DESK_UNDO_SECONDS": "0.2",
        "TWILIO_ACCOUNT_SID": SID,
        "TWILIO_AUTH_TOKEN": TWILIO_TOKEN,
        "TWILIO_FROM": OURS,
        "TWILIO_API_BASE_URL": twilio.url,
        "TWILIO_MESSAGES_PER_SECOND": "50",
        "FOLLOW_UP_MINUTES": "0.05",
    }


@pytest.mark.soak(small=False)
@pytest.mark.timeout(3600)
async def test_follow_ups_are_killed(
    make_faulty_hub: MakeFaultyHub, database_url: str, make_report: MakeReport
) -> None:
    database = database_url.partition(":")[0]
    report = make_report(f"follow-ups-killed-{database}", f"Customers who have left, under kill -9, on {database}")
    pick = Scale(report.full).pick
    people, kills = pick(small=2, full=12), pick(small=2, full=8)
    rng = random.Random(f"{run_seed()}:follow-up")
    twilio = TwilioFake(lambda: datetime.now(UTC), own_cdn=False)
    await twilio.start()
    try:
        async with SlackFake() as slack:
            port = free_port()
            environment = _settings(port, slack, twilio)
            hub, _ = make_faulty_hub(
                database_url=database_url, lease=2.0, launcher=_LAUNCHER, environment=environment, port=port
            )
            twilio.hub = twilio.public = hub.url
            await asyncio.to_thread(hub.start)
            there = [Person(twilio, Office(slack, hub), number) for number in range(1, people + 1)]
            for one in there:
                async with visiting(hub) as visitor:
                    await one.leave(visitor)

            for one in there:
                await one.office.write(one.card, f"First for {one.tag}.")
            await _kill(hub, rng, kills)
            await until(lambda: all(one.got(f"First for {one.tag}.") for one in there), hub.log_tail)

            for one in there:
                await one.phone.write(f"Thanks from {one.tag}.")
            await _kill(hub, rng, kills)
            await until(lambda: all(one.shown(f"Thanks from {one.tag}.") for one in there), hub.log_tail)

            for one in there:
                await one.office.write(one.card, f"Second for {one.tag}.")
            await _kill(hub, rng, kills)
            await until(lambda: all(one.got(f"Second for {one.tag}.") for one in there), hub.log_tail)
            assert await asyncio.to_thread(hub.stop) == 0, hub.log_tail()
    finally:
        await twilio.stop()
    report.record("customers who left", people)
    report.record("killed with -9 at any moment", 3 * kills)
    for one in there:
        times = [one.got(f"{word} for {one.tag}.") for word in ("First", "Second")]
        assert times == [1, 1], (one.tag, one.phone.read())
        assert one.shown(f"Thanks from {one.tag}.") == 1, one.tag
        said = [text for text in one.phone.read() if "for person-" in text]
        assert all(one.tag in text for text in said), "nobody gets what is another's"
        assert "First" in said[0]
    assert len({card["ts"] for card in there[0].office.cards}) == people, "no card twice"
