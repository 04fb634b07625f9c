"""What staff do in their channel, as the hub's events: a case's thread is a conversation of its own. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from channels.slack import wire
from channels.slack.emoji import character
from channels.slack.place import CHANNEL, Place, message_id, message_key, slack_id, time_of, timestamp
from channels.slack.plain import Names, markdown, plain
from channels.slack.views import place_pressed, read_form, value_of, view_event, words_of
from channels.slack.wire import Json
from core.domain.approvals import APPROVALS
from core.domain.attachments import AttachmentRef
from core.domain.case import side_thread
from core.domain.customer import Identity
from core.domain.errors import InvalidInput
from core.domain.issues import ISSUES
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import Audience, InboundEvent, MessageDeleted, MessageEdited, MessageReceived, StaffAction

FORMS = frozenset(
    {
        StaffAction.REPLY,
        StaffAction.NOTE,
        StaffAction.ASSIGN,
        StaffAction.TICKET,
        StaffAction.REWORD,
        StaffAction.BLOCK,
        StaffAction.UNBLOCK,
        StaffAction.OPEN_CASE,
        StaffAction.ISSUE,
        StaffAction.MERGE,
        StaffAction.SPLIT,
        StaffAction.DECLINE,
    }
)
"""What staff fill in: the ``callback_id`` of a form, and the ``action_id`` of its field, where it has one alone."""
EXTERNAL = "external"
"""The ``mode`` of a file that Slack does not hold."""
_SLACKBOT = "USLACKBOT"
_NO_BUTTONS = frozenset({StaffAction.ASK, StaffAction.ISSUE_NEWS, *FORMS})
ACTIONS = frozenset(str(action) for action in StaffAction if action not in _NO_BUTTONS)


@dataclass(frozen=True, slots=True)
class StaffReader:
    """Only what is written in a thread counts: each case has one, and what stands beside them is talk among colleagues.

    Whatever mentions the app (``own``) is a question to the agent, wherever in it the mention stands: nobody means a customer
    to read it. Slack says who ``own`` is in ``authorizations``, and marks a mention as ``<@U…>`` in the text
    (docs.slack.dev/messaging/formatting-message-text).
    """

    account: str
    names: Names

    def message(self, event: Json, team: str, files: tuple[AttachmentRef, ...], own: str | None) -> list[InboundEvent]:
        """A reply in a thread. Raises InvalidInput."""
        thread = event.get("thread_ts")
        if thread is None or thread == event.get("ts"):
            return []
        channel, ts = slack_id(event.get("channel")), timestamp(event.get("ts"))
        place = Place(team, channel, timestamp(thread))
        asks = _mentions(event, own) or wire.text(event, "type") == "app_mention"
        return [
            MessageReceived(
                key=message_key(self.account, channel, ts),
                conversation=place.questions(self.account) if asks else place.conversation(self.account),
                sender=self._sender(wire.text(event, "user")),
                text=self._words(event, own),
                sent_at=time_of(ts),
                attachments=files,
                left_out=tuple(plain(one, self.names) for one in _forwarded(event)),
                action=StaffAction.ASK if asks else None,
                audience=Audience.STAFF,
            )
        ]

    def changed(
        self, new: Json, old: Json, channel: str, team: str, key: EventKey, at: str, own: str | None
    ) -> list[InboundEvent]:
        """A reply was edited. One that has become a question is taken back from the customer. Raises InvalidInput."""
        thread = new.get("thread_ts")
        if thread is None:
            return []
        if _mentions(new, own) and not _mentions(old, own):
            (asked,) = self.message({**new, "channel": channel}, team, (), own)
            assert isinstance(asked, MessageReceived)
            return [
                *self.deleted(new, channel, timestamp(new.get("ts")), team, key, at, None),
                replace(
                    asked, key=EventKey(CHANNEL, self.account, f"{key.provider_event_id}/asked"), sent_at=time_of(at)
                ),
            ]
        return [
            MessageEdited(
                key=key,
                conversation=self._said_in(old, team, channel, timestamp(thread), own),
                target=message_key(self.account, channel, timestamp(new.get("ts"))),
                text=self._words(new, own),
                sent_at=time_of(at),
                audience=Audience.STAFF,
            )
        ]

    def deleted(
        self, old: Json, channel: str, ts: str, team: str, key: EventKey, at: str, own: str | None
    ) -> list[InboundEvent]:
        """A reply was deleted. Raises InvalidInput."""
        thread = old.get("thread_ts")
        if thread is None or thread == ts:
            return []
        return [
            MessageDeleted(
                key=key,
                conversation=self._said_in(old, team, channel, timestamp(thread), own),
                target=message_key(self.account, channel, ts),
                sent_at=time_of(at),
                audience=Audience.STAFF,
            )
        ]

    def reacted(self, event: Json, team: str, key: EventKey) -> MessageReceived:
        """An emoji on a message, which Slack does not say the thread of: it stands for its own. Raises InvalidInput."""
        item = wire.part(event, "item")
        channel, ts = slack_id(item.get("channel")), timestamp(item.get("ts"))
        thread, emoji = Place(team, channel, ts).conversation(self.account), character(wire.named(event, "reaction"))
        user, at = wire.text(event, "user"), time_of(wire.named(event, "event_ts"))
        kind = StaffAction.REACT if event.get("type") == "reaction_added" else StaffAction.UNREACT
        return replace(self._act(key, thread, user, emoji, at, kind), reply_to=message_id(channel, ts))

    def card_gone(self, channel: str, ts: str, team: str, key: EventKey, event: Json) -> MessageReceived:
        """Somebody deleted a message of ours that a thread began with. Raises InvalidInput."""
        thread, at = Place(team, channel, ts).conversation(self.account), time_of(wire.named(event, "ts"))
        return self._act(key, thread, _SLACKBOT, "", at, StaffAction.CARD_GONE)

    def pressed(self, whole: Json, action: Json, staff_channels: frozenset[str]) -> MessageReceived:
        """A button of a case's card, or of a line in the home tab, whose value is the case's thread. Raises InvalidInput.

        Of an approval it is the case's id and what is to be approved: all about those happens in a conversation of its own.
        """
        user, at = slack_id(wire.part(whole, "user").get("id")), timestamp(action.get("action_ts"))
        if wire.view_type(whole) == "home":
            place = Place.of(wire.named(action, "value"))
            if place.channel not in staff_channels:
                raise InvalidInput("The line is about no channel of the staff's.")
        else:
            card = wire.part(whole, "message")
            place = place_pressed(whole, card.get("thread_ts") or card.get("ts"))
        key, kind = EventKey(CHANNEL, self.account, f"a/{user}/{at}"), StaffAction(wire.named(action, "action_id"))
        pressed = self._act(key, place.conversation(self.account), user, _chosen(action), time_of(at), kind)
        if pressed.action is not StaffAction.APPROVE:
            return pressed
        if place.channel not in staff_channels:
            raise InvalidInput("The button is in no channel of the staff's.")
        return _about_approval(pressed, value_of(action))

    def filled_in(self, whole: Json, at: datetime, staff_channels: frozenset[str]) -> list[InboundEvent]:
        """A form that was sent off. A view is one however often it is sent. Raises InvalidInput."""
        form = read_form(whole)
        if form.name not in FORMS:
            return []
        place = Place.of(form.metadata.get("thread", ""))
        if place.channel not in staff_channels:
            raise InvalidInput("The form is about no channel of the staff's.")
        conversation = place.conversation(self.account)
        if form.name == StaffAction.ISSUE:
            conversation = replace(conversation, thread=side_thread(ISSUES, form.metadata.get("case", "")))
        key = EventKey(CHANNEL, self.account, view_event(form.view_id))
        filled_in = self._act(key, conversation, form.user, words_of(form), at, StaffAction(form.name))
        declines = form.name == StaffAction.DECLINE
        return [_about_approval(filled_in, form.metadata.get("approval", "")) if declines else filled_in]

    def _words(self, message: Json, own: str | None) -> str:
        """With the addresses of files that Slack only points at: there is nothing to fetch, and nothing may be missing."""
        written = plain(markdown(wire.text(message, "text")), self.names, own=own, links=True)
        return "\n".join(part for part in (written, *elsewhere(wire.parts(message, "files"))) if part)

    def _said_in(self, old: Json, team: str, channel: str, thread_ts: str, own: str | None) -> ConversationKey:
        """Where a message was accepted, by what it said before."""
        place = Place(team, channel, thread_ts)
        return place.questions(self.account) if _mentions(old, own) else place.conversation(self.account)

    def _act(
        self, key: EventKey, conversation: ConversationKey, user: str, text: str, at: datetime, kind: StaffAction
    ) -> MessageReceived:
        """What somebody of the staff does besides writing. Raises InvalidInput."""
        sender = self._sender(user)
        return MessageReceived(key, conversation, sender, text, at, action=kind, audience=Audience.STAFF)

    def _sender(self, user: str) -> Identity:
        known = slack_id(user)
        return Identity(CHANNEL, self.account, known, display_name=self.names.person(known), verified=True)


def _about_approval(said: MessageReceived, value: str) -> MessageReceived:
    """``value``: of the button, the case's id and what is to be approved."""
    case_id, _, approval = value.partition(" ")
    thread = side_thread(APPROVALS, case_id)
    return replace(said, conversation=replace(said.conversation, thread=thread), reply_to=approval)


def elsewhere(files: Iterable[Json]) -> list[str]:
    """Where those files are that live with somebody else, such as in Google Drive."""
    return [wire.text(one, "url_private") for one in files if one.get("mode") == EXTERNAL]


def _forwarded(message: Json) -> list[str]:
    """What Slack's *Forward message* brings along. What it shows of a link (``is_msg_unfurl`` alone) is no part of what was said.

    Slack marks it as ``is_share`` (github.com/slackapi/slack-skills-plugin/issues/149).
    """
    shared = [one for one in wire.parts(message, "attachments") if one.get("is_share")]
    return [wire.text(one, "text") or wire.text(one, "fallback") or wire.text(one, "from_url") for one in shared]


def _mentions(message: Json, own: str | None) -> bool:
    return own is not None and re.search(rf"<@{re.escape(own)}[|>]", wire.text(message, "text")) is not None


def _chosen(action: Json) -> str:
    """What was taken from a menu, the message that a button is about, or what stands on it."""
    if "selected_option" in action or action.get("action_id") == StaffAction.TAKE_BACK:
        return value_of(action)
    return wire.text(wire.part(action, "text"), "text")
