"""Messages and files to Slack, and what is made of its refusals and silences."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from channels.slack.adapter import SlackChannel
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import ANNA, BOT, DIRECT, PUBLIC, TEAM, TOKEN, Fault, Workspace
from core.domain.attachments import AttachmentRef
from core.domain.errors import (
    AuthFailed,
    ChannelError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    TooLarge,
    Unreachable,
)
from core.domain.messages import Author, Citation, MessageKind, MessageReceived
from core.storage.store import SqlStore
from tests.contract.channels.contract import Sink
from tests.integration.slack_channel.world import Hub, give_up_soon, outbound, serving, settings, surroundings

SOURCE = Citation(
    "p1", "Opening hours", "From nine.", "faq.md", 0.9, section="Shop", url="https://example.com/hours?a=1&b=2"
)


async def test_an_answer_has_sources_thumbs_and_a_way_to_a_person(hub: Hub) -> None:
    await hub.answer("We open at **nine** [1].", citations=(SOURCE,), locale="de")
    (message,) = hub.fake.channels[DIRECT].messages
    kinds = [block["type"] for block in message["blocks"]]
    assert kinds == ["section", "context", "context_actions", "actions"]
    assert message["blocks"][0]["text"]["text"] == "We open at *nine* [1]."
    sources = message["blocks"][1]["elements"][0]["text"]
    assert sources == "*Quellen*\n[1] <https://example.com/hours?a=1&amp;b=2|Opening hours>, Shop"
    assert message["blocks"][3]["elements"][0]["text"]["text"] == "Mit einem Menschen sprechen"


async def test_a_notice_and_a_colleague_have_no_buttons(hub: Hub) -> None:
    await hub.answer("Anna takes over.", kind=MessageKind.NOTICE, author=Author.SYSTEM)
    await hub.answer("Hello!", kind=MessageKind.ANSWER, author=Author.STAFF, author_name="Ben <Support>")
    notice, colleague = hub.fake.channels[DIRECT].messages
    assert [block["type"] for block in notice["blocks"]] == ["section"]
    assert [block["type"] for block in colleague["blocks"]] == ["context", "section"]
    assert colleague["text"] == "Ben &lt;Support&gt;: Hello!"


async def test_what_one_person_is_asked_stands_nowhere_else(hub: Hub) -> None:
    meta = {"privately": True, "answers_to": ANNA, "rating": True, "case": "c1.1"}
    (receipt,) = await hub.answer("How did we do?", kind=MessageKind.NOTICE, author=Author.SYSTEM, meta=meta)
    (call,) = hub.fake.called("chat.postEphemeral")
    assert call["user"] == ANNA
    assert [one["text"]["text"] for one in call["blocks"][-1]["elements"]] == ["1", "2", "3", "4", "5"]
    assert not hub.fake.channels[DIRECT].messages
    assert receipt.provider_id is None


async def test_a_long_answer_comes_in_parts_that_slack_takes(hub: Hub) -> None:
    text = "\n\n".join(f"Paragraph {number}: a < b & c > d. " + "word " * 120 for number in range(20))
    receipts = await hub.answer(text)
    shown = "".join(hub.fake.shown())
    assert len(receipts) > 3
    assert all(f"Paragraph {number}:" in shown for number in range(20))
    assert len({receipt.provider_id for receipt in receipts}) == len(receipts)


async def test_an_answer_in_a_thread_stays_there(hub: Hub) -> None:
    root = hub.fake.say(f"<@{BOT}> hello", channel=PUBLIC)["event"]["ts"]
    await hub.answer("Hello.", f"{TEAM}/{PUBLIC}/{root}")
    assert hub.fake.channels[PUBLIC].messages[-1]["thread_ts"] == root


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(status=429, retry_after=17), RateLimited),
        (Fault(error="ratelimited", retry_after=17), RateLimited),
        (Fault(status=500), Unreachable),
        (Fault(status=503), Unreachable),
        (Fault(status=504), OutcomeUnknown),
        (Fault(error="service_unavailable"), Unreachable),
        (Fault(error="internal_error"), OutcomeUnknown),
        (Fault(error="fatal_error"), OutcomeUnknown),
        (Fault(drop=True), OutcomeUnknown),
        (Fault(error="invalid_auth"), AuthFailed),
        (Fault(error="token_revoked"), AuthFailed),
        (Fault(error="account_inactive"), AuthFailed),
        (Fault(error="missing_scope"), AuthFailed),
        (Fault(error="channel_not_found"), Rejected),
        (Fault(error="not_in_channel"), Rejected),
        (Fault(error="is_archived"), Rejected),
        (Fault(error="msg_too_long"), Rejected),
        (Fault(error="restricted_action"), Rejected),
        (Fault(error="something_new"), Rejected),
    ],
)
async def test_each_refusal_is_an_error_that_says_what_to_do(hub: Hub, fault: Fault, error: type[ChannelError]) -> None:
    hub.fake.fail("chat.postMessage", fault)
    with pytest.raises(error) as raised:
        await hub.answer("Hello")
    assert TOKEN not in raised.value.detail
    if isinstance(raised.value, RateLimited):
        assert raised.value.retry_after == 17
    assert hub.fake.shown() == []


async def test_nobody_listening_is_certain_not_to_have_happened(hub: Hub, store: SqlStore, tmp_path: Path) -> None:
    around = surroundings(store, tmp_path)
    nowhere = replace(settings(hub.fake), api_base_url="http://127.0.0.1:9/api/")
    channel = SlackChannel(nowhere, around)
    async with serving(Hub(channel, around, Sink(), hub.fake)) as lost:
        with pytest.raises(Unreachable):
            await lost.answer("Hello")


@pytest.mark.parametrize("fault", [Fault(drop=True, written=True), Fault(silent=True, written=True)])
async def test_no_answer_after_the_write_is_asked_about(hub: Hub, fault: Fault) -> None:
    (payload,) = hub.channel.render(outbound("Once, please."))
    give_up_soon(hub)
    hub.fake.fail("chat.postMessage", fault)
    with pytest.raises(OutcomeUnknown):
        await hub.channel.send(payload, idempotency_key="d1:0")
    found = await hub.channel.outcome(payload, idempotency_key="d1:0")
    assert found is not None
    assert found.provider_id == f"m/{DIRECT}/{hub.fake.channels[DIRECT].messages[-1]['ts']}"
    assert await hub.channel.outcome(payload, idempotency_key="d2:0") is None
    assert hub.fake.shown() == ["Once, please."]


async def test_it_is_found_behind_many_others_in_a_thread(hub: Hub) -> None:
    root = hub.fake.say(f"<@{BOT}> hello", channel=PUBLIC)["event"]["ts"]
    thread = f"{TEAM}/{PUBLIC}/{root}"
    for number in range(250):
        hub.fake.say(f"Talk {number}", channel=PUBLIC, thread_ts=root)
    (payload,) = hub.channel.render(outbound("Here", thread))
    assert await hub.channel.outcome(payload, idempotency_key="k:0") is None
    await hub.channel.send(payload, idempotency_key="k:0")
    assert await hub.channel.outcome(payload, idempotency_key="k:0") is not None


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(error="missing_scope"), OutcomeUnknown),
        (Fault(error="channel_not_found"), OutcomeUnknown),
        (Fault(status=500), Unreachable),
        (Fault(drop=True), Unreachable),
        (Fault(status=429, retry_after=3), RateLimited),
    ],
)
async def test_where_slack_does_not_say_nobody_guesses(hub: Hub, fault: Fault, error: type[ChannelError]) -> None:
    (payload,) = hub.channel.render(outbound("Hello"))
    hub.fake.fail("conversations.history", fault)
    with pytest.raises(error):
        await hub.channel.outcome(payload, idempotency_key="k:0")


async def test_the_second_token_takes_over(fake: SlackFake, store: SqlStore, sink: Sink, tmp_path: Path) -> None:
    around = surroundings(store, tmp_path)
    rotating = SlackChannel(settings(fake, bot_tokens=("xoxb-old", TOKEN)), around)
    async with serving(Hub(rotating, around, sink, fake)) as hub:
        await hub.answer("Hello")
        await hub.answer("Again")
    assert fake.shown() == ["Hello", "Again"]


async def test_a_workspace_that_took_the_app_away_waits_alone(hub: Hub) -> None:
    hub.fake.workspaces["xoxb-other"] = Workspace(team="T0OTHER01", revoked=True)
    installed = {"team": "T0OTHER01", "team_name": "Other", "token": "xoxb-other", "bot_user": BOT, "scopes": ""}
    await hub.around.memory.remember("slack", "default", "install/T0OTHER01", json.dumps(installed))
    with pytest.raises(Unreachable, match="T0OTHER01 has to install the app again"):
        await hub.answer("Hello", "T0OTHER01/C0OTHER01")
    with pytest.raises(Unreachable, match="not installed"):
        await hub.answer("Hello", "T0NOBODY1/C0OTHER01")
    await hub.answer("Still here")
    assert hub.fake.shown() == ["Still here"]


async def test_files_go_out_beside_the_text(hub: Hub) -> None:
    file = await hub.store("prices.csv", b"item;price\nkey;5\n")
    receipts = await hub.answer("The prices:", attachments=(file,))
    text, attached = hub.fake.channels[DIRECT].messages
    assert text["text"] == "The prices:"
    assert attached["files"][0]["name"] == "prices.csv"
    assert hub.fake.bytes[attached["files"][0]["id"]] == b"item;price\nkey;5\n"
    assert [receipt.provider_id for receipt in receipts] == [f"m/{DIRECT}/{one['ts']}" for one in (text, attached)]


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
async def test_a_file_that_slack_refuses_goes_as_a_link(hub: Hub, method: str) -> None:
    file = await hub.store("prices.csv", b"item;price\n")
    hub.fake.fail(method, Fault(error="file_uploads_disabled"))
    await hub.answer("", attachments=(file,), locale="fr")
    (link,) = hub.fake.shown()
    address = f"https://hub.example/api/attachments/{file.id}?sig=1"
    assert link == f"Votre fichier: prices.csv <{address}|{address}>"


async def test_without_a_public_address_the_refusal_stands(hub: Hub, store: SqlStore, tmp_path: Path) -> None:
    around = surroundings(store, tmp_path, link=lambda file: None)
    async with serving(Hub(SlackChannel(settings(hub.fake), around), around, Sink(), hub.fake)) as lonely:
        file = await lonely.store("prices.csv", b"item;price\n")
        hub.fake.fail("files.completeUploadExternal", Fault(error="posting_to_channel_denied"))
        with pytest.raises(Rejected, match="PUBLIC_URL"):
            await lonely.answer("", attachments=(file,))


async def test_a_file_whose_outcome_is_unknown_is_asked_about(hub: Hub) -> None:
    file = await hub.store("prices.csv", b"item;price\n")
    (payload,) = hub.channel.render(outbound("", attachments=(file,)))
    assert await hub.channel.outcome(payload, idempotency_key="f:0") is None
    hub.fake.fail("files.completeUploadExternal", Fault(drop=True, written=True))
    with pytest.raises(OutcomeUnknown):
        await hub.channel.send(payload, idempotency_key="f:0")
    found = await hub.channel.outcome(payload, idempotency_key="f:0")
    assert found is not None
    assert found.provider_id == f"m/{DIRECT}/{hub.fake.channels[DIRECT].messages[-1]['ts']}"


async def test_a_file_that_was_shown_is_found_as_often_as_asked(hub: Hub) -> None:
    """Whoever sent it, or found it, may die before that is noted."""
    file = await hub.store("prices.csv", b"item;price\n")
    (payload,) = hub.channel.render(outbound("", attachments=(file,)))
    sent = await hub.channel.send(payload, idempotency_key="f:0")
    assert await hub.channel.outcome(payload, idempotency_key="f:0") == sent
    assert await hub.channel.outcome(payload, idempotency_key="f:0") == sent


async def test_a_file_alone_takes_away_what_was_begun(hub: Hub) -> None:
    begun = {"turn": "t0", "epoch": 1, "channel": DIRECT, "streaming": False}
    sent = await hub.answer("Half a sen", turn_id=None)
    begun["ts"] = (sent[0].provider_id or "").rpartition("/")[2]
    await hub.around.memory.remember("slack", "default", f"stream/{TEAM}/{DIRECT}", json.dumps(begun))
    file = await hub.store("prices.csv", b"item;price\n")
    await hub.answer("", attachments=(file,), author=Author.STAFF, turn_id=None)
    (message,) = hub.fake.channels[DIRECT].messages
    assert message["files"]


async def test_a_file_whose_bytes_did_not_arrive_was_not_seen(hub: Hub) -> None:
    file = await hub.store("prices.csv", b"item;price\n")
    hub.fake.fail("files.getUploadURLExternal", Fault(drop=True))
    with pytest.raises(Unreachable):
        await hub.answer("", attachments=(file,))


async def test_files_come_in_with_the_bots_token(hub: Hub, sink: Sink) -> None:
    file = hub.fake.file("invoice.txt", b"Invoice 17")
    await hub.push(hub.fake.say("My invoice", subtype="file_share", files=[file]))
    (event,) = sink.events
    assert isinstance(event, MessageReceived)
    stream = await hub.channel.fetch(event.attachments[0])
    assert (stream.name, stream.media_type) == ("invoice.txt", "text/plain")
    assert b"".join([chunk async for chunk in stream.chunks()]) == b"Invoice 17"


async def test_files_come_from_slacks_own_hosts_only(hub: Hub) -> None:
    file = hub.fake.file("evil.txt", b"x")
    file["url_private_download"] = "http://169.254.169.254/latest/meta-data"
    with pytest.raises(Rejected):
        await hub.channel.fetch(AttachmentRef(f"{TEAM}/{file['id']}", "evil.txt"))


async def test_a_log_in_page_is_not_a_file(hub: Hub) -> None:
    file = hub.fake.file("invoice.txt", b"Invoice 17")
    hub.fake.fail("files.info")
    workspace = hub.fake.workspaces[TOKEN]
    workspace.scopes.discard("files:read")
    with pytest.raises(AuthFailed):
        await hub.channel.fetch(AttachmentRef(f"{TEAM}/{file['id']}", "invoice.txt"))


async def test_a_file_over_the_limit_is_not_read(hub: Hub, store: SqlStore, tmp_path: Path) -> None:
    around = surroundings(store, tmp_path, max_attachment_bytes=5)
    async with serving(Hub(SlackChannel(settings(hub.fake), around), around, Sink(), hub.fake)) as small:
        file = hub.fake.file("invoice.txt", b"Invoice 17")
        with pytest.raises(TooLarge):
            await small.channel.fetch(AttachmentRef(f"{TEAM}/{file['id']}", "invoice.txt"))
        stored = await small.store("prices.csv", b"item;price\n")
        await small.answer("", attachments=(stored,))
        assert "/api/attachments/" in hub.fake.shown()[-1]


async def test_a_person_who_was_never_written_to_gets_a_direct_message(hub: Hub) -> None:
    await hub.answer("Hello", f"{TEAM}/{ANNA}")
    await hub.answer("Again", f"{TEAM}/{ANNA}")
    assert hub.fake.shown(DIRECT) == ["Hello", "Again"]
    assert len(hub.fake.called("conversations.open")) == 1
