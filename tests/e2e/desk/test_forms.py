"""What staff fill in at a case's card: drafts, notes, who takes it, and what the customer came with before."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from config.simulation.slack_world import ANNA, GRACE, LINUS
from tests.e2e.desk.office import whole
from tests.e2e.desk.test_desk import CLAIM, RESOLVE, scene
from tests.fixtures.hub import MakeHub

pytestmark = pytest.mark.slow

MACROS = """
- name: refund
  title: How refunds work
  text:
    en: "Hello {customer}, money comes back within 14 days. Your ticket is {ticket}. {agent}"
    de: "Guten Tag {customer}, Geld kommt in 14 Tagen zurück. {agent}"
"""


async def test_a_draft_claims_goes_out_and_can_be_taken_back(make_hub: MakeHub) -> None:
    async with scene(make_hub, DESK_UNDO_SECONDS="10") as world:
        office, card = world.office, await world.escalate()
        form = await office.form(card, "reply")
        assert await office.send_off(form, "  ") != {}
        assert await office.send_off(form, "// an aside") != {}
        assert await office.send_off(form, "Good morning!") == {}
        assert await office.send_off(form, "Good morning!") == {}, "sent off twice counts once"
        (said,) = (await office.send_off(form, "Good evening!")).values()
        assert "sent already, as: Good morning!" in said, "other words are not thanked for and dropped"
        await office.sees(card, "With Grace")
        await office.sees(card, "Good morning!")
        await world.reads("Good morning!")
        texts = await world.texts()
        assert texts.count("Good morning!") == 1
        assert next(text for text in texts if "has joined" in text or text == "Good morning!") != "Good morning!"
        shown = next(one for one in office.thread(card) if "Good morning!" in whole(one))
        await office.slack.until(lambda: "white_check_mark" in shown.get("reactions", ()))

        again = await office.form(card, "reply")
        assert await office.send_off(again, "You are fired") == {}
        await office.sees(card, "You are fired")
        wrong = next(one for one in office.thread(card) if "You are fired" in whole(one))
        await office.press(wrong, "staff_take_back")
        await office.sees(card, "Taken back before it was sent")
        await office.press(wrong, "staff_take_back")
        await office.sees(card, "It has been sent already, or was taken back before")
        await office.write(card, "Sorry for the wait")
        await world.reads("Sorry for the wait")
        assert not any("fired" in text for text in await world.texts())


async def test_a_form_older_than_a_change_of_hands_loses_no_text(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world:
        office, card = world.office, await world.escalate()
        form = await office.form(card, "reply")
        await office.press(card, CLAIM, user=LINUS)
        await world.reads("Linus has joined")
        errors = await office.send_off(form, "Mine alone")
        (said,) = errors.values()
        assert "Linus has this conversation now" in said
        assert list(errors) == [form["blocks"][0]["block_id"]]
        await office.press(card, RESOLVE, user=LINUS)
        await world.reads("has closed this conversation")
        (said,) = (await office.send_off(form, "Mine alone")).values()
        assert "closed" in said
        assert not any("Mine alone" in text for text in await world.texts())


async def test_notes_stay_inside_and_history_is_only_looked_at(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world:
        office, card = world.office, await world.escalate()
        form = await office.form(card, "note", user=LINUS)
        assert await office.send_off(form, "He is a friend of the boss", user=LINUS) == {}
        await office.sees(card, "He is a friend of the boss")
        shown = await office.form(card, "history")
        text = json.dumps(shown["blocks"])
        assert "this conversation" in text
        assert "I want to talk to a person" in text
        assert "submit" not in shown
        assert not any("friend of the boss" in text for text in await world.texts())


async def test_given_to_a_colleague_of_this_channel_only(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world:
        office, card = world.office, await world.escalate()
        form = await office.form(card, "assign")
        (said,) = (await office.send_off(form, ANNA)).values()
        assert "in this channel" in said
        assert await office.send_off(form, LINUS) == {}
        await world.reads("Linus from our team is going to answer you here")
        await office.sees(card, "With Linus")
        await office.sees(card, "Grace has given this conversation to Linus")
        told = [one for one in office.shown(card) if "Grace has given this conversation to Linus" in one]
        assert len(told) == 1
        assert f"<@{LINUS}>" in told[0]
        await office.write(card, "I am on it", user=LINUS)
        await world.reads("I am on it")
        (said,) = (await office.send_off(await office.form(card, "assign", user=GRACE), GRACE)).values()
        assert "Linus has this conversation now" in said


async def test_a_saved_reply_is_called_or_chosen(make_hub: MakeHub, tmp_path: Path) -> None:
    file = tmp_path / "macros.yaml"
    file.write_text(MACROS)
    async with scene(make_hub, DESK_MACROS_FILE=str(file)) as world:
        office, card = world.office, await world.escalate()
        await office.press(card, CLAIM)
        await world.reads("has joined")
        await office.write(card, "!refnud")
        await office.sees(card, "There is no saved reply called !refnud, so nothing goes out. There are: !refund")
        await office.write(card, "!refund")
        await world.reads("Hello, money comes back within 14 days. Your ticket is TKT-")
        await office.sees(card, "money comes back within 14 days")
        form = await office.form(card, "reply")
        filled = await office.choose(form, "desk_choose_macro", "refund")
        (text,) = [one["element"]["initial_value"] for one in filled["blocks"] if one["type"] == "input"]
        assert text.endswith("Grace")
        assert await office.send_off(filled, "Hello, as I said.") == {}
        await world.reads("Hello, as I said.")
        assert not any("!refnud" in one for one in await world.texts())


async def test_a_saved_reply_is_chosen_in_the_language_that_the_customer_writes(
    make_hub: MakeHub, tmp_path: Path
) -> None:
    file = tmp_path / "macros.yaml"
    file.write_text(MACROS)
    async with scene(make_hub, DESK_MACROS_FILE=str(file)) as world:
        await world.visitor.say("Ich möchte bitte mit einem Menschen sprechen", client_id="wish")
        form = await world.office.form(await world.office.card(), "reply")
        filled = await world.office.choose(form, "desk_choose_macro", "refund")
        (text,) = [one["element"]["initial_value"] for one in filled["blocks"] if one["type"] == "input"]
        assert text.startswith("Guten Tag")


async def test_the_card_says_what_it_is_about_and_leads_to_it(make_hub: MakeHub) -> None:
    async with scene(make_hub, DESK_LANGUAGE="de") as world:
        await world.visitor.say("Do you deliver to Norway and how long does it take?", client_id="q1")
        card = await world.escalate()
        await world.office.slack.until(lambda: "https://" in whole(world.office.cards[0]))
        text = whole(world.office.cards[0])
        assert "*Erste Frage:* Do you deliver to Norway" in text
        assert "*Der Assistent:* wusste es nicht (1×)" in text
        assert "*Zuletzt:* I want to talk to a person" in text
        assert text.count("|ansehen>") == 3
        assert "Eingereiht <!date^" in text
        assert "^{ago}|" in text
        links = {one.split("/p")[1].split("|")[0] for one in text.split("<https") if "/p" in one}
        known = {one["ts"].replace(".", ""): whole(one) for one in world.office.thread(card)}
        assert any("Norway" in known[link] for link in links)


async def test_a_press_that_came_too_late_says_so(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world:
        office, card = world.office, await world.escalate()
        office.slack.modals.late = True
        await office.press(card, "desk_open_reply")
        await office.slack.until(lambda: bool(office.slack.modals.whispers))
        (said,) = office.slack.modals.whispers
        assert (said["user"], said["thread_ts"]) == (GRACE, card["ts"])
        await asyncio.sleep(0)
        assert not office.slack.modals.open
