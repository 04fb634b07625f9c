"""What a customer is promised, on every platform and transport at once, from hubs as they are run."""

from __future__ import annotations

import asyncio
import re

import aiohttp
import pytest

from tests.e2e.channels.customer import Commanding, Correcting, Customer, Deleting, Paper, reads, until
from tests.e2e.channels.telegram_group import TelegramGroup
from tests.e2e.channels.town import Town, attachments, hand_over, messages, ratings, reactions, settled
from tests.e2e.papers import pdf
from tests.recordings import OGG
from tests.servers.hub import Hub

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

QUESTION = "How do I reset my password?"
UNKNOWN = "Do you sell bicycles?"
ANSWER = r"60 minutes"
SOURCE = r"60 minutes.*\[?1\]? ?.*reset my password"
UNHEARD = r"cannot listen to .(?:voice|audio)[-0-9]*\.og[ga]\W.*person can hear it"
NOTICE = "recorded that you would like to speak to a person"


def answers(customer: Customer, wanted: str = ANSWER) -> int:
    """How many of the hub's messages say it."""
    return sum(bool(re.search(wanted, text)) for text in customer.read())


async def test_an_answer_with_its_source_once_however_often_the_question_is_delivered(platforms: Town) -> None:
    async def scenario(customer: Customer, hub: Hub) -> None:
        said = await customer.write(QUESTION)
        await customer.again(said)
        await reads(customer, SOURCE)
        await customer.again(said)
        await settled(customer, hub)
        assert answers(customer) == 1
        assert [one["author"] for one in messages(customer, hub)] == ["customer", "agent"]

    await platforms.everywhere(scenario)


async def test_an_honest_not_knowing_and_the_way_to_a_person(platforms: Town) -> None:
    async def scenario(customer: Customer, hub: Hub) -> None:
        await customer.write(UNKNOWN)
        await reads(customer, "don't know.*talk to a person")
        await customer.ask_for_person()
        await reads(customer, NOTICE)
        await settled(customer, hub)
        assert answers(customer, NOTICE) == 1
        notice = messages(customer, hub)[-1]
        assert (notice["author"], notice["kind"]) == ("system", "notice")

    await platforms.everywhere(scenario)


async def test_what_is_asked_back_is_chosen_and_answered(platforms: Town) -> None:
    async def scenario(customer: Customer, hub: Hub) -> None:
        await customer.write("let a customer look at our project")
        await reads(customer, r"Is it about one of these.*1\. Can I share a project with a client")
        await settled(customer, hub)
        await customer.choose(1)
        await reads(customer, r"Invite the client as a guest.*\[?1\]?")
        await settled(customer, hub)
        assert [one["author"] for one in messages(customer, hub)] == ["customer", "agent"] * 2

    await platforms.everywhere(scenario)


async def test_a_slip_and_a_word_of_thanks_cost_no_choice(platforms: Town) -> None:
    async def scenario(customer: Customer, hub: Hub) -> None:
        await customer.write("let a customer look at our project")
        await reads(customer, "Is it about one of these")
        await settled(customer, hub)
        for said, told in (
            ("9", r"1.* or \d, please.*1\. Can I share a project with a client"),
            ("thanks", "You're welcome"),
            ("the first one", r"Invite the client as a guest.*\[?1\]?"),
        ):
            await customer.write(said)
            await reads(customer, told)
            await settled(customer, hub)
        assert [one["author"] for one in messages(customer, hub)] == ["customer", "agent"] * 4

    await platforms.everywhere(scenario)


async def test_a_command_brings_a_person_too(platforms: Town) -> None:
    async def scenario(customer: Customer, hub: Hub) -> None:
        assert isinstance(customer, Commanding)
        await customer.write(QUESTION)
        await reads(customer, SOURCE)
        await customer.command("human")
        await reads(customer, NOTICE)
        await settled(customer, hub)
        assert [one["author"] for one in messages(customer, hub)] == ["customer", "agent", "customer", "system"]

    await platforms.everywhere(scenario, kind=Commanding)


async def test_a_file_is_read_and_a_file_is_sent(platforms: Town) -> None:
    async def scenario(customer: Customer, hub: Hub) -> None:
        code = f"QX-{customer.channel.upper()}-{len(customer.who)}81"
        content = pdf("Warranty of the Nautilus pump", f"The warranty number of the Nautilus pump is {code}.")
        warranty = Paper("warranty.pdf", "application/pdf", content)
        await customer.write("What is the warranty number of the Nautilus pump in this file?", warranty)
        await reads(customer, code)
        invoice = Paper("invoice.pdf", "application/pdf", pdf(f"Invoice for {customer.who}"))
        await hand_over(customer, hub, "Here is your invoice.", invoice)
        await reads(customer, "Here is your invoice")
        await settled(customer, hub)
        assert await customer.papers() == [invoice.content]

    await platforms.everywhere(scenario)


async def test_a_voice_note_alone_is_kept_and_nobody_claims_to_have_heard_it(platforms: Town) -> None:
    async def scenario(customer: Customer, hub: Hub) -> None:
        await customer.write("", Paper("voice.ogg", "audio/ogg", OGG))
        await reads(customer, UNHEARD)
        await settled(customer, hub)
        (kept,) = attachments(customer, hub)
        assert (kept["media_type"], kept["size"]) == ("audio/ogg", len(OGG))
        assert answers(customer, "cannot listen") == 1

    await platforms.everywhere(scenario)


async def test_a_voice_note_with_words_is_answered_by_the_words_and_named(platforms: Town) -> None:
    async def scenario(customer: Customer, hub: Hub) -> None:
        await customer.write(QUESTION, Paper("voice.ogg", "audio/ogg", OGG))
        await reads(customer, SOURCE)
        await reads(customer, UNHEARD)
        await settled(customer, hub)
        assert [one["author"] for one in messages(customer, hub)] == ["customer", "agent"]

    await platforms.everywhere(scenario)


async def test_a_file_that_the_platform_does_not_deliver_is_there_by_a_link(platforms: Town) -> None:
    async def scenario(customer: Customer, hub: Hub) -> None:
        await customer.write(QUESTION)
        await reads(customer, SOURCE)
        await settled(customer, hub)
        invoice = Paper("invoice.pdf", "application/pdf", pdf(f"Invoice for {customer.who}"))
        await customer.lose_file(lambda: hand_over(customer, hub, "Here is your invoice.", invoice))
        await until(lambda: _of_a_file(customer), customer.read)
        await settled(customer, hub)
        (link,) = set(_of_a_file(customer))
        async with aiohttp.ClientSession() as http:
            async with http.get(link) as answer:
                assert (answer.status, await answer.read()) == (200, invoice.content)
            async with http.get(link[:-2]) as answer:
                assert answer.status in (401, 403, 404)

    await platforms.everywhere(scenario)


def _of_a_file(customer: Customer) -> list[str]:
    return [link for link in customer.links() if "/api/attachments/" in link]


async def test_an_edit_changes_what_is_kept_and_a_thumb_is_feedback(platforms: Town) -> None:
    async def scenario(customer: Customer, hub: Hub) -> None:
        assert isinstance(customer, Correcting)
        said = await customer.write(QUESTION)
        await reads(customer, SOURCE)
        await settled(customer, hub)
        await customer.edit(said, "How do I reset my old password?")
        await until(lambda: messages(customer, hub)[0]["edited_at"], lambda: messages(customer, hub))
        assert messages(customer, hub)[0]["text"] == "How do I reset my old password?"
        await customer.react_to_answer("👍")
        await until(lambda: reactions(customer, hub), lambda: messages(customer, hub))
        assert reactions(customer, hub) == [{"emoji": "👍", "present": 1, "author": "agent"}]
        assert ratings(customer, hub) == ["up"]
        await settled(customer, hub)
        assert answers(customer) == 1

    await platforms.everywhere(scenario, kind=Correcting)


async def test_what_is_taken_back_is_not_kept(platforms: Town) -> None:
    async def scenario(customer: Customer, hub: Hub) -> None:
        assert isinstance(customer, Deleting)
        said = await customer.write(QUESTION)
        await reads(customer, SOURCE)
        await customer.delete(said)
        await until(lambda: messages(customer, hub)[0]["deleted_at"], lambda: messages(customer, hub))
        assert messages(customer, hub)[0]["text"] == ""

    await platforms.everywhere(scenario, kind=Deleting)


async def test_a_group_is_answered_when_it_asks_and_left_alone_when_it_talks(platforms: Town) -> None:
    async def scenario(group: TelegramGroup, hub: Hub) -> None:
        await group.talk("Where shall we meet?")
        await group.mention(QUESTION)
        await until(lambda: len(group.got()) == 1, group.read)
        assert re.search(SOURCE, group.read()[0], re.DOTALL)
        await group.talk("I told you so")
        await group.reply("And how do I close my account?")
        await until(lambda: len(group.got()) == 2, group.read)
        await settled(group, hub)
        kept = messages(group, hub)
        assert [one["author"] for one in kept] == ["customer", "agent", "customer", "agent"]
        assert kept[0]["text"] == QUESTION, "without the name that it was addressed by"

    await platforms.in_groups(scenario)


async def test_a_topic_of_a_forum_is_answered_in_that_topic(platforms: Town) -> None:
    async def scenario(group: TelegramGroup, hub: Hub) -> None:
        await group.mention(QUESTION, topic=7)
        await until(lambda: len(group.got()) == 1, group.read)
        assert group.got()[0]["message_thread_id"] == 7
        await group.mention(QUESTION, topic=9)
        await until(lambda: len(group.got()) == 2, group.read)
        assert group.got()[1]["message_thread_id"] == 9
        assert all(re.search(SOURCE, text, re.DOTALL) for text in group.read())

    await platforms.in_groups(scenario, topics=True)


async def test_an_album_in_a_group_is_one_question_with_all_its_pictures(platforms: Town) -> None:
    async def scenario(group: TelegramGroup, hub: Hub) -> None:
        await group.album(QUESTION, pictures=3)
        await until(lambda: group.got(), group.read)
        await settled(group, hub)
        assert len(group.got()) == 1
        assert re.search(ANSWER, group.read()[0])
        kept = messages(group, hub)
        assert [one["author"] for one in kept] == ["customer"] * 3 + ["agent"]
        assert [one["text"] for one in kept[:3]] == ["", "", QUESTION]
        assert len(attachments(group, hub)) == 3

    await platforms.in_groups(scenario)


async def test_nobody_else_can_speak_for_a_platform(platforms: Town) -> None:
    slack, twilio = platforms.slack, platforms.twilio
    event = slack.event({"type": "message", "channel": "D0CUST999", "user": "U0CUST999", "text": QUESTION, "ts": "1.1"})
    url = f"{platforms.called.url}/webhooks/slack"
    assert [(await slack.push(url, event, **lie))[0] for lie in ({"secret": "guess"}, {"age": 600})] == [401, 401]
    form = twilio.write(QUESTION, by="+12025559999")
    assert (await twilio.deliver(form, tampered={"Body": "Give me all"}))[0] in (401, 403)
    telegram = platforms.telegram
    telegram.secret, known = "guess", telegram.secret
    try:
        before = len(telegram.pushed)
        await telegram.write(QUESTION, chat=59_999)
        await telegram.until(lambda: len(telegram.pushed) > before)
        assert telegram.pushed[-1][1] in (401, 403)
    finally:
        telegram.updates.clear()
        telegram.secret = known
    await asyncio.sleep(0)
    assert not any(slack.channels["D0CUST999"].messages or twilio.sent("+12025559999") or telegram.texts(59_999))
