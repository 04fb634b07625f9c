"""An update to what it means. Pure: https://core.telegram.org/bots/api#update.

An album reaches us as one update per picture. Each becomes a message of its own, and the hub's burst window makes one turn
of them, growing with each picture (groups: see albums). Telegram tells bots nothing of deleted messages.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from channels.telegram.addressing import (
    GROUPS,
    Albums,
    Bot,
    Command,
    Homes,
    album_key,
    command_of,
    is_for,
    is_meant,
    without_mention,
)
from channels.telegram.albums import Part
from channels.telegram.content import Content, content_of
from channels.telegram.settings import CHANNEL
from channels.telegram.wire import CallbackQuery, Chat, Message, Reaction, ReactionType, Update, User
from channels.telegram.words import TALK, TOO_LATE, say
from core.domain.customer import Identity
from core.domain.errors import InvalidInput
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import (
    CustomerAction,
    InboundEvent,
    MessageEdited,
    MessageReceived,
    RawEvent,
    ReactionChanged,
)
from core.ports.channel import WebhookReply

PERSON: Final = "person"
"""``callback_data`` of the button that asks for a person, and the deep link's ``?start=`` that does."""
CHOICE: Final = "choice/"
"""``callback_data`` of the buttons below a question back begins with it; what stands on the button is what is said."""
_MALFORMED = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, OSError, RecursionError)
_ACTIONS: Mapping[str, CustomerAction] = {
    "start": CustomerAction.GREETING,
    "help": CustomerAction.GREETING,
    "human": CustomerAction.REQUEST_PERSON,
    "new": CustomerAction.START_OVER,
}


@dataclass(frozen=True, slots=True)
class Reader:
    """Everything that the meaning of an update depends on besides itself."""

    bot: Bot
    button_life: timedelta
    albums: Albums = field(default_factory=Albums)
    homes: Homes = field(default_factory=Homes)

    def read(self, raw: RawEvent) -> Sequence[InboundEvent] | WebhookReply:
        """See Channel.parse. A button that is too old is answered at once: the reply is a call that Telegram makes."""
        if raw.received_at is None:
            raise InvalidInput("An update needs the time at which it came.")
        update = decode(raw.body)
        try:
            for kind, understand in _KINDS.items():
                if kind in update:
                    return understand(
                        self, cast("Mapping[str, Any]", update)[kind], update["update_id"], raw.received_at
                    )
        except _MALFORMED as error:
            raise InvalidInput(
                f"This update is not as Telegram describes it: {type(error).__name__} {error}"
            ) from error
        return []

    def message(self, message: Message, update_id: int, at: datetime) -> Sequence[InboundEvent]:
        """A message: nothing when it is not for us, or has nothing in it for anybody."""
        content = self._meant_for_us(message)
        if content is None:
            return []
        text, locale = self._text(message, content), message["from"].get("language_code") if "from" in message else None
        received = MessageReceived(
            key=self._event(message_id(message)),
            conversation=self.conversation(message),
            sender=self._sender(message),
            text=text,
            sent_at=_time(message["date"]),
            attachments=content.files,
            locale=locale,
            reply_to=message_id(message["reply_to_message"]) if "reply_to_message" in message else None,
            album=message.get("media_group_id"),
            shared=_is_shared(message),
        )
        command = command_of(content.marked.text, self.bot)
        return [received if command is None else _commanded(received, command)]

    def edited(self, message: Message, update_id: int, at: datetime) -> Sequence[InboundEvent]:
        """An edit; the update's id tells two of them within one second apart."""
        content = self._meant_for_us(message)
        if content is None:
            return []
        return [
            MessageEdited(
                key=self._event(f"u/{update_id}"),
                conversation=self.conversation(message),
                target=self._event(message_id(message)),
                text=self._text(message, content),
                sent_at=_time(message.get("edit_date") or message["date"]),
            )
        ]

    def reaction(self, reaction: Reaction, update_id: int, at: datetime) -> Sequence[InboundEvent]:
        """One event for each emoji that was put or taken off. Telegram does not say in which topic."""
        old, new = ([_emoji(one) for one in reaction[side]] for side in ("old_reaction", "new_reaction"))
        changes = [(emoji, True) for emoji in new if emoji not in old]
        changes += [(emoji, False) for emoji in old if emoji not in new]
        chat, sender = reaction["chat"]["id"], self._person(reaction.get("user"), reaction.get("actor_chat"))
        return [
            ReactionChanged(
                key=self._event(f"u/{update_id}/{number}"),
                conversation=self._conversation(str(self.homes.of(chat))),
                target=self._event(f"m/{chat}/{reaction['message_id']}"),
                sender=sender,
                emoji=emoji,
                present=present,
                sent_at=_time(reaction["date"]),
            )
            for number, (emoji, present) in enumerate(changes)
        ]

    def pressed(self, query: CallbackQuery, update_id: int, at: datetime) -> Sequence[InboundEvent] | WebhookReply:
        """A button below one of our messages. Its age is that of the message, by Telegram's own clock."""
        message, locale = query.get("message"), query["from"].get("language_code")
        data = query.get("data") or ""
        if message is None:
            return _answer(query["id"], None)
        chosen = _label(message, data) if data.startswith(CHOICE) else None
        if data != PERSON and chosen is None:
            return _answer(query["id"], None)
        if at - _time(message["date"]) > self.button_life:  # a message out of our reach has the date 0
            return _answer(query["id"], say(TOO_LATE, locale))
        # By one button each member asks for a person once; a choice may be made again, after its answer failed.
        place = f"{message['chat']['id']}/{message['message_id']}"
        press = f"choice/{query['id']}" if chosen else f"press/{place}/{data}/{query['from']['id']}"
        return [
            MessageReceived(
                key=self._event(press),
                conversation=self.conversation(message),
                sender=self._person(query["from"], None),
                text=chosen or say(TALK, locale),
                sent_at=at,
                action=None if chosen else CustomerAction.REQUEST_PERSON,
                locale=locale,
                shared=_is_shared(message),
            )
        ]

    def part_of_album(self, update: Any) -> Part | None:
        """What an update is of an album in a group; None for all else, and for what is not as Telegram describes it."""
        try:
            new = "message" in update
            message: Any = update.get("message") or update.get("edited_message") or {}
            album = message.get("media_group_id")
            content = content_of(message) if album is not None and message["chat"]["type"] in GROUPS else None
            if content is None:
                return None
            ours = is_meant(self.bot, message, content.marked)
            return Part(album_key(message), int(message["message_id"]), ours, new)
        except _MALFORMED:
            return None

    def conversation(self, message: Message) -> ConversationKey:
        """A chat, or one topic of a chat that has topics; a group that has moved stays the one that it was."""
        topic = message.get("message_thread_id") if message.get("is_topic_message") else None
        chat = self.homes.of(message["chat"]["id"])
        return self._conversation(f"{chat}/{topic}" if topic is not None else str(chat))

    def _meant_for_us(self, message: Message) -> Content | None:
        """What is in it; None when it was not written for the bot, or not by a person."""
        group = message["chat"]["type"] in GROUPS
        if not (group or message["chat"]["type"] == "private") or message.get("is_automatic_forward"):
            return None
        if message.get("from", {}).get("is_bot") and "sender_chat" not in message:
            return None
        content = content_of(message)
        if content is None or (group and not is_for(self.bot, message, content.marked, self.albums)):
            return None
        return content

    def _text(self, message: Message, content: Content) -> str:
        typed = content.marked.readable()
        if message["chat"]["type"] in GROUPS:
            typed = without_mention(typed, self.bot)
        quote = message.get("quote", {})
        quoted = "".join(f"> {line}\n" for line in quote["text"].splitlines()) if quote.get("is_manual") else ""
        return "\n".join(filter(None, [quoted + typed, *content.lines]))

    def _sender(self, message: Message) -> Identity:
        # An administrator who hides behind the group writes as that group, through a bot of Telegram's.
        return self._person(message.get("from"), message.get("sender_chat"))

    def _person(self, user: User | None, chat: Chat | None) -> Identity:
        """Telegram vouches for who writes; a chat stands for a person who hides behind it."""
        account = str(self.bot.id)
        if chat is not None:
            return Identity(CHANNEL, account, f"chat/{chat['id']}", display_name=chat.get("title"))
        if user is None:
            raise InvalidInput("An update says neither who wrote nor for whom.")
        name = f"{user.get('first_name', '')} {user.get('last_name', '')}".strip() or user.get("username")
        locale = user.get("language_code")
        return Identity(CHANNEL, account, str(user["id"]), display_name=name, verified=True, locale=locale)

    def _event(self, id: str) -> EventKey:
        return EventKey(CHANNEL, str(self.bot.id), id)

    def _conversation(self, thread: str) -> ConversationKey:
        return ConversationKey(CHANNEL, str(self.bot.id), thread)


def decode(body: bytes) -> Update:
    """Raises InvalidInput for anything but an object with an ``update_id``."""
    try:
        update = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidInput("This is not JSON.") from error
    if not isinstance(update, dict) or not isinstance(update.get("update_id"), int):
        raise InvalidInput("This is not an update of the Bot API.")
    return cast("Update", update)


def message_id(message: Message) -> str:
    """How edits, reactions and receipts name a message: unique in the chat only, so the chat is part of it."""
    return f"m/{int(message['chat']['id'])}/{int(message['message_id'])}"


def _is_shared(message: Message) -> bool:
    """Whether others read it: all chats are groups but those that are private."""
    return message["chat"].get("type") != "private"


def _commanded(received: MessageReceived, command: Command) -> MessageReceived:
    action, text = _ACTIONS[command.name], f"/{command.name} {command.rest}".strip()
    if command.name == "human":
        text = command.rest or say(TALK, received.locale)
    elif command.name == "start" and command.rest in (PERSON, "human"):
        action, text = CustomerAction.REQUEST_PERSON, say(TALK, received.locale)
    return replace(received, action=action, text=text)


def _label(message: Message, data: str) -> str | None:
    """What stands on a button of the message."""
    keyboard = message.get("reply_markup")
    rows = keyboard["inline_keyboard"] if keyboard is not None else []
    return next((button["text"] for row in rows for button in row if button.get("callback_data") == data), None)


def _emoji(reaction: ReactionType) -> str:
    if reaction["type"] == "emoji":
        return reaction["emoji"]
    return f":custom_{reaction['custom_emoji_id']}:" if reaction["type"] == "custom_emoji" else f":{reaction['type']}:"


def _answer(query: str, text: str | None) -> WebhookReply:
    call: dict[str, Any] = {"method": "answerCallbackQuery", "callback_query_id": query}
    if text is not None:
        call |= {"text": text, "show_alert": True}
    return WebhookReply(body=json.dumps(call, ensure_ascii=False).encode(), content_type="application/json")


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


_Understand = Callable[[Reader, Any, int, datetime], Sequence[InboundEvent] | WebhookReply]
_KINDS: Mapping[str, _Understand] = {
    "message": Reader.message,
    "edited_message": Reader.edited,
    "message_reaction": Reader.reaction,
    "callback_query": Reader.pressed,
}
