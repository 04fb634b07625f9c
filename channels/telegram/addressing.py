"""Whom a message in a group is for. In a private chat everything is for the bot. Pure, but for the albums it remembers."""

from __future__ import annotations

import re
import string
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from telegram import Message

from channels.telegram.entities import Marked

GROUPS: Final = frozenset({"group", "supergroup"})
COMMANDS: Final = frozenset({"start", "help", "human", "new"})
_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]+))?(?:\s+(.*))?", re.DOTALL)
_REMEMBERED = 512


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


class Albums:
    """The last albums that are known to be for the bot: only one picture of an album has a caption, and so a mention."""

    def __init__(self) -> None:
        self._ours: OrderedDict[str, None] = OrderedDict()

    def note(self, album: str) -> None:
        """This one is ours."""
        self._ours[album] = None
        if len(self._ours) > _REMEMBERED:
            self._ours.popitem(last=False)

    def __contains__(self, album: object) -> bool:
        return album in self._ours


class Homes:
    """Under which id the conversation of a group began that has another one since: a second one would be a second voice."""

    def __init__(self) -> None:
        self._began: dict[int, int] = {}

    def note(self, chat: int, began: int) -> None:
        """``chat`` was ``began`` before it became a supergroup, which happens once."""
        self._began[chat] = began

    def of(self, chat: int) -> int:
        """The same where it never moved, as far as is known."""
        return self._began.get(chat, chat)

    def __contains__(self, chat: object) -> bool:
        return chat in self._began


def command_of(text: str, bot: Bot) -> Command | None:
    """One of our commands at the beginning of the text, unless it names another bot."""
    found = _COMMAND.fullmatch(text.strip())
    if found is None or found[1].lower() not in COMMANDS:
        return None
    if found[2] and not bot.is_called(found[2]):
        return None
    return Command(found[1].lower(), (found[3] or "").strip())


def is_for(bot: Bot, message: Message, marked: Marked, albums: Albums) -> bool:
    """A mention, a command, an answer to something that the bot said, or a further picture of such an album."""
    return is_meant(bot, message, marked) or (message.media_group_id is not None and album_key(message) in albums)


def is_meant(bot: Bot, message: Message, marked: Marked) -> bool:
    """Whether this message says so by itself."""
    return _answers(bot, message) or _mentions(bot, marked) or command_of(marked.text, bot) is not None


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
