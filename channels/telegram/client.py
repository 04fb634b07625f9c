"""The Bot API through python-telegram-bot, over our own transport, with files (https://core.telegram.org/bots/api#making-requests).

The library makes the calls, reads the answers and names the refusals. What became of a call that was not answered as the Bot API
answers is decided here: never begun (`Unreachable`), or begun and then silent or failed inside Telegram (`OutcomeUnknown`).
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, cast
from uuid import uuid4

import structlog
from telegram import Bot, InputFile, ReactionType
from telegram.error import ChatMigrated, InvalidToken, NetworkError, TelegramError
from telegram.request import BaseRequest, RequestData

from channels.download import Download, Downloads
from channels.transport import Transport
from core.domain.attachments import AttachmentRef
from core.domain.errors import (
    AuthFailed,
    ChannelError,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    TooLarge,
    Unreachable,
)

_ANSWER: Final = 20.0
UPLOAD_SECONDS: Final = 50.0
"""For a file. With the answer to what is sent instead, shorter than the channel's ``send_seconds``: it ends certain."""
_READS: Final = frozenset({"getMe", "getFile", "getUpdates", "getWebhookInfo"})
_PAUSE: Final = 5.0
_SHOWN: Final = 200
_log = structlog.get_logger(__name__)
_GIVEN: Final = 20 * 1024 * 1024
"""What Telegram's own server gives to bots (https://core.telegram.org/bots/api#getfile)."""


@dataclass(frozen=True, slots=True)
class File:
    """``field`` is the parameter's name; ``size`` in bytes is what ``chunks`` gives together."""

    field: str
    name: str
    media_type: str
    size: int
    chunks: AsyncIterator[bytes]


class Form:
    """One form. ``broken``: what kept the file from being read to its end this time; ``lost``: what always will.

    ``written``: the end was handed over, so that whoever reads may have all of it.
    """

    def __init__(self, params: Mapping[str, str], file: File) -> None:
        boundary = uuid4().hex
        fields = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in params.items()
        )
        begin = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{file.field}"; filename="{_quoted(file.name)}"\r\n'
            f"Content-Type: {file.media_type}\r\n\r\n"
        )
        self._head = (fields + begin).encode("utf-8", "replace")
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._file = file
        self.broken: str | None = None
        self.lost: str | None = None
        self.written = False
        self.headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(self._head) + file.size + len(self._tail)),
        }

    async def chunks(self) -> AsyncIterator[bytes]:
        """The whole body."""
        yield self._head
        left = self._file.size
        try:
            async for chunk in self._file.chunks:
                left -= len(chunk)
                if left < 0:
                    break
                yield chunk
        except NotFound as error:
            self.lost = error.detail
            raise
        except Exception as error:
            self.broken = type(error).__name__
            raise
        if left != 0:
            self.lost = "its size is another one than was noted"
            raise OSError(self.lost)
        self.written = True
        yield self._tail


def _quoted(name: str) -> str:
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


# On DEBUG the library logs the token, as a part of the API's address, and what customers write.
logging.getLogger("telegram").setLevel(logging.INFO)


class Refused(Rejected):
    """A call that Telegram refused (4xx): it did not happen. ``says`` looks for Telegram's words."""

    def __init__(self, error: TelegramError) -> None:
        super().__init__(f"Telegram refused it: {error.message}")
        self.error = error

    @property
    def moved_to(self) -> int | None:
        """The group's new id, where it has become a supergroup."""
        return self.error.new_chat_id if isinstance(self.error, ChatMigrated) else None

    def says(self, *words: str) -> bool:
        """Whether one of these stands in the description, in whatever case."""
        said = self.error.message.lower()
        return any(word.lower() in said for word in words)


class Unreadable(Rejected):
    """A file of ours that is gone from the store, or is not the one that was noted. No later try would find it."""


class TooSlow(Rejected):
    """A file that the line is too slow for: it would be no faster the next time."""


class BotApi:
    """One bot on one server. The caller closes ``transport``."""

    def __init__(self, origin: str, token: str, transport: Transport) -> None:
        self._files = f"{origin}/file/bot{token}/"
        way = _Request(transport)
        self._bot = _Bot(
            token,
            base_url=f"{origin}/bot",
            base_file_url=f"{origin}/file/bot",
            request=way,
            get_updates_request=way,
        )

    async def call(self, method: str, params: Mapping[str, Any] | None = None, *, seconds: float = _ANSWER) -> Any:
        """The result, as the library's object. Raises a ChannelError."""
        given = dict(params or {})
        if "reaction" in given:
            given["reaction"] = ReactionType.de_list(given["reaction"])
        try:
            return await getattr(self._bot, method)(**given, read_timeout=seconds)
        except Exception as error:
            raise _translated(method, error) from None

    async def updates(self, params: Mapping[str, Any], *, wait: int) -> list[Any]:
        """getUpdates, not yet parsed: one that cannot be would hide all others. Raises a ChannelError."""
        try:
            found = await self._bot.raw_updates({**params, "timeout": wait}, read_timeout=_ANSWER + wait)
        except Exception as error:
            raise _translated("getUpdates", error) from None
        if not isinstance(found, list):
            raise Unreachable("Telegram's answer was no list of updates.")
        return found

    async def upload(
        self, method: str, params: Mapping[str, Any], file: File, *, seconds: float = UPLOAD_SECONDS
    ) -> Any:
        """The same with a file, streamed. Raises Unreadable for a file that is gone or damaged, and TooSlow."""
        content = InputFile(cast("Any", file), filename=file.name, read_file_handle=False)
        content.mimetype = file.media_type
        return await self.call(method, {**params, file.field: content}, seconds=max(seconds, 1.0))

    def file_url(self, path: str) -> str:
        """The address of a file that getFile named. It holds the token. Raises Rejected for a path that leads elsewhere."""
        path = path.removeprefix(self._files)
        if (
            not path
            or path.startswith("/")
            or ".." in path.split("/")
            or not path.isprintable()
            or any(sign in path for sign in "?#\\")
        ):
            raise Rejected("Telegram named a file in a place where it keeps none.")
        return self._files + path


def open_transport() -> Transport:
    """For one channel between its start and its stop."""
    return Transport("Telegram", seconds=_ANSWER)


class _Bot(Bot):
    async def raw_updates(self, params: dict[str, Any], *, read_timeout: float) -> object:
        """What Bot.get_updates parses all at once."""
        return await self._post("getUpdates", params, read_timeout=read_timeout)


class _Request(BaseRequest):
    """The library's way to the network: each call once, over the transport. ``read_timeout`` bounds the whole call."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @property
    def read_timeout(self) -> float | None:
        return _ANSWER

    async def initialize(self) -> None:
        """The transport is open already."""

    async def shutdown(self) -> None:
        """Leave the transport open: the caller closes it."""

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """See BaseRequest.do_request. The errors of ours that it raises are the causes of the library's."""
        seconds = read_timeout if isinstance(read_timeout, float) else _ANSWER
        if request_data is not None and request_data.contains_files:
            ((_, content, _),) = request_data.multipart_data.values()
            return await self._upload(url, request_data.json_parameters, cast("Any", content), seconds)
        params = request_data.parameters if request_data is not None else {}
        body = json.dumps(params, ensure_ascii=False).encode("utf-8", "replace")
        return await self.exchange(url, body, {"Content-Type": "application/json"}, seconds)

    async def _upload(self, url: str, params: Mapping[str, str], file: File, seconds: float) -> tuple[int, bytes]:
        """A request whose length was said and whose end was never written is none (RFC 9112, section 8): nothing was sent."""
        form, now = Form(params, file), asyncio.get_running_loop().time
        until = now() + seconds
        try:
            return await self.exchange(url, form.chunks(), form.headers, seconds)
        except (Unreachable, OutcomeUnknown) as error:
            if form.lost is not None:
                raise Unreadable(f"The stored file cannot be sent: {form.lost}") from None
            if form.broken is not None:
                raise Unreachable(f"The stored file could not be read: {form.broken}") from None
            if not form.written and now() >= until:
                raise TooSlow(f"The file did not get to Telegram within {seconds:.0f} seconds.") from None
            if not form.written:
                raise Unreachable(f"The upload was cut off before its end: {error.detail}") from None
            raise

    async def exchange(self, url: str, body: Any, headers: Mapping[str, str], seconds: float) -> tuple[int, bytes]:
        """Raises RateLimited, OutcomeUnknown and Unreachable, which the library does not tell apart."""
        async with self._transport.request("POST", url, data=body, headers=headers, seconds=seconds) as response:
            status, answer = response.status, await response.read()
            pause = response.headers.get("Retry-After", "")
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            # What stands behind the gateway may have posted it: scraton/node-red-contrib-telegrambot-home, issue 14.
            raise OutcomeUnknown(f"Telegram failed while it took the call ({status}).")
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise RateLimited("Telegram asks for a pause.", retry_after=_pause(answer, pause))
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise Refused(NetworkError("Request Entity Too Large"))
        if status >= HTTPStatus.BAD_REQUEST and _read(answer) is None:
            raise Unreachable(f"Telegram answered {status}.")
        return status, answer

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Without the library's log line, which would hold the whole answer. Raises OutcomeUnknown."""
        answer = _read(payload)
        if answer is None:
            raise OutcomeUnknown("Telegram's answer was not the Bot API's.")
        if answer["ok"] is not True:
            return answer | {"description": str(answer.get("description") or "")}
        return answer


def _read(payload: bytes) -> dict[str, Any] | None:
    """None for what is not the Bot API's: a login page of some network, or a half of an answer."""
    try:
        answer = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) and "ok" in answer else None


def _pause(payload: bytes, header: str) -> float:
    """https://core.telegram.org/bots/api#responseparameters"""
    parameters = (_read(payload) or {}).get("parameters")
    pause = parameters.get("retry_after") if isinstance(parameters, dict) else header
    return float(pause) if isinstance(pause, int) or (isinstance(pause, str) and pause.isdigit()) else _PAUSE


def _translated(method: str, error: Exception) -> ChannelError:
    """What an exception of the library means, which may have one of ours as its cause."""
    found = error.__cause__ if isinstance(error.__cause__, ChannelError) else error
    if isinstance(found, InvalidToken):
        return AuthFailed("Telegram does not know this bot's token (any more): see TELEGRAM_BOT_TOKEN.")
    if isinstance(found, TelegramError) and (found.__cause__ is None or type(found) is not NetworkError):
        return Refused(found)
    if not isinstance(found, ChannelError):
        _log.error("telegram.unreadable", method=method, error=f"{type(found).__name__}: {found}"[:_SHOWN])
        found = OutcomeUnknown(f"Telegram's answer was not the Bot API's: {type(found).__name__}.")
    if isinstance(found, OutcomeUnknown) and method in _READS:
        return Unreachable(f"{method}: {found.detail}")
    return found


class Files:
    """``limit`` in bytes is the hub's own."""

    def __init__(self, api: BotApi, origin: str, transport: Transport, limit: int) -> None:
        self._api = api
        self._limit = limit
        self._downloads = Downloads(transport.session, (), limit=limit, base=origin)

    async def open(self, ref: AttachmentRef) -> Download:
        """Raises Rejected for a file that is gone, TooLarge, AuthFailed, RateLimited, Unreachable."""
        if (ref.size or 0) > self._limit:
            raise TooLarge(f"The file has more than {self._limit // 1024} kB.")
        try:
            found = await self._api.call("getFile", {"file_id": ref.id})
        except Refused as refused:
            if refused.says("too big"):
                raise TooLarge(f"Telegram gives bots no file over {_GIVEN // 1024} kB.") from None
            raise
        url = self._api.file_url(str(found.file_path or ""))
        return await self._downloads.open(url, name=ref.name, media_type=ref.media_type)
