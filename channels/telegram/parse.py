"""An update to what it means. Pure: https://core.telegram.org/bots/api#update.

An album reaches us as one update per picture. Each becomes a message of its own, and the hub's burst window makes one turn
of them, growing with each picture (groups: see albums). Telegram tells bots nothing of deleted messages.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from telegram import (
    CallbackQuery,
    Chat,
    MaybeInaccessibleMessage,
    Message,
    MessageReactionUpdated,
    ReactionType,
    ReactionTypeCustomEmoji,
    ReactionTypeEmoji,
    Update,
    User,
)
from telegram.constants import ChatType

from channels.bounded import Bounded
from channels.group_modes import MENTIONS_ONLY, Modes
from channels.staff_rule import StaffRule
from channels.telegram.addressing import (
    GROUPS,
    Bot,
    Command,
    addressed,
    album_key,
    command_of,
    is_for,
    is_meant,
    without_mention,
)
from channels.telegram.content import Content, content_of
from channels.telegram.settings import CHANNEL
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
_ALBUMS = 512
_MALFORMED = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, OSError, RecursionError)
_ACTIONS: Mapping[str, CustomerAction] = {
    "start": CustomerAction.GREETING,
    "help": CustomerAction.GREETING,
    "human": CustomerAction.REQUEST_PERSON,
    "new": CustomerAction.START_OVER,
}


@dataclass(frozen=True, slots=True)
class Part:
    """One message of an album in a group. ``ours``: it says itself that it is for the bot. ``new``: no edit of one."""

    album: str
    number: int
    ours: bool
    new: bool


@dataclass(slots=True)
class Reader:
    """Everything that the meaning of an update depends on besides itself.

    ``albums``: the last that are known to be for the bot, as only one picture of an album has a caption, and so a mention.
    ``homes``: under which id the conversation of a group began that has become a supergroup, and has another id since. Both
    hold only what is noted durably. ``modes``: what is heard in groups.
    ``staff_rule``: who is a colleague there.
    """

    bot: Bot
    button_life: timedelta
    modes: Modes = MENTIONS_ONLY
    staff_rule: StaffRule = field(default_factory=StaffRule)
    albums: Bounded[str, None] = field(default_factory=lambda: Bounded(_ALBUMS))
    homes: dict[int, int] = field(default_factory=dict)

    def introduce(self, username: str) -> None:
        """Telegram has said the bot's name."""
        self.bot = replace(self.bot, username=username)

    def read(self, raw: RawEvent) -> Sequence[InboundEvent] | WebhookReply:
        """See Channel.parse. A button that is too old is answered at once: the reply is a call that Telegram makes."""
        if raw.received_at is None:
            raise InvalidInput("An update needs the time at which it came.")
        return self.events(decode(raw.body), raw.received_at)

    def events(self, update: Update, at: datetime) -> Sequence[InboundEvent] | WebhookReply:
        """What it means. Raises InvalidInput."""
        try:
            for kind, understand in _KINDS.items():
                if (inside := getattr(update, kind)) is not None:
                    return understand(self, inside, update.update_id, at)
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
        received = MessageReceived(
            key=self._event(message_id(message)),
            conversation=self.conversation(message),
            sender=self._sender(message),
            text=self._text(message, content),
            sent_at=message.date,
            attachments=content.files,
            locale=message.from_user.language_code if message.from_user is not None else None,
            reply_to=message_id(message.reply_to_message) if message.reply_to_message is not None else None,
            album=message.media_group_id,
            shared=_is_shared(message),
            addressed=self._addressed(message, content) if _is_shared(message) else None,
            by_staff=_is_shared(message) and self._is_staff(message),
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
                sent_at=message.edit_date or message.date,
            )
        ]

    def reaction(self, reaction: MessageReactionUpdated, update_id: int, at: datetime) -> Sequence[InboundEvent]:
        """One event for each emoji that was put or taken off. Telegram does not say in which topic."""
        old, new = ([_emoji(one) for one in side] for side in (reaction.old_reaction, reaction.new_reaction))
        changes = [(emoji, True) for emoji in new if emoji not in old]
        changes += [(emoji, False) for emoji in old if emoji not in new]
        chat, sender = reaction.chat.id, self._person(reaction.user, reaction.actor_chat)
        return [
            ReactionChanged(
                key=self._event(f"u/{update_id}/{number}"),
                conversation=self._conversation(str(self.homes.get(chat, chat))),
                target=self._event(f"m/{chat}/{reaction.message_id}"),
                sender=sender,
                emoji=emoji,
                present=present,
                sent_at=reaction.date,
            )
            for number, (emoji, present) in enumerate(changes)
        ]

    def pressed(self, query: CallbackQuery, update_id: int, at: datetime) -> Sequence[InboundEvent] | WebhookReply:
        """A button below one of our messages. Its age is that of the message, by Telegram's own clock."""
        message, locale, data = query.message, query.from_user.language_code, query.data or ""
        chosen = _label(message, data) if isinstance(message, Message) and data.startswith(CHOICE) else None
        if message is None or (data != PERSON and chosen is None):
            return _answer(query.id, None)
        if at - message.date > self.button_life:  # a message out of our reach has the date 0
            return _answer(query.id, say(TOO_LATE, locale))
        # By one button each member asks for a person once; a choice may be made again, after its answer failed.
        place = f"{message.chat.id}/{message.message_id}"
        press = f"choice/{query.id}" if chosen else f"press/{place}/{data}/{query.from_user.id}"
        return [
            MessageReceived(
                key=self._event(press),
                conversation=self.conversation(message),
                sender=self._person(query.from_user, None),
                text=chosen or say(TALK, locale),
                sent_at=at,
                action=None if chosen else CustomerAction.REQUEST_PERSON,
                locale=locale,
                shared=_is_shared(message),
            )
        ]

    def part_of_album(self, update: Update) -> Part | None:
        """What an update is of an album in a group; None for all else, and for what will be refused when it is read."""
        message = update.message or update.edited_message
        try:
            if message is None or message.media_group_id is None or message.chat.type not in GROUPS:
                return None
            if self._hears_all(message):
                return None
            content = content_of(message)
            if content is None:
                return None
            ours = is_meant(self.bot, message, content.marked)
            return Part(album_key(message), int(message.message_id), ours, update.message is not None)
        except _MALFORMED:
            return None

    def conversation(self, message: MaybeInaccessibleMessage) -> ConversationKey:
        """A chat, or one topic of a chat that has topics; a group that has moved stays the one that it was."""
        in_topic = isinstance(message, Message) and message.is_topic_message
        topic = message.message_thread_id if isinstance(message, Message) and in_topic else None
        chat = self.homes.get(message.chat.id, message.chat.id)
        return self._conversation(f"{chat}/{topic}" if topic is not None else str(chat))

    def _meant_for_us(self, message: Message) -> Content | None:
        """What is in it; None when it was not written for the bot, or not by a person."""
        group, author = message.chat.type in GROUPS, message.from_user
        if not (group or message.chat.type == ChatType.PRIVATE) or message.is_automatic_forward:
            return None
        if author is not None and author.is_bot and message.sender_chat is None:
            return None
        content = content_of(message)
        if content is None or not group or self._hears_all(message):
            return content
        return content if is_for(self.bot, message, content.marked, self.albums) else None

    def _is_staff(self, message: Message) -> bool:
        user = message.from_user
        return user is not None and self.staff_rule.overridden(str(user.id)) is True

    def _addressed(self, message: Message, content: Content) -> bool | None:
        says = addressed(self.bot, message, content.marked)
        return True if says is None and self._hears_all(message) else says

    def _hears_all(self, message: Message) -> bool:
        return self.modes.begin(str(int(message.chat.id)), in_thread=False)

    def _text(self, message: Message, content: Content) -> str:
        typed = content.marked.readable()
        if message.chat.type in GROUPS:
            typed = without_mention(typed, self.bot)
        quote = message.quote
        quoted = "".join(f"> {line}\n" for line in quote.text.splitlines()) if quote and quote.is_manual else ""
        return "\n".join(filter(None, [quoted + typed, *content.lines]))

    def _sender(self, message: Message) -> Identity:
        # An administrator who hides behind the group writes as that group, through a bot of Telegram's.
        return self._person(message.from_user, message.sender_chat)

    def _person(self, user: User | None, chat: Chat | None) -> Identity:
        """Telegram vouches for who writes; a chat stands for a person who hides behind it."""
        account = str(self.bot.id)
        if chat is not None:
            return Identity(CHANNEL, account, f"chat/{chat.id}", display_name=chat.title)
        if user is None:
            raise InvalidInput("An update says neither who wrote nor for whom.")
        return Identity(
            CHANNEL, account, str(user.id), display_name=user.full_name, verified=True, locale=user.language_code
        )

    def _event(self, id: str) -> EventKey:
        return EventKey(CHANNEL, str(self.bot.id), id)

    def _conversation(self, thread: str) -> ConversationKey:
        return ConversationKey(CHANNEL, str(self.bot.id), thread)


def decode(body: bytes) -> Update:
    """Raises InvalidInput for what is not an update as Telegram describes it."""
    try:
        return parse_update(json.loads(body))
    except (ValueError, RecursionError) as error:
        raise InvalidInput("This is not JSON.") from error


def parse_update(fields: Any) -> Update:
    """The same of decoded JSON. The library checks no types, so those are checked that are used before an update is read."""
    try:
        update = Update.de_json(fields)
        chat, message, change = update.effective_chat, update.message, update.my_chat_member
        ids = [update.update_id, chat.id if chat is not None else 0]
        if message is not None:
            ids += [message.migrate_to_chat_id or 0, message.migrate_from_chat_id or 0]
        status: object = change.new_chat_member.status if change is not None else ""
    except Exception as error:
        raise InvalidInput(f"This is not an update of the Bot API: {type(error).__name__} {error}") from error
    if not isinstance(status, str) or not all(isinstance(one, int) for one in ids):
        raise InvalidInput("This update is not as Telegram describes it.")
    return update


def message_id(message: Message) -> str:
    """How edits, reactions and receipts name a message: unique in the chat only, so the chat is part of it."""
    return f"m/{int(message.chat_id)}/{int(message.message_id)}"


def _is_shared(message: MaybeInaccessibleMessage) -> bool:
    """Whether others read it: all chats are groups but those that are private."""
    return message.chat.type != ChatType.PRIVATE


def _commanded(received: MessageReceived, command: Command) -> MessageReceived:
    action, text = _ACTIONS[command.name], f"/{command.name} {command.rest}".strip()
    if command.name == "human":
        text = command.rest or say(TALK, received.locale)
    elif command.name == "start" and command.rest in (PERSON, "human"):
        action, text = CustomerAction.REQUEST_PERSON, say(TALK, received.locale)
    return replace(received, action=action, text=text)


def _label(message: Message, data: str) -> str | None:
    """What stands on a button of the message."""
    rows = message.reply_markup.inline_keyboard if message.reply_markup is not None else ()
    return next((button.text for row in rows for button in row if button.callback_data == data), None)


def _emoji(reaction: ReactionType) -> str:
    match reaction:
        case ReactionTypeEmoji():
            return reaction.emoji
        case ReactionTypeCustomEmoji():
            return f":custom_{reaction.custom_emoji_id}:"
    return f":{reaction.type}:"


def _answer(query: str, text: str | None) -> WebhookReply:
    call: dict[str, Any] = {"method": "answerCallbackQuery", "callback_query_id": query}
    if text is not None:
        call |= {"text": text, "show_alert": True}
    return WebhookReply(body=json.dumps(call, ensure_ascii=False).encode(), content_type="application/json")


_Understand = Callable[[Reader, Any, int, datetime], Sequence[InboundEvent] | WebhookReply]
_KINDS: Mapping[str, _Understand] = {
    "message": Reader.message,
    "edited_message": Reader.edited,
    "message_reaction": Reader.reaction,
    "callback_query": Reader.pressed,
}
