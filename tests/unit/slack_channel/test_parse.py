"""What Slack delivers, as the hub reads it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.slack import buttons
from channels.slack.parse import Reader
from core.domain.errors import InvalidInput
from core.domain.messages import (
    Audience,
    CustomerAction,
    DeliveryReported,
    InboundEvent,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    RawEvent,
    ReactionChanged,
    StaffAction,
)
from core.ports.channel import WebhookReply
from tests.unit.slack_channel.fixture import NOW, NoNames, load, names, raw

DIRECT, THREAD, HELP = "T0HOME001/D0ANNA001", "1767225600.000100", "T0HOME001/C0HELP001"


class Known:
    """A directory with two entries."""

    def person(self, user: str) -> str | None:
        return {"U0BEN0001": "Ben", "U0ANNA001": "Anna"}.get(user)

    def channel(self, channel: str) -> str | None:
        return {"C0SALE001": "sales"}.get(channel)

    def locale(self, user: str) -> str | None:
        return {"U0ANNA001": "de-DE"}.get(user)


def read(payload: dict[str, Any], reader: Reader | None = None) -> list[InboundEvent]:
    found = (reader or Reader("default", NoNames())).events(raw(payload))
    assert not isinstance(found, WebhookReply)
    return list(found)


def events(name: str, reader: Reader | None = None) -> list[InboundEvent]:
    return read(load(name), reader)


def message(name: str, reader: Reader | None = None) -> MessageReceived:
    (event,) = events(name, reader)
    assert isinstance(event, MessageReceived)
    return event


@pytest.mark.parametrize(
    ("name", "thread", "text", "key"),
    [
        ("message_im", DIRECT, "When are you open & where?", f"m/D0ANNA001/{THREAD}"),
        ("message_im_thread", f"{DIRECT}/{THREAD}", "And on Sundays?", "m/D0ANNA001/1767225610.000300"),
        ("app_mention", f"{HELP}/{THREAD}", "can @someone see #a-channel?", f"m/C0HELP001/{THREAD}"),
        ("message_channel_mention", f"{HELP}/{THREAD}", "can @someone see #a-channel?", f"m/C0HELP001/{THREAD}"),
        ("message_channel_thread", f"{HELP}/{THREAD}", "Thanks, and in July?", "m/C0HELP001/1767225620.000400"),
        ("message_shared_channel", f"{HELP}/{THREAD}", "hello from the partner", f"m/C0HELP001/{THREAD}"),
        ("message_thread_broadcast", f"{HELP}/{THREAD}", "To all", "m/C0HELP001/1767225620.000500"),
        ("message_me", DIRECT, "is waiting", f"m/D0ANNA001/{THREAD}"),
        ("message_forwarded", DIRECT, "See this\n> Order 17 is late", f"m/D0ANNA001/{THREAD}"),
        ("message_file_external", DIRECT, "Our sheet\nhttps://docs.google.com/document/d/1", f"m/D0ANNA001/{THREAD}"),
    ],
)
def test_a_message_has_its_conversation_its_text_and_its_key(name: str, thread: str, text: str, key: str) -> None:
    event = message(name)
    assert event.conversation.thread == thread
    assert event.text == text
    assert event.key.provider_event_id == key
    assert event.sender.verified
    assert event.action is None


def test_the_two_events_of_one_mention_are_one_message() -> None:
    assert message("app_mention").key == message("message_channel_mention").key


def test_known_names_are_read_instead_of_ids() -> None:
    event = message("app_mention", Reader("default", Known()))
    assert event.text == "can @Ben see #sales?"
    assert (event.sender.display_name, event.locale) == ("Anna", "de-DE")


def test_a_mention_alone_is_a_greeting() -> None:
    payload = load("app_mention")
    payload["event"]["text"] = "<@U0BOT0001> "
    (event,) = read(payload, Reader("default", Known()))
    assert isinstance(event, MessageReceived)
    assert (event.text, event.action) == ("Hallo", CustomerAction.GREETING)


@pytest.mark.parametrize(
    "name",
    [
        "message_channel_chatter",
        "message_changed_unfurl",
        "message_own_echo",
        "message_other_bot",
        "message_channel_join",
        "assistant_thread_started",
        "app_home_opened",
        "app_home_messages",
        "app_uninstalled",
    ],
)
def test_what_is_not_said_to_us_is_no_event(name: str) -> None:
    assert events(name) == []


@pytest.mark.parametrize("name", [name for name in names() if name.startswith(("message", "app_mention", "reaction"))])
def test_nobody_is_a_customer_in_a_staff_channel(name: str) -> None:
    found = events(name, Reader("default", NoNames(), staff_channels=frozenset({"C0HELP001", "D0ANNA001"})))
    assert all(one.audience is Audience.STAFF for one in found if not isinstance(one, DeliveryReported))


def test_files_come_as_references_that_can_be_fetched() -> None:
    (file,) = message("message_file_share").attachments
    assert (file.id, file.name, file.media_type, file.size) == (
        "T0HOME001/F0FILE001",
        "invoice.pdf",
        "application/pdf",
        48213,
    )
    (unknown,) = message("message_file_slack_connect").attachments
    assert (unknown.id, unknown.name) == ("T0HOME001/F0CONN001", "file")
    assert message("message_file_external").attachments == ()


@pytest.mark.parametrize(
    ("name", "thread", "target", "text"),
    [
        ("message_changed", DIRECT, f"m/D0ANNA001/{THREAD}", "When are you open on Monday?"),
        ("message_changed_thread", f"{HELP}/{THREAD}", "m/C0HELP001/1767225620.000400", "And in August?"),
    ],
)
def test_an_edit_finds_the_message(name: str, thread: str, target: str, text: str) -> None:
    (event,) = events(name)
    assert isinstance(event, MessageEdited)
    assert (event.conversation.thread, event.target.provider_event_id, event.text) == (thread, target, text)
    assert event.key.provider_event_id.startswith("e/EV")


@pytest.mark.parametrize(
    ("name", "thread", "target"),
    [
        ("message_deleted", DIRECT, f"m/D0ANNA001/{THREAD}"),
        ("message_changed_tombstone", f"{HELP}/{THREAD}", f"m/C0HELP001/{THREAD}"),
    ],
)
def test_a_deletion_finds_the_message(name: str, thread: str, target: str) -> None:
    (event,) = events(name)
    assert isinstance(event, MessageDeleted)
    assert (event.conversation.thread, event.target.provider_event_id) == (thread, target)


def test_the_end_of_our_own_message_is_nobodys_news() -> None:
    payload = load("message_deleted")
    payload["event"]["previous_message"]["bot_id"] = "B0BOT0001"
    assert Reader("default", NoNames()).events(raw(payload)) == []


@pytest.mark.parametrize(
    ("name", "emoji", "present"), [("reaction_added", "👍🏼", True), ("reaction_removed", ":party_parrot:", False)]
)
def test_a_reaction_is_to_a_message(name: str, emoji: str, present: bool) -> None:
    (event,) = events(name)
    assert isinstance(event, ReactionChanged)
    assert (event.emoji, event.present) == (emoji, present)
    assert event.target.provider_event_id == "m/D0ANNA001/1767225605.000100"
    assert event.conversation.thread == DIRECT


def test_a_press_on_talk_to_a_person_is_a_wish() -> None:
    event = message("block_actions_person")
    assert (event.action, event.text) == (CustomerAction.REQUEST_PERSON, "Talk to a person")
    assert event.conversation.thread == DIRECT
    assert event.key.provider_event_id == "a/U0ANNA001/1767225900.000100"


def test_a_thumb_is_a_reaction_to_the_answer_and_takes_the_other_back() -> None:
    found = [event for event in events("block_actions_feedback") if isinstance(event, ReactionChanged)]
    assert [(event.emoji, event.present) for event in found] == [("👍", False), ("👎", True)]
    assert {event.target.provider_event_id for event in found} == {"m/D0ANNA001/1767225605.000100"}
    assert len({event.key for event in found}) == 2


def test_a_look_at_the_certificate_is_no_event() -> None:
    body = b"ssl_check=1&token=Jhj5dZrVaK7ZwHHjRyZWjbDl"
    assert Reader("default", NoNames()).events(RawEvent("slack", "default", body, {}, NOW)) == []


def test_a_button_that_is_not_ours_is_left_alone() -> None:
    payload = load("block_actions_person")
    payload["actions"][0]["action_id"] = "open_link"
    assert Reader("default", NoNames()).events(raw(payload)) == []


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("When are you open?", None),
        ("human", CustomerAction.REQUEST_PERSON),
        ("", CustomerAction.GREETING),
        ("HELP", CustomerAction.GREETING),
        ("new", CustomerAction.START_OVER),
    ],
)
def test_a_command_is_a_message_from_the_person(text: str, action: CustomerAction | None) -> None:
    payload = load("slash_command") | {"text": text}
    (event,) = read(payload)
    assert isinstance(event, MessageReceived)
    assert event.action == action
    assert event.text == (text or "Hello")
    assert event.conversation.thread == "T0HOME001/U0ANNA001"
    assert event.sent_at == NOW


def test_the_challenge_is_answered() -> None:
    reply = Reader("default", NoNames()).events(raw(load("url_verification")))
    assert isinstance(reply, WebhookReply)
    assert reply.body == b"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"


def test_in_the_agent_view_each_direct_message_begins_a_thread() -> None:
    reader = Reader("default", NoNames(), agent_view=True)
    assert message("message_im", reader).conversation.thread == f"{DIRECT}/{THREAD}"
    assert message("message_im_thread", reader).conversation.thread == f"{DIRECT}/{THREAD}"


def test_a_shared_channels_conversation_belongs_to_the_workspace_that_installed_the_app() -> None:
    payload = load("message_shared_channel")
    assert payload["team_id"] == "T0PART001"
    assert message("message_shared_channel").conversation.thread.startswith("T0HOME001/")


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        ({"display_name": "Pat", "real_name": "Pat Partner"}, "Pat"),
        ({"display_name": "", "real_name": "Pat Partner"}, "Pat Partner"),
        ({"display_name": 7}, None),
        ("Pat", None),
        (None, None),
    ],
)
def test_whoever_is_of_another_workspace_has_the_name_in_their_profile(profile: Any, name: str | None) -> None:
    payload = load("message_shared_channel")
    payload["event"]["user_profile"] = profile
    (event,) = Reader("default", NoNames()).events(raw(payload))
    assert isinstance(event, MessageReceived)
    assert event.sender.display_name == name


def _paths(value: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict | list):
        inner = list(value.items() if isinstance(value, dict) else enumerate(value))
    here = [(*before, key) for key, _ in inner]
    return here + [path for key, one in inner for path in _paths(one, (*before, key))]


@given(
    name=st.sampled_from(names()),
    data=st.data(),
    junk=st.one_of(st.none(), st.integers(), st.text(max_size=5), st.lists(st.none(), max_size=2), st.just({})),
)
def test_a_payload_with_anything_wrong_in_it_is_refused_or_understood(
    name: str, data: st.DataObject, junk: Any
) -> None:
    payload = copy.deepcopy(load(name))
    path = data.draw(st.sampled_from(_paths(payload)))
    place = payload
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = junk
    try:
        found = Reader("default", NoNames()).events(raw(payload))
    except InvalidInput:
        return
    assert isinstance(found, WebhookReply) or all(event.key.channel == "slack" for event in found)


def test_every_fixture_is_read() -> None:
    for name in names():
        Reader("default", NoNames()).events(raw(load(name)))


def test_a_press_on_a_choice_says_what_stands_on_it() -> None:
    payload = load("block_actions_person")
    payload["actions"][0]["action_id"] = "switchboard_choice_2"
    payload["actions"][0]["text"]["text"] = "Refunds"
    (event,) = read(payload)
    assert isinstance(event, MessageReceived)
    assert (event.text, event.action, event.conversation.thread) == ("Refunds", None, DIRECT)


def test_a_score_that_was_pressed_in_private_names_its_case() -> None:
    payload = load("block_actions_person")
    (*_, worst) = reversed(buttons.scores(DIRECT, "c1.2")["elements"])  # type: ignore[call-overload]
    payload["actions"][0] |= worst
    (event,) = read(payload)
    assert isinstance(event, MessageReceived)
    assert (event.action, event.text, event.reply_to) == (CustomerAction.RATE, "1", "c1.2")
    assert event.conversation.thread == DIRECT


def test_a_verdict_on_a_tool_call_is_taken_in_a_channel_of_the_staffs_alone() -> None:
    payload = load("block_actions_person")
    payload["actions"][0] |= {"action_id": "staff_approve", "value": "c1.2 c1:5:step00call00"}
    channel = payload["channel"]["id"]
    (event,) = Reader("default", NoNames(), staff_channels=frozenset({channel})).events(raw(payload))  # type: ignore[misc]
    assert isinstance(event, MessageReceived)
    assert (event.action, event.reply_to) == (StaffAction.APPROVE, "c1:5:step00call00")
    assert (event.conversation.thread, event.audience) == ("approvals/c1.2", Audience.STAFF)
    with pytest.raises(InvalidInput):
        read(payload)


def test_a_press_says_a_title_as_it_was_offered_not_as_slack_writes_it() -> None:
    payload = load("block_actions_person")
    pressed = payload["actions"][0]
    (row,) = [buttons.choices(DIRECT, ["Terms & <prices> 🚀"])["elements"]]
    assert isinstance(row, list)
    pressed |= row[0]
    pressed["text"] = {"type": "plain_text", "text": "Terms &amp; &lt;prices&gt; :rocket:", "emoji": True}
    pressed["value"] = pressed["value"].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    (event,) = read(payload)
    assert isinstance(event, MessageReceived)
    assert (event.text, event.conversation.thread) == ("Terms & <prices> 🚀", DIRECT)


@pytest.mark.parametrize(
    ("name", "shared"),
    [
        ("message_im", False),
        ("message_im_thread", False),
        ("slash_command", False),
        ("app_mention", True),
        ("message_channel_thread", True),
        ("message_shared_channel", True),
    ],
)
def test_whoever_writes_directly_is_read_by_nobody_else(name: str, shared: bool) -> None:
    assert message(name).shared is shared


def test_direct_messages_of_several_people_are_shared() -> None:
    """Their channel is named like a private one (docs.slack.dev/reference/objects/conversation-object)."""
    payload = load("app_mention")
    payload["event"] |= {"channel": "G0GROUP01", "channel_type": "mpim"}
    (event,) = read(payload)
    assert isinstance(event, MessageReceived)
    assert event.shared
