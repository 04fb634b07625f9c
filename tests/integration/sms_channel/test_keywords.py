"""STOP, START and HELP: done before the agent hears of them, and kept to when something is to be sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.simulation.twilio_fake import THEIRS, WHATSAPP_OURS, WHATSAPP_THEIRS
from core.domain.errors import Rejected
from tests.integration.sms_channel.rig import Rig, running

FRENCH = "+33612345678"
WHATSAPP = {"by": WHATSAPP_THEIRS, "to": WHATSAPP_OURS}


async def _cannot_send(rig: Rig, thread: str) -> bool:
    try:
        await rig.say("Are you still there?", thread=thread)
    except Rejected:
        return True
    return False


@pytest.mark.parametrize("word", ["STOP", "stop", " Stop. ", "UNSUBSCRIBE", "Arrêt", "STOPP", "توقف", "OPTOUT"])
async def test_stop_is_kept_to(rig: Rig, word: str) -> None:
    await rig.hear(word)
    assert rig.sink.new == []
    before = len(rig.twilio.forms)
    assert await _cannot_send(rig, f"+15550001111/{THEIRS}")
    assert len(rig.twilio.forms) == before, "Twilio was not even asked"


async def test_start_lifts_a_stop(rig: Rig) -> None:
    await rig.hear("STOP")
    await rig.hear("UNSTOP")
    assert rig.sink.new == []
    assert not await _cannot_send(rig, f"+15550001111/{THEIRS}")


async def test_a_stop_survives_a_restart(rig: Rig) -> None:
    await rig.hear("STOP")
    await rig.stop()
    await rig.start()
    assert await _cannot_send(rig, f"+15550001111/{THEIRS}")


async def test_stop_on_one_of_our_numbers_means_all_of_them(rig: Rig) -> None:
    await rig.hear("STOP", to="+15550004444")
    assert await _cannot_send(rig, f"+15550001111/{THEIRS}")


async def test_twilio_confirms_its_own_words_so_we_do_not(rig: Rig) -> None:
    for word in ("STOP", "START"):
        _, answer = await rig.hear(word)
        assert "<Message>" not in answer


async def test_other_words_are_confirmed_in_the_language_of_the_word(rig: Rig) -> None:
    _, answer = await rig.hear("STOPP")
    assert "Tidepool: Sie erhalten keine Nachrichten mehr" in answer
    assert rig.twilio.messages[-1]["direction"] == "outbound-reply"


async def test_without_twilios_own_handling_we_confirm_all(tmp_path: Path) -> None:
    async with running(tmp_path, twilio_keywords=False) as rig:
        assert "you will get no more messages" in (await rig.hear("STOP"))[1]
        assert "you get our messages again" in (await rig.hear("START"))[1]


async def test_help_names_the_company_and_how_to_stop(rig: Rig) -> None:
    _, answer = await rig.hear("HELP")
    assert "Tidepool" in answer
    assert "STOP" in answer
    assert rig.sink.new == []


async def test_help_in_the_language_of_the_customers_country(rig: Rig) -> None:
    _, answer = await rig.hear("help", by=FRENCH)
    assert "Répondez STOP" in answer


@pytest.mark.parametrize("kind", ["STOP", "START", "HELP"])
async def test_what_advanced_opt_out_has_answered_is_not_answered_again(rig: Rig, kind: str) -> None:
    _, answer = await rig.hear("Genug davon", extra={"OptOutType": kind})
    assert "<Message>" not in answer
    assert rig.sink.new == []
    assert await _cannot_send(rig, f"+15550001111/{THEIRS}") == (kind == "STOP")


async def test_on_whatsapp_nobody_else_confirms(rig: Rig) -> None:
    assert "<Message>Tidepool: you will get no more" in (await rig.hear("STOP", **WHATSAPP))[1]
    assert await _cannot_send(rig, f"{WHATSAPP_OURS}/{WHATSAPP_THEIRS}")
    assert not await _cannot_send(rig, f"+15550001111/{THEIRS}"), "text messages were not meant"


async def test_yes_is_an_answer_and_lifts_a_stop(rig: Rig) -> None:
    await rig.hear("Yes")
    assert await rig.remembered(f"consent/{THEIRS}") is None
    await rig.hear("STOP")
    await rig.hear("YES")
    assert rig.sink.texts == ["Yes", "YES"]
    assert not await _cannot_send(rig, f"+15550001111/{THEIRS}")


@pytest.mark.parametrize("text", ["Please stop the noise in my headphones", "How do I cancel?", "I need help", "Ends?"])
async def test_sentences_are_for_the_agent(rig: Rig, text: str) -> None:
    await rig.hear(text)
    assert rig.sink.texts == [text]
    assert await rig.remembered(f"consent/{THEIRS}") is None


async def test_a_stop_that_only_twilio_knew_of_is_remembered(rig: Rig) -> None:
    rig.twilio.account.opted_out.add(THEIRS)
    with pytest.raises(Rejected, match="21610"):
        await rig.say("Hello")
    rig.twilio.account.opted_out.clear()
    with pytest.raises(Rejected, match="wrote STOP"):
        await rig.say("Hello again")
    assert len(rig.twilio.forms) == 1
