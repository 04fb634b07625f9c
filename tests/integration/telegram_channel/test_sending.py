"""What leaves the hub, and what becomes of it in every kind of trouble."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from channels.telegram import client, outgoing
from channels.telegram.client import File
from config.simulation.telegram_fake import TOKEN, Trouble
from core.domain.attachments import AttachmentRef
from core.domain.errors import AuthFailed, OutcomeUnknown, RateLimited, Rejected, TooLarge, Unreachable
from core.domain.keys import ConversationKey
from core.domain.messages import Author, ConversationEvent
from tests.integration.telegram_channel.conftest import CHAT, answer
from tests.integration.telegram_channel.world import World
from tests.recordings import MP3, MP4, OGG
from tests.servers.process import free_port

GROUP = ConversationKey("telegram", "123456789", "-4242")
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64


async def test_a_message_is_shown_and_its_receipt_names_it(polling: World) -> None:
    (receipt,) = await polling.say(answer("**Nine** to five."))
    sent = polling.fake.sent[-1]
    assert sent["text"] == "Nine to five."
    assert sent["entities"] == [{"type": "bold", "offset": 0, "length": 4}]
    assert receipt.provider_id == f"m/4711/{sent['message_id']}"
    assert receipt.tracked
    assert receipt.at == datetime.fromtimestamp(sent["date"], UTC)


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        (Trouble(404, bare=True), Unreachable),
        (Trouble(401, "Unauthorized"), AuthFailed),
        (Trouble(404, "Not Found"), AuthFailed),
        (Trouble(400, "Bad Request: chat not found"), Rejected),
        (Trouble(403, "Forbidden: bot was blocked by the user"), Rejected),
    ],
)
async def test_a_refusal_certainly_did_not_happen(polling: World, trouble: Trouble, error: type[Exception]) -> None:
    polling.fake.next("sendMessage", trouble)
    with pytest.raises(error):
        await polling.say(answer("Hi"))
    assert polling.fake.texts() == []


async def test_a_pause_is_passed_on(polling: World) -> None:
    polling.fake.next("sendMessage", Trouble(429, "Too Many Requests: retry after 7", {"retry_after": 7}))
    with pytest.raises(RateLimited) as caught:
        await polling.say(answer("Hi"))
    assert caught.value.retry_after == 7.0


@pytest.mark.parametrize(
    "trouble",
    [Trouble(500, "Internal Server Error", taken=True), *(Trouble(code, bare=True, taken=True) for code in (502, 504))],
)
async def test_after_an_error_inside_telegram_nobody_knows(polling: World, trouble: Trouble) -> None:
    polling.fake.next("sendMessage", trouble)
    with pytest.raises(OutcomeUnknown):
        await polling.say(answer("Did you get this?"))
    assert polling.fake.texts() == ["Did you get this?"]


async def test_in_doubt_nothing_is_repeated_before_telegram_works_again(polling: World) -> None:
    (payload,) = polling.channel.render(answer("Did you get this?"))
    polling.fake.next("sendChatAction", Trouble(502, bare=True), Trouble(500, "Internal Server Error"))
    for _ in range(2):
        with pytest.raises(Unreachable):
            await polling.channel.outcome(payload, idempotency_key="k")
    with pytest.raises(OutcomeUnknown):
        await polling.channel.outcome(payload, idempotency_key="k")
    polling.fake.blocked.add(4711)
    with pytest.raises(OutcomeUnknown):
        await polling.channel.outcome(payload, idempotency_key="k")
    assert polling.fake.sent == []


async def test_silence_after_the_write_is_an_unknown_outcome(polling: World) -> None:
    polling.fake.next("sendMessage", Trouble(taken=True, hang_up=True))
    with pytest.raises(OutcomeUnknown):
        await polling.say(answer("Did you get this?"))
    assert polling.fake.texts() == ["Did you get this?"]  # it happened; nobody can tell


async def test_nobody_there_is_certain(polling: World) -> None:
    channel = polling.another("p9", api_base_url=f"http://127.0.0.1:{free_port()}", poll_seconds=1)
    starting = asyncio.create_task(channel.start(polling.sink))
    await polling.clock.until(lambda: bool(polling.clock.sleeping))
    await starting
    with pytest.raises(Unreachable):
        await channel.send(channel.render(answer("Hi"))[0], idempotency_key="k")
    await channel.stop()


async def test_marks_that_telegram_refuses_are_left_out_not_the_message(polling: World) -> None:
    polling.fake.next("sendMessage", Trouble(400, "Bad Request: can't parse entities: Unsupported start tag"))
    await polling.say(answer("1 < 2 and **bold**"))
    assert polling.fake.texts() == ["1 < 2 and bold"]
    assert "entities" not in polling.fake.sent[-1]


async def test_a_group_that_became_a_supergroup_is_followed_and_remembered(polling: World) -> None:
    await polling.fake.update(message=polling.fake.message("/help", chat=-4242))
    await polling.sink.texts(2)
    await polling.fake.update(message=polling.fake.message("/help", chat=-100777))
    await polling.sink.texts(3)
    polling.fake.moved[-4242] = -100777
    (receipt,) = await polling.say(answer("Here", GROUP))
    assert receipt.provider_id is not None
    assert receipt.provider_id.startswith("m/-100777/")
    await polling.channel.stop()
    await polling.channel.start(polling.sink)
    await polling.say(answer("Again", GROUP))
    assert [call["chat_id"] for call in polling.fake.named("sendMessage")] == [-4242, -100777, -100777]


@pytest.mark.parametrize(
    "told", [{"chat": -4242, "migrate_to_chat_id": -100777}, {"chat": -100777, "migrate_from_chat_id": -4242}]
)
async def test_a_group_that_has_moved_goes_on_in_its_conversation(polling: World, told: dict[str, int]) -> None:
    """In another one the agent would answer beside the person who has this one."""
    fake, sink = polling.fake, polling.sink
    before = fake.message("/help", chat=-4242)
    await fake.update(message={**before, "chat": {**before["chat"], "type": "group"}})
    await sink.texts(2)
    await fake.update(message=fake.message(**told))  # type: ignore[arg-type]
    after = fake.message("/help", chat=-100777)
    await fake.update(message=after)
    await sink.texts(3)
    await polling.channel.stop()
    polling.channel = polling.another("p2")
    await polling.channel.start(sink)
    emoji = [{"type": "emoji", "emoji": "👍"}]
    mark = {"chat": after["chat"], "message_id": after["message_id"], "user": after["from"], "date": after["date"]}
    await fake.update(message_reaction={**mark, "old_reaction": [], "new_reaction": emoji})
    await fake.update(message=fake.message("/help", chat=-100777))
    await sink.until(lambda: len({event.key for event in sink.events}) == 5)
    said = [event for event in sink.events[1:] if isinstance(event, ConversationEvent)]
    assert {event.conversation.thread for event in said} == {"-4242"}
    await polling.say(answer("Here", GROUP))
    assert fake.named("sendMessage")[-1]["chat_id"] == -100777


async def test_a_move_that_was_told_is_followed_at_once(polling: World) -> None:
    await polling.fake.update(message=polling.fake.message("/help", chat=-100777))
    await polling.fake.update(message=polling.fake.message(chat=-4242, migrate_to_chat_id=-100777))
    await polling.fake.until(lambda: not polling.fake.updates)
    await polling.say(answer("Here", GROUP))
    assert [call["chat_id"] for call in polling.fake.named("sendMessage")] == [-100777]


async def test_a_customer_who_blocked_the_bot_is_said_with_the_time_and_tried_again_later(polling: World) -> None:
    person = polling.fake.message()["from"]
    bot, at = {"user": polling.fake.me}, 1_790_000_000
    change = {"chat": polling.fake.chats[4711], "from": person, "date": at}
    gone = {
        "old_chat_member": {**bot, "status": "member"},
        "new_chat_member": {**bot, "status": "kicked", "until_date": 0},
    }
    await polling.fake.update(my_chat_member={**change, **gone})
    await polling.fake.until(lambda: not polling.fake.updates)
    polling.fake.blocked.add(4711)
    with pytest.raises(Rejected, match=datetime.fromtimestamp(at, UTC).isoformat().split("+")[0]):
        await polling.say(answer("Hi"))
    polling.fake.blocked.clear()
    await polling.say(answer("Welcome back"))
    assert polling.fake.texts() == ["Welcome back"]


async def test_a_group_gets_twenty_messages_a_minute_and_nobody_else_waits(polling: World) -> None:
    await polling.fake.update(message=polling.fake.message("/help", chat=-4242))
    await polling.sink.texts(2)
    for number in range(20):
        await polling.say(answer(f"{number}", GROUP))
    with pytest.raises(Unreachable):
        await polling.say(answer("20", GROUP))
    await polling.say(answer("Private"))
    assert len(polling.fake.named("sendMessage")) == 21
    await polling.clock.move(61.0)
    polling.fake.group_limit = 21  # the fake keeps the real time
    await polling.say(answer("20", GROUP))


async def test_files_go_out_whole(polling: World) -> None:
    document = await polling.stored(b"a,b\n1,2\n" * 40_000, 'Übersicht "1".csv', "text/csv")
    picture = await polling.stored(PNG, "screen.png", "image/png")
    await polling.say(answer("See:", attachments=(document, picture)))
    assert [next(iter({"text", "document", "photo"} & one.keys())) for one in polling.fake.sent] == [
        "text",
        "document",
        "photo",
    ]
    assert polling.fake.named("sendDocument")[0]["document"] == b"a,b\n1,2\n" * 40_000


async def test_a_picture_that_telegram_refuses_goes_as_a_document(polling: World) -> None:
    picture = await polling.stored(PNG, "wide.png", "image/png")
    polling.fake.next("sendPhoto", Trouble(400, "Bad Request: PHOTO_INVALID_DIMENSIONS"))
    await polling.say(answer("", attachments=(picture,)))
    assert "document" in polling.fake.sent[-1]


async def test_recordings_are_played_in_place_or_go_as_documents(polling: World) -> None:
    kinds = {"video": MP4, "audio": MP3, "voice": OGG}
    types = ("video/mp4", "audio/mpeg", "audio/ogg")
    files = [
        await polling.stored(data, kind, media_type)
        for (kind, data), media_type in zip(kinds.items(), types, strict=True)
    ]
    await polling.say(answer("", attachments=tuple(files)))
    assert [next(iter(kinds.keys() & one.keys())) for one in polling.fake.sent] == ["video", "audio", "voice"]
    assert polling.fake.named("sendVoice")[0]["voice"] == OGG
    polling.fake.next("sendVoice", Trouble(400, "Bad Request: VOICE_MESSAGES_FORBIDDEN"))
    await polling.say(answer("", attachments=(files[2],)))
    assert "document" in polling.fake.sent[-1]


async def test_a_picture_that_is_refused_in_every_form_becomes_a_link(polling: World) -> None:
    picture = await polling.stored(PNG, "wide.png", "image/png")
    polling.fake.next("sendPhoto", Trouble(400, "Bad Request: PHOTO_INVALID_DIMENSIONS"))
    polling.fake.next("sendDocument", Trouble(413, "Request Entity Too Large"))
    await polling.say(answer("", attachments=(picture,)))
    assert [call.method for call in polling.fake.calls if call.method.startswith("send")] == [
        "sendPhoto",
        "sendDocument",
        "sendMessage",
    ]
    assert polling.fake.texts()[-1].endswith("wide.png")


async def test_a_file_that_cannot_be_sent_becomes_a_link_and_words(polling: World) -> None:
    document = await polling.stored(b"data", "a <b>.txt", "text/plain")
    polling.fake.next("sendDocument", *[Trouble(413, "Request Entity Too Large")] * 2)
    await polling.say(answer("", attachments=(document,)))
    assert polling.fake.sent[-1]["entities"][0]["url"] == "https://hub.example/api/attachments/a1?sig=s"
    polling.link = None
    await polling.say(answer("", attachments=(document,)))
    assert polling.fake.texts()[-1].startswith("This file could not be sent here: a ")


async def test_a_file_that_breaks_off_never_happened(polling: World) -> None:
    document = await polling.stored(b"x" * 300_000, "big.txt", "text/plain")
    whole = polling.files.open

    async def half(attachment: object) -> AsyncIterator[bytes]:
        async for chunk in whole(document):
            yield chunk[:1000]
            raise OSError("the disk is gone")

    polling.files.open = half  # type: ignore[method-assign]
    with pytest.raises(Unreachable, match="stored file"):
        await polling.say(answer("", attachments=(document,)))
    assert polling.fake.sent == []


async def test_a_file_that_is_gone_from_the_store_is_told_and_holds_up_nothing(polling: World) -> None:
    document = await polling.stored(b"data", "a <b>.txt", "text/plain")
    await polling.files.delete(document.storage_key)
    await polling.say(answer("See:", attachments=(document,), locale="de"))
    assert polling.fake.texts() == ["See:", f"Diese Datei konnte hier nicht gesendet werden: {document.name}"]
    assert "entities" not in polling.fake.sent[-1]  # behind a link there would be nothing


async def test_a_file_that_is_not_as_long_as_noted_is_told(polling: World) -> None:
    document = replace(await polling.stored(b"data", "a.txt", "text/plain"), size=9)
    await polling.say(answer("", attachments=(document,)))
    assert polling.fake.texts() == ["This file could not be sent here: a.txt"]


async def test_an_upload_that_is_cut_off_never_happened(polling: World) -> None:
    document = await polling.stored(b"x" * 9_000_000, "big.txt", "text/plain")
    server = await asyncio.start_server(_cuts_off, "127.0.0.1", 0)
    origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    transport = client.open_transport()
    async with server:
        api = client.BotApi(origin, TOKEN, transport)
        file = File("document", "big.txt", "text/plain", document.size, polling.files.open(document))
        with pytest.raises(Unreachable, match="cut off"):
            await api.upload("sendDocument", {"chat_id": 4711}, file)
    await transport.close()


async def test_an_upload_that_is_cut_off_after_its_end_is_in_doubt(polling: World) -> None:
    document = await polling.stored(b"data", "small.txt", "text/plain")
    polling.fake.next("sendDocument", Trouble(taken=True, hang_up=True))
    with pytest.raises(OutcomeUnknown):
        await polling.say(answer("", attachments=(document,)))


async def test_a_file_that_the_line_is_too_slow_for_becomes_a_link(
    polling: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await polling.stored(b"x" * 300_000, "big.txt", "text/plain")
    whole = polling.files.open

    async def slowly(attachment: object) -> AsyncIterator[bytes]:
        async for chunk in whole(document):
            await asyncio.sleep(0.5)
            yield chunk

    polling.files.open = slowly  # type: ignore[method-assign]
    monkeypatch.setattr(outgoing, "UPLOAD_SECONDS", 0.0)
    await polling.say(answer("", attachments=(document,)))
    assert polling.fake.sent[-1]["entities"][0]["url"] == "https://hub.example/api/attachments/a1?sig=s"


async def _cuts_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reads a beginning, and breaks the line."""
    await reader.readexactly(100_000)
    writer.transport.abort()


async def test_a_customers_file_is_fetched(polling: World) -> None:
    polling.fake.files["F1"] = b"0123456789" * 10_000
    stream = await polling.channel.fetch(AttachmentRef("F1", "a.bin", "application/pdf"))
    assert (stream.name, stream.media_type) == ("a.bin", "application/pdf")
    assert b"".join([chunk async for chunk in stream.chunks()]) == polling.fake.files["F1"]


async def test_a_file_that_is_gone_or_too_large_says_so(polling: World) -> None:
    with pytest.raises(Rejected):
        await polling.channel.fetch(AttachmentRef("gone", "a.bin"))
    with pytest.raises(TooLarge):
        await polling.channel.fetch(AttachmentRef("F1", "a.bin", size=11 * 1024 * 1024))
    polling.fake.files["F1"] = b"0" * (11 * 1024 * 1024)
    with pytest.raises(TooLarge):
        await polling.channel.fetch(AttachmentRef("F1", "a.bin"))
    polling.fake.files["F2"] = b"0" * (21 * 1024 * 1024)
    with pytest.raises(TooLarge, match="Telegram"):
        await polling.channel.fetch(AttachmentRef("F2", "a.bin"))


@pytest.mark.parametrize("path", ["../../secret", "/etc/passwd", "a?b", "a#b", "a\\b"])
async def test_a_file_elsewhere_is_not_fetched(polling: World, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def get_file(params: object) -> dict[str, str]:
        return {"file_id": "F1", "file_unique_id": "u", "file_path": path}

    monkeypatch.setattr(polling.fake, "get_file", get_file)
    with pytest.raises(Rejected):
        await polling.channel.fetch(AttachmentRef("F1", "a.bin"))


async def test_typing_is_shown_at_most_every_four_seconds_and_never_fails(polling: World) -> None:
    for _ in range(3):
        await polling.channel.typing(CHAT, Author.AGENT)
    assert polling.fake.named("sendChatAction") == [{"chat_id": 4711, "action": "typing"}]
    await polling.clock.move(4.0)
    polling.fake.next("sendChatAction", Trouble(429, "Too Many Requests", {"retry_after": 3}))
    await polling.channel.typing(CHAT, Author.AGENT)
    assert len(polling.fake.named("sendChatAction")) == 2


async def test_the_token_is_in_no_error_and_no_log_line(
    polling: World, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    said: list[str] = []
    for trouble in (Trouble(500, "oops"), Trouble(taken=True, hang_up=True), Trouble(404, "Not Found")):
        polling.fake.next("sendMessage", trouble)
        with pytest.raises((Unreachable, OutcomeUnknown, AuthFailed)) as caught:
            await polling.say(answer("Hi"))
        said.append(repr(caught.value) + repr(caught.value.__cause__))
    payload = polling.channel.render(answer("Hi"))[0]
    said += [caplog.text, repr(payload), repr(polling.channel._settings), "".join(capsys.readouterr())]
    assert not any(TOKEN in text or TOKEN.split(":")[1] in text for text in said)
