"""What each method of the Bot API does on the fake, and what it refuses."""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from typing import Any

from config.simulation.telegram_html import BadMarks, read_html

BOT_ID = 123456789
_DEFAULT_KINDS = {"message", "edited_message", "callback_query", "my_chat_member", "channel_post", "inline_query"}
_IMAGES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF")
_REACTIONS = frozenset("👍👎❤🔥🥰👏😁🤔🤯😱🤬😢🎉🤩🤮💩🙏👌")
"""Some of those of https://core.telegram.org/bots/api#reactiontypeemoji."""
_MEGABYTE = 1024 * 1024
_CAPITAL = re.compile(r"([A-Z])")


class Refusal(Exception):
    """An answer with ``ok: false``."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


class BotState:
    """One bot as Telegram knows it: what waits for it, where it sends to, and what it has written."""

    def __init__(self, username: str, *, https_only: bool, group_limit: int) -> None:
        self.https_only = https_only
        self.group_limit = group_limit
        self.me: dict[str, Any] = {
            "id": BOT_ID,
            "is_bot": True,
            "first_name": "Acme",
            "username": username,
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        }
        self.sent: list[dict[str, Any]] = []
        self.webhook: dict[str, Any] = {"url": "", "has_custom_certificate": False, "pending_update_count": 0}
        self.secret: str | None = None
        self.kinds: set[str] = set(_DEFAULT_KINDS)
        self.updates: list[dict[str, Any]] = []
        self.chats: dict[int | str, dict[str, Any]] = {}
        self.blocked: set[int] = set()
        self.moved: dict[int, int] = {}
        self.files: dict[str, bytes] = {}
        self.queries: set[str] = set()
        self.reactions: dict[tuple[int | str, int], list[str]] = {}
        self.message_ids = itertools.count(1)
        self.changed = asyncio.Condition()
        self.now: Callable[[], float] = time.time
        self._poll = 0
        self._in_minute: dict[int, deque[float]] = defaultdict(lambda: deque(maxlen=group_limit))

    async def perform(self, method: str, params: dict[str, Any]) -> Any:
        """The result of a call that was checked. Raises Refusal."""
        name = _CAPITAL.sub(lambda capital: f"_{capital[1].lower()}", method)
        return await getattr(self, name)(params)

    async def get_me(self, params: dict[str, Any]) -> Any:
        return self.me

    async def get_updates(self, params: dict[str, Any]) -> Any:
        if self.webhook["url"]:
            said = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            raise Refusal(409, f"Conflict: {said}")
        self.kinds = set(params.get("allowed_updates") or self.kinds)
        self._poll += 1
        mine = self._poll
        async with self.changed:
            self.changed.notify_all()
            self.updates = [one for one in self.updates if one["update_id"] >= params.get("offset", 0)]
            try:
                async with asyncio.timeout(params.get("timeout", 0)):
                    await self.changed.wait_for(lambda: self.updates or self._poll != mine or self.webhook["url"])
            except TimeoutError:
                return []
            if self._poll != mine:
                raise Refusal(409, "Conflict: terminated by other getUpdates request; make sure that only one bot runs")
            return self.updates[: params.get("limit", 100)]

    async def set_webhook(self, params: dict[str, Any]) -> Any:
        if self.https_only and not params["url"].startswith("https://"):
            raise Refusal(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        secret = params.get("secret_token")
        if secret is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
            raise Refusal(400, "Bad Request: secret token contains unallowed characters")
        self.secret = secret
        self.kinds = set(params.get("allowed_updates") or self.kinds)
        self.webhook = {**self.webhook, "url": params["url"], "allowed_updates": sorted(self.kinds)}
        return True

    async def delete_webhook(self, params: dict[str, Any]) -> Any:
        self.webhook = {"url": "", "has_custom_certificate": False, "pending_update_count": 0}
        if params.get("drop_pending_updates"):
            self.updates.clear()
        return True

    async def get_webhook_info(self, params: dict[str, Any]) -> Any:
        return {"pending_update_count": len(self.updates), **_without(self.webhook, "pending_update_count")}

    async def send_message(self, params: dict[str, Any]) -> Any:
        chat = self._chat(params)
        text, entities = _marked(params, "text")
        if not text.strip():
            raise Refusal(400, "Bad Request: message text is empty")
        if _units(text) > 4096:
            raise Refusal(400, "Bad Request: message is too long")
        return self._keep(chat, params, text=text, **({"entities": entities} if entities else {}))

    async def send_photo(self, params: dict[str, Any]) -> Any:
        chat, photo = self._chat(params), params["photo"]
        if not isinstance(photo, bytes) or not photo.startswith(_IMAGES):
            raise Refusal(400, "Bad Request: IMAGE_PROCESS_FAILED")
        if len(photo) > 10 * _MEGABYTE:
            raise Refusal(400, "Bad Request: file is too big")
        size = {"file_id": "p1", "file_unique_id": "p1", "width": 1, "height": 1, "file_size": len(photo)}
        return self._keep(chat, params, photo=[size])

    async def send_video(self, params: dict[str, Any]) -> Any:
        return self._keep_recording("video", params, width=1, height=1)

    async def send_audio(self, params: dict[str, Any]) -> Any:
        return self._keep_recording("audio", params)

    async def send_voice(self, params: dict[str, Any]) -> Any:
        return self._keep_recording("voice", params)

    def _keep_recording(self, kind: str, params: dict[str, Any], **size: int) -> Any:
        chat, data = self._chat(params), params[kind]
        if len(data) > 50 * _MEGABYTE:
            raise Refusal(413, "Request Entity Too Large")
        sent = {"file_id": "r1", "file_unique_id": "r1", "duration": 1, "file_size": len(data), **size}
        return self._keep(chat, params, **{kind: sent})

    async def send_document(self, params: dict[str, Any]) -> Any:
        chat, document = self._chat(params), params["document"]
        if not isinstance(document, bytes) or not document:
            raise Refusal(400, "Bad Request: file must be non-empty")
        if len(document) > 50 * _MEGABYTE:
            raise Refusal(413, "Request Entity Too Large")
        return self._keep(chat, params, document={"file_id": "d1", "file_unique_id": "d1", "file_size": len(document)})

    async def send_chat_action(self, params: dict[str, Any]) -> Any:
        self._chat(params)
        return True

    async def edit_message_reply_markup(self, params: dict[str, Any]) -> Any:
        for one in self.sent:
            if (one["chat"]["id"], one["message_id"]) == (params["chat_id"], params["message_id"]):
                if one.pop("reply_markup", None) == params.get("reply_markup"):
                    raise Refusal(400, "Bad Request: message is not modified")
                return one
        raise Refusal(400, "Bad Request: message to edit not found")

    async def edit_message_text(self, params: dict[str, Any]) -> Any:
        text, entities = _marked(params, "text")
        found = self._own(params, "edit")
        if found.get("text") == text:
            raise Refusal(400, "Bad Request: message is not modified")
        if _units(text) > 4096:
            raise Refusal(400, "Bad Request: message is too long")
        found |= {"text": text, "edit_date": found["date"], "entities": entities}
        return found

    async def delete_message(self, params: dict[str, Any]) -> Any:
        self.sent.remove(self._own(params, "delete"))
        return True

    async def set_message_reaction(self, params: dict[str, Any]) -> Any:
        self._chat(params)
        given = [one["emoji"] for one in params.get("reaction", [])]
        if len(given) > 1 or not set(given) <= _REACTIONS:
            raise Refusal(400, "Bad Request: REACTION_INVALID")
        self.reactions[params["chat_id"], params["message_id"]] = given
        return True

    def _own(self, params: dict[str, Any], what: str) -> dict[str, Any]:
        for one in self.sent:
            if (one["chat"]["id"], one["message_id"]) == (params["chat_id"], params["message_id"]):
                return one
        raise Refusal(400, f"Bad Request: message to {what} not found")

    async def answer_callback_query(self, params: dict[str, Any]) -> Any:
        if len(params.get("text", "")) > 200:
            raise Refusal(400, "Bad Request: MESSAGE_TOO_LONG")
        if params["callback_query_id"] not in self.queries:
            raise Refusal(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        self.queries.discard(params["callback_query_id"])
        return True

    async def get_file(self, params: dict[str, Any]) -> Any:
        data = self.files.get(params["file_id"])
        if data is None:
            raise Refusal(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        if len(data) > 20 * _MEGABYTE:
            raise Refusal(400, "Bad Request: file is too big")
        path = f"documents/{params['file_id']}.bin"
        return {"file_id": params["file_id"], "file_unique_id": "u", "file_size": len(data), "file_path": path}

    async def set_my_commands(self, params: dict[str, Any]) -> Any:
        for one in params["commands"]:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", one["command"]) or not 1 <= len(one["description"]) <= 256:
                raise Refusal(400, "Bad Request: BOT_COMMAND_INVALID")
        return True

    def _chat(self, params: Mapping[str, Any]) -> dict[str, Any]:
        chat = params["chat_id"]
        if chat in self.moved:
            said = "Bad Request: group chat was upgraded to a supergroup chat"
            raise Refusal(400, said, migrate_to_chat_id=self.moved[chat])
        if chat not in self.chats:
            raise Refusal(400, "Bad Request: chat not found")
        if chat in self.blocked:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        return self.chats[chat]

    def _keep(self, chat: dict[str, Any], params: Mapping[str, Any], **content: Any) -> dict[str, Any]:
        if chat["id"] < 0:
            minute, now = self._in_minute[chat["id"]], time.monotonic()
            if len(minute) == self.group_limit and now - minute[0] < 60:
                raise Refusal(429, "Too Many Requests: retry after 9", retry_after=9)
            minute.append(now)
        base = {"message_id": next(self.message_ids), "from": self.me, "chat": chat, "date": int(self.now())}
        for name in ("message_thread_id", "reply_markup"):
            if name in params:
                base[name] = params[name]
        message = {**base, **content}
        self.sent.append(message)
        return message


def _marked(params: Mapping[str, Any], name: str) -> tuple[str, list[dict[str, object]]]:
    if params.get("parse_mode") != "HTML":
        return params[name], []
    try:
        return read_html(params[name])
    except BadMarks as error:
        raise Refusal(400, str(error)) from None


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _without(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key != name}
