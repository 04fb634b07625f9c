"""Updates by polling: confirmed after the commit, through conflicts and outages."""

from __future__ import annotations

import asyncio

from config.simulation.telegram_fake import Trouble
from core.domain.messages import MessageEdited, MessageReceived, ReactionChanged
from core.intake import Intake
from core.ports.metrics import NoMetrics
from core.storage.wake_local import LocalWake
from tests.integration.telegram_channel.conftest import answer
from tests.integration.telegram_channel.world import WaitingSink, World
from tests.patience import PATIENCE


async def test_what_customers_write_arrives_in_order(polling: World) -> None:
    for number in range(20):
        await polling.fake.write(f"Line {number}")
    assert await polling.sink.texts(21) == ["Hello", *(f"Line {number}" for number in range(20))]


async def test_nothing_is_confirmed_before_it_is_stored(polling: World) -> None:
    polling.sink.failures = 3
    await polling.fake.write("Keep me")
    for _ in range(3):
        await polling.clock.wake()
    assert await polling.sink.texts(2) == ["Hello", "Keep me"]
    await polling.fake.until(lambda: not polling.fake.updates)


async def test_what_was_stored_of_a_batch_is_not_asked_for_again(quiet: World) -> None:
    for text in ("one", "two", "three"):
        await quiet.fake.write(text)
    await quiet.channel.start(quiet.sink)
    assert await quiet.sink.texts(3) == ["one", "two", "three"]
    last = quiet.fake.updates[-1]["update_id"] if quiet.fake.updates else 0
    await quiet.fake.until(lambda: not quiet.fake.updates)
    offsets = [call.get("offset") for call in quiet.fake.named("getUpdates")]
    assert offsets[0] is None
    assert last == 0 or offsets[-1] == last + 1


async def test_after_a_restart_the_rest_comes_and_repetitions_are_known(quiet: World) -> None:
    intake = Intake(quiet.store, LocalWake(), NoMetrics(), {"telegram": quiet.channel.capabilities})
    await quiet.channel.start(intake)
    first = await quiet.fake.write("Only once")
    await quiet.fake.until(lambda: not quiet.fake.updates)
    await quiet.channel.stop()
    await quiet.fake.again(first)  # as if the confirmation had not reached Telegram
    await quiet.fake.write("And this one")
    quiet.channel = quiet.another("p2")
    await quiet.channel.start(intake)
    await quiet.fake.until(lambda: not quiet.fake.updates)
    await quiet.clock.move(1.0)  # the burst is over
    (turn,) = await quiet.store.claim(1, 5.0, history=10)
    assert [message.text for message in turn.pending] == ["Only once", "And this one"]


async def test_edits_and_reactions_are_asked_for_and_arrive(polling: World) -> None:
    update = await polling.fake.write("Helo")
    message = update["message"]
    await polling.fake.update(edited_message={**message, "edit_date": message["date"] + 1, "text": "Hello"})
    emoji = {"type": "emoji", "emoji": "👍"}
    reaction = {"chat": message["chat"], "message_id": message["message_id"], "user": message["from"]}
    await polling.fake.update(
        message_reaction={**reaction, "date": message["date"] + 2, "old_reaction": [], "new_reaction": [emoji]}
    )
    await polling.sink.until(lambda: len(polling.sink.events) == 4)
    _, written, edited, reacted = polling.sink.events
    assert isinstance(written, MessageReceived)
    assert isinstance(edited, MessageEdited)
    assert isinstance(reacted, ReactionChanged)
    assert edited.target == reacted.target == written.key


async def test_a_webhook_elsewhere_is_survived_said_and_left_alone(quiet: World) -> None:
    quiet.fake.webhook["url"] = "https://other.example/hook/secret"
    await quiet.channel.start(quiet.sink)
    await quiet.clock.until(lambda: 10.0 in quiet.clock.sleeping)
    assert quiet.channel.alarm == "another program's webhook gets this bot's messages"
    assert quiet.fake.named("deleteWebhook") == []
    quiet.fake.webhook["url"] = ""
    await quiet.fake.write("At last")
    await quiet.clock.wake()
    assert await quiet.sink.texts(1) == ["At last"]
    assert quiet.channel.alarm is None


async def test_a_webhook_of_our_own_from_before_is_ended(quiet: World) -> None:
    await quiet.behind_webhook()
    await quiet.fake.until(lambda: bool(quiet.fake.webhook["url"]))
    await quiet.channel.stop()
    quiet.public_url = None  # nobody told the hub that polls where it was once
    quiet.channel = quiet.another("p1")
    await quiet.channel.start(quiet.sink)
    await quiet.clock.until(lambda: 10.0 in quiet.clock.sleeping)
    assert quiet.fake.webhook["url"] == ""
    await quiet.fake.write("By polling")
    await quiet.clock.wake()
    assert await quiet.sink.texts(1) == ["By polling"]


async def test_of_two_processes_one_polls_and_the_other_takes_over(polling: World) -> None:
    second, other = polling.another("p2"), WaitingSink()
    await second.start(other)
    try:
        await polling.clock.until(lambda: 10.0 in polling.clock.sleeping)
        await polling.fake.write("For the first")
        assert await polling.sink.texts(2) == ["Hello", "For the first"]
        await polling.fake.until(lambda: not polling.fake.updates)
        await polling.channel.stop()
        await polling.fake.write("For the second")
        await polling.clock.wake()
        assert await other.texts(1) == ["For the second"]
    finally:
        await second.stop()


async def test_another_program_with_the_same_token_is_told(polling: World) -> None:
    said = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    polling.fake.next("getUpdates", Trouble(409, said))
    await polling.fake.write("Ends the poll that waits")
    await polling.clock.until(lambda: 10.0 in polling.clock.sleeping)
    assert polling.channel.alarm == "another program polls with the same token"
    await polling.clock.wake()
    await polling.fake.write("Still here")
    await polling.sink.texts(3)
    assert polling.channel.alarm is None


async def test_an_outage_of_ten_minutes_loses_nothing(polling: World) -> None:
    rounds, passed, written = 25, 0.0, ["Hello", "Ends the poll that waits"]
    polling.fake.next("getUpdates", *[Trouble(502, bare=True)] * rounds)
    await polling.fake.write(written[-1])
    for number in range(rounds):
        await polling.clock.until(lambda: bool(polling.clock.sleeping))
        assert polling.channel.alarm == "Telegram cannot be reached"
        written.append(f"During the outage {number}")
        await polling.fake.write(written[-1])
        passed += max(polling.clock.sleeping)
        await polling.clock.wake()
    assert passed > 600
    assert await polling.sink.texts(len(written)) == written
    await polling.fake.until(lambda: not polling.fake.updates)
    assert len(polling.sink.events) == len(written)
    assert polling.channel.alarm is None


async def test_a_pause_that_telegram_asks_for_is_kept(polling: World) -> None:
    polling.fake.next("getUpdates", Trouble(429, "Too Many Requests: retry after 17", {"retry_after": 17}))
    await polling.fake.write("Ends the poll that waits")
    await polling.clock.until(lambda: 17.0 in polling.clock.sleeping)


async def test_a_revoked_token_is_told_and_mended(polling: World) -> None:
    polling.fake.next("getUpdates", Trouble(401, "Unauthorized"))
    await polling.fake.write("Ends the poll that waits")
    await polling.clock.until(lambda: 60.0 in polling.clock.sleeping)
    assert polling.channel.alarm == "the bot's token does not work (any more)"
    await polling.clock.wake()
    await polling.fake.write("Again")
    await polling.sink.texts(3)
    assert polling.channel.alarm is None


async def test_an_update_that_nobody_understands_is_kept_and_stops_nothing(polling: World) -> None:
    await polling.fake.update(message={"message_id": "x", "chat": {"id": 4711}, "text": 5})
    await polling.fake.write("Next")
    assert (await polling.sink.texts(2))[-1] == "Next"
    (kept,) = polling.sink.quarantined
    assert b'"message_id": "x"' in kept.body


async def test_before_telegram_can_be_reached_the_start_does_not_hang(quiet: World) -> None:
    quiet.fake.next("getMe", *[Trouble(500, "Internal Server Error")] * 2)
    async with asyncio.timeout(PATIENCE):
        await quiet.channel.start(quiet.sink)
    assert quiet.channel.alarm == "Telegram cannot be reached"
    await quiet.fake.write("Patience")
    await quiet.clock.wake()
    await quiet.clock.wake()
    assert await quiet.sink.texts(1) == ["Patience"]
    assert quiet.channel.alarm is None


async def test_the_menu_of_commands_is_set_once_in_five_languages(polling: World) -> None:
    await polling.fake.until(lambda: len(polling.fake.named("setMyCommands")) == 5)
    languages = [call.get("language_code") for call in polling.fake.named("setMyCommands")]
    assert languages == [None, "de", "fr", "es", "ar"]
    await polling.channel.stop()
    await polling.channel.start(polling.sink)
    await polling.fake.write("Again")
    await polling.sink.texts(2)
    assert len(polling.fake.named("setMyCommands")) == 5


async def test_a_button_pressed_is_heard_once_and_taken_away(polling: World) -> None:
    await polling.say(answer("I do not know.", meta={"offers_person": True}))
    query = await polling.fake.press(polling.fake.sent[-1], "person")
    await polling.fake.until(lambda: "reply_markup" not in polling.fake.sent[-1])
    assert polling.fake.named("answerCallbackQuery") == [
        {"callback_query_id": query, "text": "Ihr Wunsch wurde weitergegeben."}
    ]
    event = polling.sink.events[-1]
    assert isinstance(event, MessageReceived)
    assert event.action is not None


async def test_a_button_in_a_group_stays_there_for_the_others(polling: World) -> None:
    group = {"id": -1001234567890, "title": "Engines", "type": "supergroup"}
    await polling.say(answer("I do not know.", meta={"offers_person": True}))
    private = polling.fake.sent[-1]
    queries = [await polling.fake.press({**private, "chat": group}, "person")]
    queries.append(await polling.fake.press(private, "person"))
    await polling.fake.until(lambda: "reply_markup" not in polling.fake.sent[-1])
    await polling.fake.until(lambda: len(polling.fake.named("answerCallbackQuery")) == len(queries))
    assert {one["callback_query_id"] for one in polling.fake.named("answerCallbackQuery")} == set(queries)
    assert [one["chat_id"] for one in polling.fake.named("editMessageReplyMarkup")] == [private["chat"]["id"]]


async def test_a_button_pressed_too_late_says_so(polling: World) -> None:
    await polling.say(answer("I do not know.", meta={"offers_person": True}))
    await polling.fake.press(polling.fake.sent[-1], "person", date=0)
    await polling.fake.until(lambda: bool(polling.fake.named("answerCallbackQuery")))
    assert "zu alt" in polling.fake.named("answerCallbackQuery")[0]["text"]
    assert len(polling.sink.events) == 1


async def test_an_edit_of_something_unknown_stops_nothing(polling: World) -> None:
    polling.sink.unknown = True
    await polling.fake.update(edited_message=polling.fake.message("Edited", edit_date=1_790_000_000))
    await polling.fake.write("Next")
    assert await polling.sink.texts(2) == ["Hello", "Next"]


async def test_an_album_is_one_turn_with_all_its_pictures(quiet: World) -> None:
    intake = Intake(quiet.store, LocalWake(), NoMetrics(), {"telegram": quiet.channel.capabilities})
    await quiet.channel.start(intake)
    for number in range(3):
        photo = {"file_id": f"P{number}", "file_unique_id": f"u{number}", "width": 9, "height": 9, "file_size": 5}
        more = {"caption": "All three are scratched"} if number == 0 else {}
        await quiet.fake.update(message=quiet.fake.message(media_group_id="135", photo=[photo], **more))
    await quiet.fake.until(lambda: not quiet.fake.updates)
    assert await quiet.store.claim(1, 5.0, history=10) == []  # more pictures may be on their way
    await quiet.clock.move(1.0)
    (turn,) = await quiet.store.claim(1, 5.0, history=10)
    assert [message.text for message in turn.pending] == ["All three are scratched", "", ""]
