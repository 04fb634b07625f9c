"""Whom a message in a group is for. In a private chat everything is for the bot. Pure."""

from __future__ import annotations

import re
import string
from collections.abc import Container
from dataclasses import dataclass
from typing import Final

from telegram import Message

from channels.telegram.entities import Marked

GROUPS: Final = frozenset({"group", "supergroup"})
COMMANDS: Final = frozenset({"start", "help", "human", "new"})
_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]+))?(?:\s+(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Bot:
    """Who we are. The name is known once Telegram has said it."""

    id: int
    username: str | None = None

    def is_called(self, name: str) -> bool:
        """Whether that user name is ours."""
        return self.username is not None and name.lower() == self.username.lower()


@dataclass(frozen=True, slots=True)
class Command:
    """``name`` without its slash, in lower case; ``rest`` is what follows it."""

    name: str
    rest: str


def command_of(text: str, bot: Bot) -> Command | None:
    """One of our commands at the beginning of the text, unless it names another bot."""
    found = _COMMAND.fullmatch(text.strip())
    if found is None or found[1].lower() not in COMMANDS:
        return None
    if found[2] and not bot.is_called(found[2]):
        return None
    return Command(found[1].lower(), (found[3] or "").strip())


def is_for(bot: Bot, message: Message, marked: Marked, albums: Container[str]) -> bool:
    """A mention, a command, an answer to something that the bot said, or a further picture of such an album."""
    return is_meant(bot, message, marked) or (message.media_group_id is not None and album_key(message) in albums)


def is_meant(bot: Bot, message: Message, marked: Marked) -> bool:
    """Whether this message says so by itself."""
    return _answers(bot, message) or _mentions(bot, marked) or command_of(marked.text, bot) is not None


def addressed(bot: Bot, message: Message, marked: Marked) -> bool | None:
    """Whether it is for the bot, or for whom it mentions, also where it answers the bot, or answers. None: it does not say."""
    if _mentions(bot, marked) or command_of(marked.text, bot) is not None:
        return True
    if any(marked.stretches("mention")) or any(marked.stretches("text_mention")):
        return False
    answered = message.reply_to_message
    if answered is None or answered.forum_topic_created is not None:
        return None
    return _answers(bot, message)


def album_key(message: Message) -> str:
    """One album: its id is unique in a chat."""
    return f"{message.chat_id}/{message.media_group_id}"


def _answers(bot: Bot, message: Message) -> bool:
    answered = message.reply_to_message
    if answered is None or answered.forum_topic_created is not None:  # every message of a topic answers its first one
        return False
    return answered.from_user is not None and answered.from_user.id == bot.id


def _mentions(bot: Bot, marked: Marked) -> bool:
    if any(bot.is_called(name.removeprefix("@")) for _, name in marked.stretches("mention")):
        return True
    if any(entity.user is not None and entity.user.id == bot.id for entity, _ in marked.stretches("text_mention")):
        return True
    return any(bot.is_called(name.partition("@")[2]) for _, name in marked.stretches("bot_command"))


def without_mention(text: str, bot: Bot) -> str:
    """The text as it is meant: a form of address before or after it is no part of it."""
    if bot.username is None:
        return text
    name = re.escape(f"@{bot.username}")
    shorter = re.sub(rf"^{name}\b[\s,:;–-]*", "", text.strip(), flags=re.IGNORECASE)
    if re.search(rf"{name}\Z", shorter[-len(bot.username) - 1 :], flags=re.IGNORECASE):
        shorter = shorter[: -len(bot.username) - 1].rstrip(string.whitespace + ",")
    return shorter if shorter.strip() else text.strip()
