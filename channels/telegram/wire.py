"""The part of the Bot API's types that is read here (https://core.telegram.org/bots/api#available-types).

Only what is used is declared, and only ids and dates are demanded: Telegram adds fields and kinds several times a year.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict


class User(TypedDict):
    """https://core.telegram.org/bots/api#user"""

    id: int
    is_bot: bool
    first_name: str
    last_name: NotRequired[str]
    username: NotRequired[str]
    language_code: NotRequired[str]
    can_read_all_group_messages: NotRequired[bool]


class Chat(TypedDict):
    """https://core.telegram.org/bots/api#chat"""

    id: int
    type: str
    title: NotRequired[str]


class Entity(TypedDict):
    """https://core.telegram.org/bots/api#messageentity; ``offset`` and ``length`` count UTF-16 code units."""

    type: str
    offset: int
    length: int
    url: NotRequired[str]
    user: NotRequired[User]


class File(TypedDict):
    """What photos, documents, voice messages and the like have in common."""

    file_id: str
    file_name: NotRequired[str]
    mime_type: NotRequired[str]
    file_size: NotRequired[int]
    emoji: NotRequired[str]
    set_name: NotRequired[str]


class Location(TypedDict):
    """https://core.telegram.org/bots/api#location"""

    latitude: float
    longitude: float


class Venue(TypedDict):
    """https://core.telegram.org/bots/api#venue"""

    location: Location
    title: str
    address: str


class Contact(TypedDict):
    """https://core.telegram.org/bots/api#contact"""

    phone_number: str
    first_name: str
    last_name: NotRequired[str]


class Dice(TypedDict):
    """https://core.telegram.org/bots/api#dice"""

    emoji: str
    value: int


class PollOption(TypedDict):
    """https://core.telegram.org/bots/api#polloption"""

    text: str


class Poll(TypedDict):
    """https://core.telegram.org/bots/api#poll"""

    question: str
    options: list[PollOption]


class Quote(TypedDict):
    """https://core.telegram.org/bots/api#textquote"""

    text: str
    is_manual: NotRequired[bool]


class Button(TypedDict):
    """https://core.telegram.org/bots/api#inlinekeyboardbutton"""

    text: str
    callback_data: NotRequired[str]


class Keyboard(TypedDict):
    """https://core.telegram.org/bots/api#inlinekeyboardmarkup"""

    inline_keyboard: list[list[Button]]


Message = TypedDict(
    "Message",
    {
        "message_id": int,
        "message_thread_id": NotRequired[int],
        "from": NotRequired[User],
        "sender_chat": NotRequired[Chat],
        "date": int,
        "edit_date": NotRequired[int],
        "chat": Chat,
        "is_topic_message": NotRequired[bool],
        "is_automatic_forward": NotRequired[bool],
        "reply_to_message": NotRequired["Message"],
        "quote": NotRequired[Quote],
        "media_group_id": NotRequired[str],
        "text": NotRequired[str],
        "entities": NotRequired[list[Entity]],
        "caption": NotRequired[str],
        "caption_entities": NotRequired[list[Entity]],
        "reply_markup": NotRequired[Keyboard],
        "migrate_to_chat_id": NotRequired[int],
        "migrate_from_chat_id": NotRequired[int],
        "forum_topic_created": NotRequired[dict[str, object]],
    },
)
"""https://core.telegram.org/bots/api#message"""

CallbackQuery = TypedDict(
    "CallbackQuery",
    {"id": str, "from": User, "message": NotRequired[Message], "data": NotRequired[str]},
)
"""https://core.telegram.org/bots/api#callbackquery; ``message.date`` is 0 when it is out of a bot's reach."""


class ReactionType(TypedDict):
    """https://core.telegram.org/bots/api#reactiontype"""

    type: str
    emoji: NotRequired[str]
    custom_emoji_id: NotRequired[str]


class Reaction(TypedDict):
    """https://core.telegram.org/bots/api#messagereactionupdated"""

    chat: Chat
    message_id: int
    user: NotRequired[User]
    actor_chat: NotRequired[Chat]
    date: int
    old_reaction: list[ReactionType]
    new_reaction: list[ReactionType]


class Member(TypedDict):
    """https://core.telegram.org/bots/api#chatmember"""

    status: str


class MembershipChange(TypedDict):
    """https://core.telegram.org/bots/api#chatmemberupdated"""

    chat: Chat
    date: int
    new_chat_member: Member


class Update(TypedDict):
    """https://core.telegram.org/bots/api#update; at most one of the optional fields is there."""

    update_id: int
    message: NotRequired[Message]
    edited_message: NotRequired[Message]
    message_reaction: NotRequired[Reaction]
    callback_query: NotRequired[CallbackQuery]
    my_chat_member: NotRequired[MembershipChange]


WANTED = ("message", "edited_message", "callback_query", "message_reaction", "my_chat_member")
"""``allowed_updates``: reactions are told only to bots that name them."""
