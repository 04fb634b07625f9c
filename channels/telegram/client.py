"""Calls to the Bot API over aiohttp (https://core.telegram.org/bots/api#making-requests).

Not through a bot library, for three reasons. What became of a write has to be known: never begun or refused (`Unreachable`,
`Refused`, `RateLimited`), or begun and then silent, or failed inside Telegram (`OutcomeUnknown`). Files are streamed from
the store, where the libraries read them into memory. And the token is a part of every address, which HTTP libraries write
into log lines and errors: here no address ever leaves.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import aiohttp

from channels.telegram.upload import File, Form
from core.domain.errors import AuthFailed, ChannelError, OutcomeUnknown, RateLimited, Rejected, Unreachable

_CONNECT: Final = 3.0
"""Seconds for a connection, the look-up of its name included: shorter than a delivery may take, so that it ends certain."""
_ANSWER: Final = 20.0
UPLOAD_SECONDS: Final = 50.0
"""For a file. With the answer to what is sent instead, shorter than the channel's ``send_seconds``: it ends certain."""
_IDLE: Final = 15.0
"""Seconds before an unused connection is closed on our side, so that a write never meets one that Telegram has closed."""
_READS: Final = frozenset({"getMe", "getFile", "getUpdates", "getWebhookInfo"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What the Bot API said: ``ok`` with a result, or a code with its description and parameters."""

    code: int
    result: Any = None
    description: str = ""
    parameters: Mapping[str, Any] | None = None

    @property
    def ok(self) -> bool:
        """Whether the call was carried out."""
        return self.code == HTTPStatus.OK


class Refused(Rejected):
    """A call that Telegram refused (4xx): it did not happen. ``says`` looks for Telegram's words."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"Telegram refused it: {answer.description or answer.code}")
        self.code_number = answer.code
        self.description = answer.description
        self.parameters: Mapping[str, Any] = answer.parameters or {}

    def says(self, *words: str) -> bool:
        """Whether one of these stands in the description, in whatever case."""
        said = self.description.lower()
        return any(word.lower() in said for word in words)


class Unreadable(Rejected):
    """A file of ours that is gone from the store, or is not the one that was noted. No later try would find it."""


class TooSlow(Rejected):
    """A file that the line is too slow for: it would be no faster the next time."""


class BotApi:
    """One bot on one server. ``session`` belongs to whoever made it."""

    def __init__(self, origin: str, token: str, session: aiohttp.ClientSession) -> None:
        self._address = f"{origin}/bot{token}"
        self._files = f"{origin}/file/bot{token}"
        self._token = token
        self._session = session

    async def call(self, method: str, params: Mapping[str, Any] | None = None, *, wait: float = 0.0) -> Any:
        """The result. ``wait``: seconds that Telegram may take besides (long polling). Raises a ChannelError."""
        timeout = aiohttp.ClientTimeout(total=_ANSWER + wait, connect=_CONNECT)
        body = json.dumps(dict(params or {}), ensure_ascii=False).encode("utf-8", "replace")
        return await self._ask(method, body, {"Content-Type": "application/json"}, timeout)

    async def upload(
        self, method: str, params: Mapping[str, Any], file: File, *, seconds: float = UPLOAD_SECONDS
    ) -> Any:
        """The same with a file, streamed. Raises Unreadable for a file that is gone or damaged, and TooSlow.

        A request whose length was said and whose end was never written is none (RFC 9112, section 8): nothing was sent.
        """
        form, now = Form(params, file), asyncio.get_running_loop().time
        until = now() + max(seconds, 1.0)
        timeout = aiohttp.ClientTimeout(total=until - now(), connect=_CONNECT)
        try:
            return await self._ask(method, form.chunks(), form.headers, timeout)
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

    def file_url(self, path: str) -> str:
        """The address of a file that getFile named. It holds the token. Raises Rejected for a path that leads elsewhere."""
        if (
            path.startswith("/")
            or ".." in path.split("/")
            or not path.isprintable()
            or any(sign in path for sign in "?#\\")
        ):
            raise Rejected("Telegram named a file in a place where it keeps none.")
        return f"{self._files}/{path}"

    def hushed(self, text: str) -> str:
        """Without the token, whoever wrote it."""
        return text.replace(self._token, "***")

    async def _ask(
        self,
        method: str,
        body: bytes | AsyncIterator[bytes],
        headers: Mapping[str, str],
        timeout: aiohttp.ClientTimeout,
    ) -> Any:
        try:
            answer = await self._exchange(method, body, headers, timeout)
        except aiohttp.ConnectionTimeoutError:
            raise Unreachable("Telegram could not be reached in time.") from None
        except aiohttp.ClientConnectorError as error:
            raise Unreachable(f"Telegram could not be reached: {self.hushed(str(error))}") from None
        except (aiohttp.ClientError, OSError) as error:
            detail = f"Telegram did not answer to {method}: {type(error).__name__}."
            raise (Unreachable(detail) if method in _READS else OutcomeUnknown(detail)) from None
        if not answer.ok:
            raise _error(method, answer)
        return answer.result

    async def _exchange(
        self,
        method: str,
        body: bytes | AsyncIterator[bytes],
        headers: Mapping[str, str],
        timeout: aiohttp.ClientTimeout,
    ) -> Answer:
        address = f"{self._address}/{method}"
        async with self._session.post(
            address, data=body, headers=headers, timeout=timeout, allow_redirects=False
        ) as response:
            return _read(response.status, await response.read(), response.headers.get("Retry-After"))


def session() -> aiohttp.ClientSession:
    """For one channel between its start and its stop."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64, keepalive_timeout=_IDLE))


def _read(status: int, body: bytes, retry_after: str | None) -> Answer:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or "ok" not in said:
        pause = {"retry_after": int(retry_after)} if retry_after and retry_after.isdigit() else None
        return Answer(_WITHOUT_WORDS if status == HTTPStatus.OK else status, description="", parameters=pause)
    if said["ok"]:
        return Answer(HTTPStatus.OK, said.get("result"))
    code = said.get("error_code")
    parameters = said.get("parameters")
    return Answer(
        code if isinstance(code, int) and code != HTTPStatus.OK else status,
        description=str(said.get("description") or ""),
        parameters=parameters if isinstance(parameters, dict) else None,
    )


_WITHOUT_WORDS = 0
"""An answer of 200 that is none of the Bot API's: a login page of some network, or a half of one."""


def _error(method: str, answer: Answer) -> ChannelError:
    """https://core.telegram.org/bots/api#responseparameters; errors are told by their code, descriptions may change."""
    code, said = answer.code, answer.description
    if code == HTTPStatus.TOO_MANY_REQUESTS:
        pause = (answer.parameters or {}).get("retry_after")
        return RateLimited("Telegram asks for a pause.", retry_after=float(pause) if isinstance(pause, int) else 5.0)
    if code == HTTPStatus.UNAUTHORIZED or (code == HTTPStatus.NOT_FOUND and said):
        return AuthFailed("Telegram does not know this bot's token (any more): see TELEGRAM_BOT_TOKEN.")
    if method not in _READS and (code == _WITHOUT_WORDS or code >= HTTPStatus.INTERNAL_SERVER_ERROR):
        # What stands behind the gateway may have posted it: scraton/node-red-contrib-telegrambot-home, issue 14.
        return OutcomeUnknown(
            f"Telegram did not say what became of {method} ({code or 'an answer that is not its own'})."
        )
    if code >= HTTPStatus.INTERNAL_SERVER_ERROR or (not said and code != HTTPStatus.REQUEST_ENTITY_TOO_LARGE):
        return Unreachable(f"Telegram answered {code}.")
    return Refused(answer)
