"""What Slack delivers, as the hub's events. Pure: names come from what is known, never from the network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from channels.group_modes import MENTIONS_ONLY, Modes
from channels.slack import wire
from channels.slack.buttons import CHOICE, FEEDBACK, PERSON, RATING, RATINGS
from channels.slack.colleagues import OUTSIDE
from channels.slack.emoji import character
from channels.slack.place import CHANNEL, Place, message_key, slack_id, time_of, timestamp
from channels.slack.plain import Names, addressed, plain, unescaped
from channels.slack.staff import ACTIONS, EXTERNAL, StaffReader, elsewhere
from channels.slack.views import read_form, view_event, words_of
from channels.slack.wire import Json
from channels.slack.words import words
from core.domain.attachments import AttachmentRef
from core.domain.customer import Identity
from core.domain.errors import InvalidInput
from core.domain.keys import EventKey
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

_SAID = frozenset({"", "file_share", "thread_broadcast", "me_message"})
"""Subtypes of messages that a person wrote. All others (joins, topics, pins, bots) are about the channel, not to us."""
_HIDDEN = frozenset({"tombstone", "hidden_by_limit"})
_COMMANDS = {
    "": CustomerAction.GREETING,
    "help": CustomerAction.GREETING,
    "start": CustomerAction.GREETING,
    "human": CustomerAction.REQUEST_PERSON,
    "person": CustomerAction.REQUEST_PERSON,
    "new": CustomerAction.START_OVER,
}
_LONG = 500
FOUND = "found_message"
"""Where a payload that orders a case has the message that it is about (see channels.slack.case_orders)."""


@dataclass(frozen=True, slots=True)
class Reader:
    """How to read: for whom, what names are known, and whose channels are not a customer's.

    ``hears``: the audiences that are this app's; where the desk has an app of its own, each hears its own people alone.
    ``is_colleague``: whether the author of a message in a channel works for the company. ``modes``: what is heard in channels
    without a mention.
    """

    account: str
    names: Names
    staff_channels: frozenset[str] = frozenset()
    agent_view: bool = False
    language: str = "en"
    hears: frozenset[Audience] = frozenset(Audience)
    is_colleague: Callable[[str, Json], bool] = lambda user, event: False
    modes: Modes = MENTIONS_ONLY

    def events(self, raw: RawEvent) -> Sequence[InboundEvent] | WebhookReply:
        """See Channel.parse. Raises InvalidInput."""
        return self.read(wire.payload(raw.body), raw)

    def read(self, whole: Json, raw: RawEvent) -> Sequence[InboundEvent] | WebhookReply:
        """``whole``: the decoded body. Raises InvalidInput."""
        found = self._all(whole, raw.received_at)
        if isinstance(found, WebhookReply):
            return found
        return [one for one in found if isinstance(one, DeliveryReported) or one.audience in self.hears]

    def _all(self, whole: Json, at: datetime | None) -> Sequence[InboundEvent] | WebhookReply:
        if at is None:
            raise InvalidInput("An event needs the time at which it came.")
        if "command" in whole:
            if whole.get("channel_id") in self.staff_channels:  # a staff member's, and answered at once
                return []
            return [self._command(whole, at)]
        if "ssl_check" in whole:  # Slack looks at the certificate now and then
            return []
        kind = wire.named(whole, "type")
        if kind == "url_verification":
            return WebhookReply(body=wire.named(whole, "challenge").encode("utf-8", "replace"))
        if kind == "event_callback":
            return self._event(whole)
        if kind == "block_actions":
            return self._pressed(whole)
        if kind == "view_submission" and FOUND in whole:
            form = read_form(whole)
            key = EventKey(CHANNEL, self.account, view_event(form.view_id))
            return self._order(whole, slack_id(wire.part(whole, "team").get("id")), form.user, key, words_of(form), at)
        if kind == "view_submission":
            return self._staff.filled_in(whole, at, self.staff_channels)
        return []

    def _event(self, whole: Json) -> list[InboundEvent]:
        event = wire.part(whole, "event")
        kind = wire.named(event, "type")
        if kind in ("reaction_added", "reaction_removed"):
            return self._reaction(event, whole)
        if kind not in ("message", "app_mention"):
            return []
        match wire.text(event, "subtype"):
            case "message_changed":
                return self._changed(event, whole)
            case "message_deleted":
                return self._deleted(event, whole)
        return self.message({**event, OUTSIDE: whole.get(OUTSIDE)}, team_of(whole), own=own_user(whole))

    def message(self, event: Json, team: str, *, own: str | None) -> list[InboundEvent]:
        """A message, from an event or from the history; none when it is not a person's, or not to us.

        A reply in a channel's thread is returned whether or not the thread is one of ours, which only memory can tell.
        """
        channel, user = slack_id(event.get("channel")), wire.text(event, "user")
        if wire.text(event, "subtype") not in _SAID or not _person(event, user, own):
            return []
        ts, place = timestamp(event.get("ts")), self.place(event, team)
        if channel in self.staff_channels:
            kept = [one for one in wire.parts(event, "files") if _is_visible(one) and one.get("mode") != EXTERNAL]
            return self._staff.message(event, team, tuple(_file(one, team) for one in kept), own)
        written, files = wire.text(event, "text"), [one for one in wire.parts(event, "files") if _is_visible(one)]
        first = not place.direct and event.get("thread_ts") in (None, ts)
        to_us = True if wire.text(event, "type") == "app_mention" else addressed(written, own)
        named = to_us is True
        if to_us is None and self.modes.begin(channel, in_thread=not first):
            to_us = True
        if first and not to_us:
            return []
        text = "\n".join([part for part in (plain(written, self.names, own=own), *self._more(event, files)) if part])
        refs = tuple(_file(one, team) for one in files if one.get("mode") != EXTERNAL)
        action = None
        if not text and not refs:
            if not named:
                return []
            text, action = words(self.names.locale(user), self.language).hello, CustomerAction.GREETING
        sender = self._sender(user, event)
        return [
            MessageReceived(
                key=message_key(self.account, channel, ts),
                conversation=place.conversation(self.account),
                sender=sender,
                text=text,
                sent_at=time_of(ts),
                attachments=refs,
                action=action,
                locale=sender.locale,
                shared=not place.direct,
                addressed=None if place.direct else to_us,
                by_staff=not place.direct and self.is_colleague(user, event),
            )
        ]

    def place(self, message: Json, team: str) -> Place:
        """The conversation of a message: its thread; in direct messages the channel, where no thread was begun."""
        channel, thread = slack_id(message.get("channel")), message.get("thread_ts")
        if thread is None and (channel[0] != "D" or self.agent_view):
            thread = message.get("ts")
        return Place(team, channel, None if thread is None else timestamp(thread))

    def _more(self, event: Json, files: Sequence[Json]) -> list[str]:
        """What a message holds besides its text: forwarded messages, and files that live elsewhere."""
        quoted = [
            f"> {plain(wire.text(one, 'text'), self.names)}"
            for one in wire.parts(event, "attachments")
            if (one.get("is_share") or one.get("is_msg_unfurl")) and one.get("text")
        ]
        return [*quoted, *elsewhere(files)]

    def _changed(self, event: Json, whole: Json) -> list[InboundEvent]:
        """A preview that Slack adds also changes a message; only what its author changed counts."""
        channel = slack_id(event.get("channel"))
        new, before = wire.part(event, "message"), event.get("previous_message")
        old = before if isinstance(before, dict) else {}
        if wire.text(new, "subtype") == "tombstone":
            return self._deleted({**event, "deleted_ts": new.get("ts"), "previous_message": {**old, **new}}, whole)
        own = own_user(whole)
        if not _person(new, wire.text(new, "user"), own):
            return []
        if "edited" not in new or new.get("text") == old.get("text"):
            return []
        if channel in self.staff_channels:
            at = wire.named(event, "ts")
            return self._staff.changed(new, old, channel, team_of(whole), self._key(whole), at, own)
        place = self.place({**new, "channel": channel}, team_of(whole))
        changed = MessageEdited(
            key=self._key(whole),
            conversation=place.conversation(self.account),
            target=message_key(self.account, channel, timestamp(new.get("ts"))),
            text=plain(wire.text(new, "text"), self.names, own=own),
            sent_at=time_of(wire.named(event, "ts")),
        )
        return [changed]

    def _deleted(self, event: Json, whole: Json) -> list[InboundEvent]:
        channel, ts = slack_id(event.get("channel")), timestamp(event.get("deleted_ts"))
        before = event.get("previous_message")
        old = before if isinstance(before, dict) else {}
        ours = own_user(whole)
        if old.get("bot_id") or (ours and old.get("user") == ours):
            root = channel in self.staff_channels and old.get("thread_ts") in (None, ts)
            return [self._staff.card_gone(channel, ts, team_of(whole), self._key(whole), event)] if root else []
        if channel in self.staff_channels:
            at = wire.named(event, "ts")
            return self._staff.deleted(old, channel, ts, team_of(whole), self._key(whole), at, ours)
        place = self.place({**old, "channel": channel, "ts": ts}, team_of(whole))
        return [
            MessageDeleted(
                key=self._key(whole),
                conversation=place.conversation(self.account),
                target=message_key(self.account, channel, ts),
                sent_at=time_of(wire.named(event, "ts")),
            )
        ]

    def _reaction(self, event: Json, whole: Json) -> list[InboundEvent]:
        """Slack does not say in which thread the message is; where it is not its own thread, memory knows."""
        item, user = wire.part(event, "item"), slack_id(event.get("user"))
        if item.get("type") != "message" or user == own_user(whole):
            return []
        channel, ts = slack_id(item.get("channel")), timestamp(item.get("ts"))
        if FOUND in whole:
            return self._order(
                whole, team_of(whole), user, self._key(whole), "", time_of(wire.named(event, "event_ts"))
            )
        if channel in self.staff_channels:
            return [self._staff.reacted(event, team_of(whole), self._key(whole))]
        place = self.place({"channel": channel, "ts": ts}, team_of(whole))
        return [
            ReactionChanged(
                key=self._key(whole),
                conversation=place.conversation(self.account),
                target=message_key(self.account, channel, ts),
                sender=self._sender(user),
                emoji=character(wire.named(event, "reaction")),
                present=event.get("type") == "reaction_added",
                sent_at=time_of(wire.named(event, "event_ts")),
            )
        ]

    def _order(self, whole: Json, team: str, user: str, key: EventKey, text: str, at: datetime) -> list[InboundEvent]:
        """A case for a message's author: what they wrote, which the agent leaves alone, and the order; none for staff's own."""
        message = wire.part(whole, FOUND)
        found = self.message({**message, "type": "app_mention"}, team, own=None)
        said = next((one for one in found if isinstance(one, MessageReceived)), None)
        if said is None or message.get("channel") in self.staff_channels:
            return []
        order = MessageReceived(
            key=key,
            conversation=Place.of(said.conversation.thread).questions(self.account),
            sender=self._sender(user),
            text=text,
            sent_at=at,
            action=StaffAction.OPEN_CASE,
            reply_to=said.key.provider_event_id,
            audience=Audience.STAFF,
        )
        return [replace(said, action=None, for_record=True), order]

    def _pressed(self, whole: Json) -> list[InboundEvent]:
        """Our own buttons carry the conversation that they belong to; others (links) need no answer."""
        found: list[InboundEvent] = []
        for action in wire.parts(whole, "actions"):
            name = wire.text(action, "action_id")
            if name == PERSON or name.startswith(CHOICE):
                found.append(self._press(whole, action, CustomerAction.REQUEST_PERSON if name == PERSON else None))
            elif name.startswith(RATING):
                rated = self._press(whole, action, CustomerAction.RATE)
                of = wire.named(action, "value").partition(" ")[2]
                found.append(replace(rated, text=name.removeprefix(RATING), shared=False, reply_to=of))
            elif name == FEEDBACK:
                found += self._rating(whole, action)
            elif name in ACTIONS:
                found.append(self._staff.pressed(whole, action, self.staff_channels))
        return found

    def _press(self, whole: Json, action: Json, meant: CustomerAction | None) -> MessageReceived:
        """What stands on a button, which its value tells as well where it is a choice."""
        thread, _, chosen = wire.named(action, "value").partition(" ")
        user, place = slack_id(wire.part(whole, "user").get("id")), Place.of(thread)
        at = timestamp(action.get("action_ts"))
        sender = self._sender(user)
        return MessageReceived(
            key=EventKey(CHANNEL, self.account, f"a/{user}/{at}"),
            conversation=place.conversation(self.account),
            sender=sender,
            text=unescaped(chosen or wire.text(wire.part(action, "text"), "text"))
            or words(sender.locale, self.language).person,
            sent_at=time_of(at),
            action=meant,
            locale=sender.locale,
            shared=not place.direct,
        )

    def _rating(self, whole: Json, action: Json) -> list[ReactionChanged]:
        """One thumb is up and the other is down: the last press counts.

        Slack tells of every press, also of a thumb that is pressed already, and of none that is taken back
        (github.com/slackapi/bolt-python/issues/1435): so pressing again changes nothing.
        """
        rating, _, thread = wire.named(action, "value").partition(" ")
        if rating not in RATINGS:
            raise InvalidInput(f"There is no rating {rating[:_LONG]!r}.")
        user, place = slack_id(wire.part(whole, "user").get("id")), Place.of(thread)
        channel = slack_id(wire.part(whole, "channel").get("id"))
        at = timestamp(action.get("action_ts"))
        target = message_key(self.account, channel, timestamp(wire.part(whole, "message").get("ts")))
        return [
            ReactionChanged(
                key=EventKey(CHANNEL, self.account, f"a/{user}/{at}/{name}"),
                conversation=place.conversation(self.account),
                target=target,
                sender=self._sender(user),
                emoji=emoji,
                present=name == rating,
                sent_at=time_of(at),
            )
            for name, emoji in RATINGS.items()
        ]

    def _command(self, whole: Json, at: datetime) -> MessageReceived:
        """A slash command can be given anywhere; the answer goes to the person's direct messages."""
        team, user = slack_id(whole.get("team_id")), slack_id(whole.get("user_id"))
        said = plain(wire.text(whole, "text"), self.names)
        action = _COMMANDS.get(said.lower())
        sender = self._sender(user)
        return MessageReceived(
            key=EventKey(CHANNEL, self.account, f"c/{wire.named(whole, 'trigger_id')}"),
            conversation=Place(team, user).conversation(self.account),
            sender=sender,
            text=said or words(sender.locale, self.language).hello,
            sent_at=at,
            action=action,
            locale=sender.locale,
        )

    @property
    def _staff(self) -> StaffReader:
        return StaffReader(self.account, self.names)

    def _sender(self, user: str, event: Json | None = None) -> Identity:
        """A person. ``event``: their message, which has their profile where they are of another workspace."""
        known, profile = slack_id(user), (event or {}).get("user_profile")
        shown = (profile.get("display_name") or profile.get("real_name")) if isinstance(profile, dict) else None
        name = self.names.person(known) or (shown if isinstance(shown, str) else None)
        locale = self.names.locale(known)
        return Identity(CHANNEL, self.account, known, display_name=name, verified=True, locale=locale)

    def _key(self, whole: Json) -> EventKey:
        return EventKey(CHANNEL, self.account, f"e/{slack_id(wire.named(whole, 'event_id').upper())}")


def team_of(whole: Json) -> str:
    """The workspace that installed the app, which in a shared channel need not be the author's. Raises InvalidInput."""
    for one in wire.parts(whole, "authorizations"):
        found = one.get("team_id") or one.get("enterprise_id")
        if found:
            return slack_id(found)
    return slack_id(whole.get("team_id") or whole.get("enterprise_id"))


def own_user(whole: Json) -> str | None:
    """The app's own user there, whom people mention."""
    for one in wire.parts(whole, "authorizations"):
        if one.get("is_bot") and isinstance(one.get("user_id"), str):
            return str(one["user_id"])
    return None


def _person(message: Json, user: str, own: str | None) -> bool:
    bot = message.get("bot_id") or message.get("bot_profile") or message.get("subtype") == "bot_message"
    return bool(user) and not bot and user not in (own, "USLACKBOT")


def _is_visible(file: Json) -> bool:
    return str(file.get("mode")) not in _HIDDEN and isinstance(file.get("id"), str)


def _file(file: Json, team: str) -> AttachmentRef:
    size = file.get("size")
    return AttachmentRef(
        id=f"{team}/{slack_id(file.get('id'))}",
        name=wire.text(file, "name") or wire.text(file, "title") or "file",
        media_type=wire.text(file, "mimetype") or None,
        size=size if isinstance(size, int) else None,
    )
