"""Text messages to somebody who never wrote to us."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.simulation.twilio_fake import OURS, SERVICE
from core.domain.customer import ContactDetails
from core.domain.errors import OutcomeUnknown, Rejected
from core.domain.keys import ConversationKey
from core.domain.messages import Receipt
from tests.integration.sms_channel.rig import Rig, running

HOME = ConversationKey("web", "default", "s_1")
ADA = "+1 202-555-0143"
ADAS = "+12025550143"


async def test_a_number_in_any_writing_is_one_telephone(rig: Rig) -> None:
    route = rig.channel.route_to(ContactDetails(phone=ADA), HOME)
    assert route is not None
    assert (route.key.thread, route.address, route.contact) == (f"{OURS}/{ADAS}", ADAS, ADA)
    assert rig.channel.route_to(ContactDetails(phone=ADAS), HOME) == type(route)(route.key, ADAS, ADAS)


@pytest.mark.parametrize("phone", [None, "12345", "ACME", OURS])
async def test_nothing_goes_to_what_is_no_telephone_of_a_person(rig: Rig, phone: str | None) -> None:
    assert rig.channel.route_to(ContactDetails(email="ada@example.com", phone=phone), HOME) is None


async def test_who_said_stop_on_their_telephone_is_not_written_to(rig: Rig) -> None:
    await rig.hear("STOP", by=ADAS)
    with pytest.raises(Rejected, match="STOP"):
        await rig.say("Your parcel is in Berlin.", thread=f"{OURS}/{ADAS}")
    assert not rig.twilio.sent(ADAS)


async def test_a_service_takes_one_of_its_numbers_and_is_asked_what_it_took(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.stop()
        await rig.start(sender=SERVICE)
        route = rig.channel.route_to(ContactDetails(phone=ADA), HOME)
        assert route is not None
        assert route.key.thread == f"{SERVICE}/{ADAS}"
        rig.twilio.faults.append("lost answer")
        with pytest.raises(OutcomeUnknown):
            await rig.say("Your parcel is in Berlin.", thread=route.key.thread)
        (form,) = rig.twilio.forms
        assert "From" not in form
        assert form["MessagingServiceSid"] == SERVICE
        assert rig.twilio.sent(ADAS) == ["Your parcel is in Berlin."]
        (payload,) = rig.payloads("Your parcel is in Berlin.", thread=route.key.thread)
        rig.clock.move(10)
        found = await rig.outcome(payload)
        assert found == Receipt(rig.twilio.messages[-1]["sid"], None, tracked=True), "whichever number it was"
