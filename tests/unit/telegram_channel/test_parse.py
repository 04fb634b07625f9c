"""What each kind of update means."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.group_modes import Modes
from channels.staff_rule import StaffRule
from channels.telegram.parse import Reader, parse_update
from core.domain.errors import InvalidInput
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import (
    CustomerAction,
    InboundEvent,
    MessageEdited,
    MessageReceived,
    ReactionChanged,
)
from core.ports.channel import WebhookReply
from tests.unit.telegram_channel.fixtures import AT, BOT, names, raw, reader, updates

TEXTS = {
    "text": "Wo ist meine Bestellung?",
    "text_with_link": "👍 See here (https://acme.example/orders/17) and https://acme.example/faq",
    "quote": "> Refunds take five days.\nWhat does this mean?",
    "photo": "It arrived broken",
    "document": "Is this right?",
    "voice": "",
    "video_note": "",
    "video": "It leaks here",
    "audio": "",
    "animation": "",
    "sticker": "[Sticker: 👍]",
    "location": "[Location: 52.520008, 13.404954]",
    "venue": "[Place: Acme Store, Marienplatz 1, München (48.137154, 11.576124)]",
    "contact": "[Contact: Charles Babbage, +4915112345678]",
    "dice": "[🎲 shows 5]",
    "poll": "[Poll: Which colour? Red / Blue]",
    "rich_message": "Order 17\nis late",
    "command_start": "/start",
    "command_help": "/help",
    "command_human": "Mit einem Menschen sprechen",
    "command_new": "/new",
    "deep_link": "/start order-4711",
    "deep_link_person": "Mit einem Menschen sprechen",
    "group_mention": "when do you open?",
    "group_reply": "And on Sundays?",
    "group_command": "Mit einem Menschen sprechen",
    "group_anonymous_admin": "are you there?",
    "forum_topic": "where is parcel 9?",
    "button": "Mit einem Menschen sprechen",
}
ACTIONS = {
    "command_start": CustomerAction.GREETING,
    "command_help": CustomerAction.GREETING,
    "command_human": CustomerAction.REQUEST_PERSON,
    "command_new": CustomerAction.START_OVER,
    "deep_link": CustomerAction.GREETING,
    "deep_link_person": CustomerAction.REQUEST_PERSON,
    "group_command": CustomerAction.REQUEST_PERSON,
    "button": CustomerAction.REQUEST_PERSON,
}
FILES = {
    "photo": ("AgACAgIAAxkBAAlarge01", ".jpg", "image/jpeg", 143021),
    "document": ("BQACAgIAAxkBAAdocument", "Rechnung 2026.pdf", "application/pdf", 52013),
    "voice": ("AwACAgIAAxkBAAvoice001", ".ogg", "audio/ogg", 16543),
    "video_note": ("DQACAgIAAxkBAAvnote001", ".mp4", "video/mp4", 421337),
    "video": ("BAACAgIAAxkBAAvideo001", "leak.mp4", "video/mp4", 4213370),
    "audio": ("CQACAgIAAxkBAAaudio001", "noise.mp3", "audio/mpeg", 1024001),
    "animation": ("CgACAgIAAxkBAAanim0001", "shake.gif.mp4", "video/mp4", 90210),
}
NOTHING = {
    "group_command_for_another_bot",
    "group_talk",
    "channel_post",
    "other_bot",
    "joined",
    "migrated",
    "blocked",
    "unblocked",
}
CONVERSATIONS = {"group_mention": "-1001234567890", "forum_topic": "-1009876543210/7", "text": "4711", "button": "4711"}


def read(update: Any) -> list[InboundEvent]:
    """The events of one update."""
    found = reader().read(raw(update))
    assert not isinstance(found, WebhookReply)
    return list(found)


def message(name: str) -> MessageReceived:
    """The one message of a fixture."""
    (event,) = read(updates(name)[0])
    assert isinstance(event, MessageReceived)
    return event


@pytest.mark.parametrize("name", TEXTS)
def test_the_agent_reads_what_was_meant(name: str) -> None:
    assert message(name).text == TEXTS[name]


@pytest.mark.parametrize("name", sorted(set(TEXTS) - {"group_anonymous_admin"}))
def test_who_wrote_when_and_under_which_key(name: str) -> None:
    update = updates(name)[0]
    event, wire = message(name), update.get("message") or update["callback_query"]["message"]
    chat = wire["chat"]["id"]
    assert event.sender.external_id == "4711"
    assert event.sender.display_name == "Ada Byron"
    assert event.sender.verified
    assert event.locale == "de"
    assert event.conversation.thread.split("/")[0] == str(chat)
    if name != "button":
        assert event.key == EventKey("telegram", "123456789", f"m/{chat}/{wire['message_id']}")
        assert event.sent_at == datetime.fromtimestamp(wire["date"], UTC)


@pytest.mark.parametrize("name", TEXTS)
def test_commands_and_buttons_are_actions_and_nothing_else_is(name: str) -> None:
    assert message(name).action == ACTIONS.get(name)


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_named_so_that_it_can_be_fetched(name: str) -> None:
    (file,) = message(name).attachments
    id, ending, media_type, size = FILES[name]
    assert (file.id, file.media_type, file.size, file.url) == (id, media_type, size, None)
    assert file.name.endswith(ending)


@pytest.mark.parametrize("name", sorted(NOTHING))
def test_what_is_not_for_the_bot_is_nothing(name: str) -> None:
    assert read(updates(name)[0]) == []


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_a_chat_or_a_topic_is_a_conversation(name: str) -> None:
    assert message(name).conversation == ConversationKey("telegram", "123456789", CONVERSATIONS[name])


def test_every_fixture_is_read_here() -> None:
    others = {"album", "group_album", "edited", "live_location_moved", "reaction", "reaction_changed"}
    others |= {"reaction_anonymous", "button_of_inaccessible_message", "button_of_another_kind"}
    assert set(names()) == set(TEXTS) | NOTHING | others


def test_an_album_is_one_message_per_picture_in_one_conversation() -> None:
    events = [read(update)[0] for update in updates("album")]
    received = [event for event in events if isinstance(event, MessageReceived)]
    assert [event.text for event in received] == ["All three are scratched", "", ""]
    assert len({event.key for event in received}) == 3
    assert len({event.conversation for event in received}) == 1
    assert all(len(event.attachments) == 1 for event in received)
    assert len({event.album for event in received}) == 1
    assert received[0].album is not None


def test_in_a_group_the_whole_album_is_for_the_bot_whose_name_is_in_its_caption() -> None:
    one, two = updates("group_album")
    with_memory = reader()
    found = with_memory.part_of_album(parse_update(one)), with_memory.part_of_album(parse_update(two))
    assert [part and (part.ours, part.number) for part in found] == [(True, 109), (False, 110)]
    assert found[0] is not None
    with_memory.albums[found[0].album] = None
    assert with_memory.read(raw(one))
    assert with_memory.read(raw(two))
    assert reader().read(raw(two)) == []  # somebody else's


@pytest.mark.parametrize("name", ["text", "album", "group_mention", "group_talk", "channel_post", "reaction"])
def test_nothing_else_is_part_of_an_album_in_a_group(name: str) -> None:
    assert reader().part_of_album(parse_update(updates(name)[0])) is None


def test_an_edit_finds_its_message() -> None:
    (edit,) = read(updates("edited")[0])
    assert isinstance(edit, MessageEdited)
    assert edit.target == message("text").key
    assert edit.conversation == message("text").conversation
    assert edit.text == "Wo ist meine Bestellung 4711?"
    assert edit.sent_at == datetime.fromtimestamp(1_790_000_400, UTC)
    assert edit.key != edit.target


def test_two_edits_in_one_second_are_two() -> None:
    update = updates("edited")[0]
    (first,), (again,), (second,) = read(update), read(update), read({**update, "update_id": update["update_id"] + 1})
    assert first.key == again.key != second.key


def test_a_location_that_moves_is_an_edit() -> None:
    (edit,) = read(updates("live_location_moved")[0])
    assert isinstance(edit, MessageEdited)
    assert edit.text == "[Location: 52.500000, 13.500000]"


def test_a_reaction_finds_its_message() -> None:
    (reaction,) = read(updates("reaction")[0])
    assert isinstance(reaction, ReactionChanged)
    assert reaction.target == message("text").key
    assert (reaction.emoji, reaction.present) == ("👍", True)


def test_a_changed_reaction_is_one_taken_off_and_others_put_on() -> None:
    events = read(updates("reaction_changed")[0])
    changes = [(event.emoji, event.present) for event in events if isinstance(event, ReactionChanged)]
    assert changes == [("👎", True), (":custom_5368324170671202286:", True), ("👍", False)]
    assert len({event.key for event in events}) == 3


def test_somebody_who_hides_behind_the_group_reacts_as_the_group() -> None:
    (reaction,) = read(updates("reaction_anonymous")[0])
    assert isinstance(reaction, ReactionChanged)
    assert (reaction.sender.external_id, reaction.sender.verified) == ("chat/-1001234567890", False)
    assert not reaction.present


def test_an_administrator_who_hides_writes_as_the_group() -> None:
    assert message("group_anonymous_admin").sender.external_id == "chat/-1001234567890"


def test_a_quote_names_the_message_that_it_answers() -> None:
    assert message("quote").reply_to == f"m/4711/{updates('quote')[0]['message']['reply_to_message']['message_id']}"


@pytest.mark.parametrize(
    ("name", "words"),
    [("button_of_inaccessible_message", "zu alt"), ("button_of_another_kind", None)],
)
def test_a_button_that_no_longer_counts_is_answered_at_once(name: str, words: str | None) -> None:
    reply = reader().read(raw(updates(name)[0]))
    assert isinstance(reply, WebhookReply)
    call = json.loads(reply.body)
    assert call["method"] == "answerCallbackQuery"
    assert call["callback_query_id"] == updates(name)[0]["callback_query"]["id"]
    assert ("text" in call) == (words is not None)
    assert (words or "") in call.get("text", "")


def test_a_button_works_for_two_days_and_no_longer() -> None:
    update = updates("button")[0]
    written = datetime.fromtimestamp(update["callback_query"]["message"]["date"], UTC)
    assert not isinstance(reader().read(raw(update, written + timedelta(days=2))), WebhookReply)
    assert isinstance(reader().read(raw(update, written + timedelta(days=2, seconds=1))), WebhookReply)


def test_the_same_button_pressed_twice_is_one_wish() -> None:
    update = updates("button")[0]
    second = json.loads(json.dumps(update))
    second["update_id"] += 1
    second["callback_query"]["id"] = "another"
    assert read(update)[0].key == read(second)[0].key


def test_the_same_button_pressed_by_another_member_is_a_wish_of_their_own() -> None:
    update = updates("button")[0]
    other = json.loads(json.dumps(update))
    other["callback_query"]["from"]["id"] += 1
    assert read(update)[0].key != read(other)[0].key


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"update_id": "7"}', b'{"update_id": 7, "message": 5}', b'{"update_id": 7, "message": {}}'],
)
def test_what_is_no_update_is_refused(body: bytes) -> None:
    given_raw = raw({})
    with pytest.raises(InvalidInput):
        reader().read(type(given_raw)("telegram", "123456789", body, {}, AT))


def test_an_update_without_its_time_is_refused() -> None:
    with pytest.raises(InvalidInput):
        reader().read(raw(updates("text")[0], None))


def test_a_kind_that_is_new_is_no_error() -> None:
    assert read({"update_id": 7, "telepathy": {"from": 1}}) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


@given(data=st.data(), name=st.sampled_from(names()), value=JSON)
def test_an_update_with_anything_anywhere_is_understood_or_refused(data: st.DataObject, name: str, value: Any) -> None:
    update = json.loads(json.dumps(updates(name)[0]))
    place = update
    while isinstance(place, dict | list) and place:
        key = data.draw(st.sampled_from(sorted(place)) if isinstance(place, dict) else st.integers(0, len(place) - 1))
        if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            place[key] = value
            break
        place = place[key]
    try:
        parsed = parse_update(update)
    except InvalidInput:
        return
    chat, change, written = parsed.effective_chat, parsed.my_chat_member, parsed.message
    assert chat is None or isinstance(chat.id, int)
    assert change is None or isinstance(change.new_chat_member.status, str)
    assert written is None or isinstance(written.migrate_to_chat_id or written.migrate_from_chat_id or 0, int)
    reader().part_of_album(parsed)
    try:
        found = reader().read(raw(update))
    except InvalidInput:
        return
    assert isinstance(found, list | WebhookReply)
    for event in found if isinstance(found, list) else []:
        assert EventKey.parse(str(event.key)) == event.key


def test_a_press_on_a_choice_says_what_stands_on_it() -> None:
    update = updates("button")[0]
    query = update["callback_query"]
    rows = [[{"text": "Refunds", "callback_data": "choice/1"}], [{"text": "Returns", "callback_data": "choice/2"}]]
    query["message"]["reply_markup"]["inline_keyboard"] = rows
    query["data"] = "choice/2"
    (event,) = read(update)
    assert isinstance(event, MessageReceived)
    assert (event.text, event.action) == ("Returns", None)
    assert read(json.loads(json.dumps(update)))[0].key == event.key, "Telegram delivers it again"
    again = json.loads(json.dumps(update))
    again["callback_query"]["id"] = "77"
    assert read(again)[0].key != event.key, "it was pressed again"
    for gone in ("choice/3", "choices"):
        query["data"] = gone
        assert isinstance(reader().read(raw(update)), WebhookReply)


@pytest.mark.parametrize(
    ("name", "shared"),
    [("text", False), ("button", False), ("group_mention", True), ("group_reply", True), ("forum_topic", True)],
)
def test_a_group_is_shared_and_a_private_chat_is_not(name: str, shared: bool) -> None:
    (update,) = updates(name)
    found = reader().read(raw(update))
    assert not isinstance(found, WebhookReply)
    (event,) = found
    assert isinstance(event, MessageReceived)
    assert event.shared is shared


def test_a_button_in_a_group_is_pressed_where_others_read() -> None:
    (update,) = updates("button")
    update["callback_query"]["message"]["chat"] = {"id": -1001234567890, "title": "Engines", "type": "supergroup"}
    (event,) = reader().read(raw(update))  # type: ignore[misc]
    assert isinstance(event, MessageReceived)
    assert event.shared


def test_a_group_may_be_heard_as_a_whole() -> None:
    (talk,) = updates("group_talk")
    chat = str(talk["message"]["chat"]["id"])
    for modes in (Modes.of(["every"]), Modes.of(["mention", f"{chat}=every"])):
        (event,) = Reader(BOT, timedelta(days=2), modes).read(raw(talk))
        assert isinstance(event, MessageReceived)
        assert (event.shared, event.by_staff) == (True, False)
    assert Reader(BOT, timedelta(days=2), Modes.of(["every", f"{chat}=mention"])).read(raw(talk)) == []


def test_where_all_is_heard_no_picture_waits_for_a_caption() -> None:
    _, two = updates("group_album")
    hears_all = Reader(BOT, timedelta(days=2), Modes.of(["every"]))
    assert hears_all.part_of_album(parse_update(two)) is None
    assert len(hears_all.read(raw(two))) == 1


def test_a_colleague_is_named_by_their_id_and_only_in_groups() -> None:
    for name, by_staff in (("group_mention", True), ("text", False)):
        (update,) = updates(name)
        rule = StaffRule(overrides={str(update["message"]["from"]["id"]): True})
        (event,) = Reader(BOT, timedelta(days=2), staff_rule=rule).read(raw(update))
        assert isinstance(event, MessageReceived)
        assert event.by_staff is by_staff
