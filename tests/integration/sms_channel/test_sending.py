"""Sending through Twilio, and finding out what became of a message."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from channels.sms.settings import SmsSettings
from config.simulation.twilio_fake import (
    OURS,
    POOLED,
    SERVICE,
    SID,
    THEIRS,
    WHATSAPP_OURS,
    WHATSAPP_THEIRS,
)
from core.domain.errors import (
    AuthFailed,
    ConfigError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    TooEarly,
    Unreachable,
)
from core.domain.messages import Citation, Receipt
from tests.integration.sms_channel.rig import LINK, PICTURE, Rig, running

TEMPLATE = "HX" + "0123456789abcdef" * 2
WHATSAPP = f"{WHATSAPP_OURS}/{WHATSAPP_THEIRS}"


async def _ask(rig: Rig, text: str, key: str = "d1:0") -> Receipt | None:
    (payload,) = rig.payloads(text)
    return await rig.outcome(payload, key)


async def test_an_answer_arrives_as_plain_text_in_gsm7(rig: Rig) -> None:
    source = Citation("p1", "Returns", "content", "faq.json", 0.9, url="https://tidepool.example/r?utm_source=x&id=2")
    (receipt,) = await rig.say("**Yes** – it’s “free” within 30 days… [1]", citations=[source])
    assert rig.twilio.sent() == [
        'Yes - it\'s "free" within 30 days... [1]\n\n[1] Returns https://tidepool.example/r?id=2'
    ]
    assert receipt == Receipt(rig.twilio.messages[-1]["sid"], None, tracked=True)


async def test_a_long_answer_comes_in_numbered_parts_in_order(rig: Rig) -> None:
    await rig.say("This sentence is repeated. " * 150)
    sent = rig.twilio.sent()
    assert [body[:6] for body in sent] == ["(1/3) ", "(2/3) ", "(3/3) "]


async def test_whatsapp_gets_its_own_formatting(rig: Rig) -> None:
    await rig.say("**Yes**, it is *free*", thread=WHATSAPP)
    assert rig.twilio.sent(WHATSAPP_THEIRS) == ["*Yes*, it is _free_"]


async def test_whatsapp_is_not_written_to_after_its_window(rig: Rig) -> None:
    await rig.hear("Hello", by=WHATSAPP_THEIRS, to=WHATSAPP_OURS)
    rig.clock.move(25 * 3600)
    with pytest.raises(Rejected, match="24 hours"):
        await rig.say("Too late", thread=WHATSAPP)
    assert rig.twilio.forms == []
    await rig.hear("Still there?", by=WHATSAPP_THEIRS, to=WHATSAPP_OURS)
    await rig.say("In time", thread=WHATSAPP)
    assert rig.twilio.sent(WHATSAPP_THEIRS) == ["In time"]


async def test_after_its_window_a_template_carries_the_words(tmp_path: Path) -> None:
    async with running(tmp_path, whatsapp_template=TEMPLATE) as rig:
        rig.twilio.account.templates[TEMPLATE] = "News about your question: {{1}} Write back to go on."
        await rig.hear("Hello", by=WHATSAPP_THEIRS, to=WHATSAPP_OURS)
        await rig.say("In time", thread=WHATSAPP)
        rig.clock.move(25 * 3600)
        await rig.say("**Done:**\n\n- one\n- two", key="d2", thread=WHATSAPP)
        await rig.say("", key="d3", files=[PICTURE], thread=WHATSAPP)
        link = LINK.format(id=PICTURE.id)
        assert rig.twilio.sent(WHATSAPP_THEIRS) == [
            "In time",
            "News about your question: *Done:* - one - two Write back to go on.",
            f"News about your question: ticket.png: {link} Write back to go on.",
        ]


async def test_what_became_of_a_template_is_looked_up(tmp_path: Path) -> None:
    async with running(tmp_path, whatsapp_template=TEMPLATE) as rig:
        rig.twilio.account.templates[TEMPLATE] = "News: {{1}} Write back to go on."
        (payload,) = rig.payloads("Line one\nline two", thread=WHATSAPP)
        rig.twilio.faults.append("lost answer")
        with pytest.raises(OutcomeUnknown):
            await rig.send(payload)
        rig.clock.move(6)
        found = await rig.outcome(payload)
        assert found is not None
        assert found.provider_id == rig.twilio.messages[-1]["sid"]


async def test_a_template_that_is_not_there_says_so(tmp_path: Path) -> None:
    async with running(tmp_path, whatsapp_template=TEMPLATE) as rig:
        with pytest.raises(Rejected, match="TWILIO_WHATSAPP_TEMPLATE"):
            await rig.say("Hello", thread=WHATSAPP)
    with pytest.raises(ConfigError, match="TWILIO_WHATSAPP_TEMPLATE"):
        SmsSettings("AC" + "0" * 32, ("token",), OURS, whatsapp_template="greeting")


async def test_where_we_know_of_no_window_twilio_decides(rig: Rig) -> None:
    rig.twilio.account.wrote_last.clear()
    with pytest.raises(Rejected, match="63016"):
        await rig.say("Hello", thread=WHATSAPP)


async def test_a_messaging_service_sends_from_the_number_that_was_written_to(tmp_path: Path) -> None:
    async with running(tmp_path, sender=SERVICE, shorten_links=True) as rig:
        await rig.say("Hello")
        form = rig.twilio.forms[-1]
        assert (form["From"], form["MessagingServiceSid"], form["ShortenUrls"]) == (OURS, SERVICE, "true")


async def test_without_a_public_address_no_status_is_asked_for(tmp_path: Path) -> None:
    async with running(tmp_path, public_url=None) as rig:
        await rig.say("Hello")
        assert "StatusCallback" not in rig.twilio.forms[-1]


async def test_a_pause_is_obeyed(rig: Rig) -> None:
    rig.twilio.faults.append("429")
    with pytest.raises(RateLimited) as caught:
        await rig.say("Hello")
    assert caught.value.retry_after == 7.0


async def test_wrong_credentials_pause_the_channel(rig: Rig) -> None:
    rig.twilio.tokens = {"c" * 32}
    with pytest.raises(AuthFailed):
        await rig.say("Hello")


@pytest.mark.parametrize(
    ("to", "words"),
    [("+15556667777", "landline"), ("+4915112345678", "Geo permissions"), ("+0", "not a telephone number")],
)
async def test_what_is_refused_for_good_says_why(rig: Rig, to: str, words: str) -> None:
    rig.twilio.account.landlines.add("+15556667777")
    rig.twilio.account.closed_countries = ("+49",)
    with pytest.raises(Rejected, match=words):
        await rig.say("Hello", thread=f"{OURS}/{to}")


async def test_a_number_that_is_not_ours_is_refused(rig: Rig) -> None:
    with pytest.raises(Rejected, match="TWILIO_FROM"):
        await rig.say("Hello", thread=f"+15559990000/{THEIRS}")


@pytest.mark.parametrize("fault", ["503", "proxy", "moved"])
async def test_an_unavailable_twilio_took_nothing(rig: Rig, fault: str) -> None:
    rig.twilio.faults.append(fault)
    with pytest.raises(Unreachable):
        await rig.say("Hello")


async def test_a_refused_connection_took_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, api_base_url="http://127.0.0.1:9") as rig:
        with pytest.raises(Unreachable):
            await rig.say("Hello")


@pytest.mark.parametrize("fault", ["slow", "lost answer"])
async def test_an_answer_that_never_came_is_looked_up(tmp_path: Path, fault: str) -> None:
    async with running(tmp_path, request_timeout=3.0) as rig:
        rig.twilio.faults.append(fault)
        with pytest.raises(OutcomeUnknown):
            await rig.say("Hello")
        rig.clock.move(6)
        assert await _ask(rig, "Hello") == Receipt(rig.twilio.messages[-1]["sid"], None, tracked=True)
        assert rig.twilio.sent() == ["Hello"]


async def test_an_error_of_twilios_is_looked_up_and_sent_again_when_nothing_came(rig: Rig) -> None:
    rig.twilio.faults.append("500")
    with pytest.raises(OutcomeUnknown):
        await rig.say("Hello")
    rig.clock.move(6)
    assert await _ask(rig, "Hello") is None
    await rig.say("Hello")
    assert rig.twilio.sent() == ["Hello"]


async def test_too_early_nothing_is_concluded(rig: Rig) -> None:
    """Another process may have tried since an old question, so it is asked anew."""
    rig.twilio.faults.append("500")
    with pytest.raises(OutcomeUnknown):
        await rig.say("Hello")
    (payload,) = rig.payloads("Hello")
    for seconds in (1, 1, 30):
        rig.clock.move(seconds)
        with pytest.raises(TooEarly) as caught:
            await rig.channel.outcome(payload, idempotency_key="d1:0")
        assert caught.value.seconds == 5.0
    rig.clock.move(5)
    assert await rig.channel.outcome(payload, idempotency_key="d1:0") is None


async def test_a_part_that_arrived_is_not_taken_for_another(rig: Rig) -> None:
    text, file = rig.payloads("See ticket.png:", files=[PICTURE])
    receipt = await rig.send(text, "d1:0")
    rig.twilio.faults.append("500")
    with pytest.raises(OutcomeUnknown):
        await rig.send(file, "d1:1")
    assert await rig.outcome(text, "d1:0") == receipt
    assert await rig.outcome(file, "d1:1") is None


async def test_a_file_whose_link_has_gone_is_not_sent_again(rig: Rig) -> None:
    """The hub was killed before it noted that Twilio took the file."""
    (payload,) = rig.payloads("", files=[PICTURE])
    receipt = await rig.send(payload)
    form = rig.twilio.report(receipt.provider_id or "", "undelivered", 30019)
    assert (await rig.twilio.deliver(form, "/webhooks/twilio/status"))[0] == 200
    found = await rig.outcome(payload)
    assert found == Receipt(receipt.provider_id)
    assert len(rig.twilio.sent()) == 2, "the file and its link"


async def test_a_file_that_is_found_gets_its_link_when_it_fails(rig: Rig) -> None:
    (payload,) = rig.payloads("", files=[PICTURE])
    rig.twilio.faults.append("lost answer")
    with pytest.raises(OutcomeUnknown):
        await rig.send(payload)
    found = await rig.outcome(payload)
    assert found is not None
    form = rig.twilio.report(found.provider_id or "", "undelivered", 30019)
    assert (await rig.twilio.deliver(form, "/webhooks/twilio/status"))[0] == 200
    assert rig.twilio.sent()[-1] == f"ticket.png: {LINK.format(id=PICTURE.id)}"


async def test_an_older_twin_is_not_taken_for_it(rig: Rig) -> None:
    await rig.say("You are welcome.", key="d0")
    rig.clock.move(3)
    rig.twilio.faults.append("500")
    with pytest.raises(OutcomeUnknown):
        await rig.say("You are welcome.", key="d1")
    rig.clock.move(6)
    assert await _ask(rig, "You are welcome.") is None


async def test_what_an_earlier_try_sent_is_found_after_a_later_one(rig: Rig) -> None:
    for fault in ("lost answer", "500"):
        rig.twilio.faults.append(fault)
        with pytest.raises(OutcomeUnknown):
            await rig.say("Hello")
        rig.clock.move(60)
    assert await _ask(rig, "Hello") is not None
    assert rig.twilio.sent() == ["Hello"]


async def test_it_is_found_among_many(rig: Rig) -> None:
    rig.twilio.faults.append("lost answer")
    with pytest.raises(OutcomeUnknown):
        await rig.say("The first")
    sid = rig.twilio.messages[-1]["sid"]
    for number in range(7):  # more than two pages
        await rig.say(f"Later {number}", key=f"e{number}")
    rig.clock.move(6)
    found = await _ask(rig, "The first")
    assert found is not None
    assert found.provider_id == sid


async def test_a_trial_accounts_notice_does_not_hide_it(rig: Rig) -> None:
    rig.twilio.faults.append("trial, lost answer")
    with pytest.raises(OutcomeUnknown):
        await rig.say("Hello")
    assert rig.twilio.sent() == ["Sent from your Twilio trial account - Hello"]
    rig.clock.move(6)
    assert await _ask(rig, "Hello") is not None


async def test_a_message_whose_links_twilio_made_short_is_found(tmp_path: Path) -> None:
    text = "See https://tidepool.example/help/reset?id=2 - or https://tidepool.example/faq. Bye"
    async with running(tmp_path, sender=SERVICE, shorten_links=True) as rig:
        await rig.say(text.replace("Bye", "Other words"), key="d0")
        rig.twilio.faults.append("lost answer")
        with pytest.raises(OutcomeUnknown):
            await rig.say(text)
        assert "tidepool" not in rig.twilio.sent()[-1]
        rig.clock.move(6)
        assert await _ask(rig, text) == Receipt(rig.twilio.messages[-1]["sid"], None, tracked=True)


async def test_other_words_around_a_short_link_are_another_message(tmp_path: Path) -> None:
    async with running(tmp_path, sender=SERVICE, shorten_links=True) as rig:
        rig.twilio.faults += ["lost answer", "500"]
        for number, text in enumerate(["Yes: https://tidepool.example/a", "No: https://tidepool.example/a"]):
            with pytest.raises(OutcomeUnknown):
                await rig.say(text, key=f"d{number}")
        rig.clock.move(6)
        assert await _ask(rig, "Yes: https://tidepool.example/a", "d0:0") is not None
        assert await _ask(rig, "No: https://tidepool.example/a", "d1:0") is None


async def test_the_same_words_from_another_of_our_numbers_are_another_message(tmp_path: Path) -> None:
    async with running(tmp_path, sender=SERVICE) as rig:
        rig.twilio.faults.append("500")
        with pytest.raises(OutcomeUnknown):
            await rig.say("You are welcome.", thread=f"{OURS}/{THEIRS}")
        await rig.say("You are welcome.", key="d2", thread=f"{POOLED}/{THEIRS}")
        rig.clock.move(6)
        assert await _ask(rig, "You are welcome.") is None


async def test_where_twilio_hides_texts_it_says_so(rig: Rig) -> None:
    rig.twilio.faults.append("redacted, lost answer")
    with pytest.raises(OutcomeUnknown):
        await rig.say("Hello")
    rig.clock.move(6)
    with pytest.raises(OutcomeUnknown, match="nobody can tell"):
        await _ask(rig, "Hello")


async def test_after_a_restart_the_outcome_can_still_be_asked(rig: Rig) -> None:
    rig.twilio.faults.append("lost answer")
    with pytest.raises(OutcomeUnknown):
        await rig.say("Hello")
    await rig.stop()
    rig.clock.move(60)
    await rig.start()
    assert await _ask(rig, "Hello") is not None


async def test_what_was_never_begun_did_not_arrive(rig: Rig) -> None:
    assert await _ask(rig, "Hello") is None


async def test_a_memory_that_is_away_means_nothing_was_sent(rig: Rig) -> None:
    rig.memory.down = True  # type: ignore[attr-defined]
    with pytest.raises(Unreachable):
        await rig.say("Hello")
    assert rig.twilio.forms == []


async def test_an_empty_message_is_refused_here(rig: Rig) -> None:
    with pytest.raises(Rejected):
        await rig.say("")
    assert rig.twilio.forms == []


async def test_nothing_is_kept_beside_the_delivery(rig: Rig) -> None:
    await rig.say("Hello")
    assert await rig.store.recall_all("sms", SID, "") == {}


async def test_a_message_that_twilio_took_is_found_under_its_name(rig: Rig) -> None:
    (payload,) = rig.payloads("Hello")
    receipt = await rig.send(payload)
    rig.clock.move(6)
    assert await _ask(rig, "Hello") == receipt


async def test_a_message_that_twilio_gave_up_is_sent_again(rig: Rig) -> None:
    rig.twilio.faults.append("lost answer")
    with pytest.raises(OutcomeUnknown):
        await rig.say("Hello")
    rig.twilio.messages[-1]["status"] = "undelivered"
    rig.clock.move(6)
    assert await _ask(rig, "Hello") is None


async def test_a_receipt_that_cannot_be_kept_is_still_a_receipt(rig: Rig) -> None:
    (payload,) = rig.payloads("Hello")
    rig.twilio.faults.append("slow")

    async def go_away() -> None:
        await rig.twilio.held.wait()
        rig.memory.down = True  # type: ignore[attr-defined]
        rig.twilio.released.set()

    receipt, _ = await asyncio.gather(rig.send(payload), go_away())
    assert receipt.provider_id == rig.twilio.messages[-1]["sid"]
    rig.memory.down = False  # type: ignore[attr-defined]
    rig.clock.move(6)
    assert await _ask(rig, "Hello") == receipt
