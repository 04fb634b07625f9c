"""slack_sdk's client on our transport: every failure becomes one of our errors, and nothing is sent twice."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, cast

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from channels.slack.place import Sent
from channels.slack.wire import Block, Json, Metadata, Posted
from channels.transport import Transport
from core.domain.errors import AuthFailed, ChannelError, OutcomeUnknown, RateLimited, Rejected, Unreachable

_CREDENTIALS = frozenset(
    {
        "account_inactive",
        "ekm_access_denied",
        "enterprise_is_restricted",
        "invalid_auth",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "org_login_required",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
        "two_factor_setup_required",
    }
)
_LATER = frozenset({"service_unavailable", "team_added_to_org", "migration_in_progress", "accesslimited"})
_PERHAPS = frozenset({"fatal_error", "internal_error", "request_timeout"})
"""Slack says of these that a part of the operation may have succeeded."""

DEFAULT_PAUSE = 30.0
_ANOTHER_TOKEN = frozenset({"invalid_auth", "token_revoked", "token_expired", "account_inactive"})

_SOCKET = "apps.connections.open"
"""The only call with the app-level token."""
_NEW_APP_TOKEN = "Make a new app-level token and copy it to SLACK_APP_TOKEN."  # noqa: S105
_NEW_BOT_TOKEN = "Install the app again and copy its token to SLACK_BOT_TOKEN."  # noqa: S105
CLOSED: Final = frozenset({"not_in_channel", "channel_not_found", "is_archived", "restricted_action"})
"""What people can mend: until then everything waits, and nothing is given up."""
NOBODY: Final = frozenset({"user_not_found", "user_not_visible"})
"""Slack's words for somebody whom the app may not see."""
_UPLOAD = 60.0
_PAGE = 200
_MEMBERS = 1_000
_READS: Final = frozenset(
    {"apps.connections.open", "auth.test", "conversations.open", "files.getUploadURLExternal", "oauth.v2.access"}
)
"""Methods that are asked with POST and change nothing, or the same each time; the other reads are asked with GET."""
_AS_WRITTEN: Final[dict[str, Any]] = {"parse": "none", "link_names": False}
"""Slack finds no names and addresses in texts that are not marked as such (docs.slack.dev/reference/methods/chat.postMessage)."""
SILENT: Final = logging.getLogger("slack_sdk.silent")
"""For the library, which logs texts of customers and addresses that are secrets; it also formats them at any other level."""


class BadToken(AuthFailed):
    """The token itself is not valid (any more); another one may be."""


class Refused(Rejected):
    """``reason`` is Slack's own word, such as ``channel_not_found``."""

    def __init__(self, detail: str, reason: str) -> None:
        super().__init__(detail)
        self.reason = reason


def refusal(method: str, reason: str, *, needed: str = "", retry_after: float = DEFAULT_PAUSE) -> ChannelError:
    """The error for an answer with ``ok: false``. ``needed``: the scope that Slack names."""
    said = f"Slack refused {method}: {reason}."
    if reason in ("ratelimited", "rate_limited", "message_limit_exceeded"):
        return RateLimited(said, retry_after=retry_after)
    if reason in _ANOTHER_TOKEN:
        return BadToken(f"{said} {_NEW_APP_TOKEN if method == _SOCKET else _NEW_BOT_TOKEN}")
    if reason == "missing_scope":
        return AuthFailed(f"{said} Add the scope {needed or '(unnamed)'} to the app and install it again.")
    if reason in _CREDENTIALS:
        return AuthFailed(said)
    if reason in _LATER:
        return Unreachable(said)
    if reason in _PERHAPS:
        return OutcomeUnknown(said)
    return Refused(said, reason)


SILENT.setLevel(logging.CRITICAL + 1)


@dataclass(frozen=True, slots=True)
class Self:
    """Who a token belongs to, and what it may do. ``enterprise``: of which the workspace is a part, if it is of one.

    ``url``: the workspace's address, which ends in a slash.
    """

    team: str
    team_name: str
    user: str
    scopes: frozenset[str]
    enterprise: str = ""
    url: str = ""


def open_transport(seconds: float) -> Transport:
    """Connections to Slack. ``seconds`` for a call."""
    return Transport("Slack", seconds=seconds, reads=_READS)


class SlackClient(AsyncWebClient):
    """The calls of one workspace's bot. ``tokens``: the first that is valid is used. ``base_url`` ends in ``/api/``.

    Every call raises RateLimited, Unreachable, AuthFailed and Rejected; those that write also OutcomeUnknown.
    """

    def __init__(self, transport: Transport, tokens: Sequence[str], base_url: str) -> None:
        session = cast("aiohttp.ClientSession", transport)
        super().__init__(base_url=base_url, session=session, retry_handlers=[], logger=SILENT)
        self.proxy = None
        self._transport = transport
        self._tokens = tuple(tokens)
        self.token = self._tokens[0] if self._tokens else None

    async def api_call(self, api_method: str, **how: Any) -> AsyncSlackResponse:
        """Every method of the library's ends here."""
        if (
            given := how.pop("json", None)
        ) is not None:  # the library escapes what is no Unicode, instead of replacing it
            how["data"] = json.dumps(given, ensure_ascii=False).encode("utf-8", "replace")
            how["headers"] = {"Content-Type": "application/json; charset=utf-8"}
        if (auth := how.pop("auth", None)) is not None:  # the library's own way is deprecated by aiohttp
            how["headers"] = {"Authorization": aiohttp.encode_basic_auth(auth["client_id"], auth["client_secret"])}
        for _ in self._tokens[1:]:
            used = self.token
            try:
                return await self._ask(api_method, how)
            except BadToken:
                if self.token == used:  # another call may have put it last meanwhile
                    self._tokens = (*self._tokens[1:], *self._tokens[:1])
                    self.token = self._tokens[0]
        return await self._ask(api_method, how)

    async def _ask(self, method: str, how: dict[str, Any]) -> AsyncSlackResponse:
        is_read = how.get("http_verb") == "GET" or method in _READS
        try:
            return await super().api_call(method, **how)
        except SlackApiError as error:
            failure = _failure(method, error.response, is_read=is_read)
        except (AttributeError, ValueError):  # a text, a list, or bytes that are none
            failure = Unreachable(f"{method} was answered by something that is not Slack.")
        raise failure  # outside of the handlers: the error's context would hold what was sent

    async def identity(self) -> Self:
        """auth.test: who we are there."""
        found = await self.auth_test()
        scopes = frozenset(one.strip() for one in found.headers.get("x-oauth-scopes", "").split(",") if one.strip())
        enterprise = str(found.get("enterprise_id") or "")
        url = str(found.get("url") or "")
        return Self(str(found["team_id"]), str(found.get("team", "")), str(found["user_id"]), scopes, enterprise, url)

    async def post_message(
        self,
        channel: str,
        text: str,
        *,
        blocks: Sequence[Block] = (),
        thread_ts: str | None = None,
        metadata: Metadata | None = None,
        broadcast: bool = False,
    ) -> Sent:
        """chat.postMessage; links are not unfolded into previews. ``broadcast``: a reply that the channel sees as well."""
        found = await self.chat_postMessage(
            channel=channel,
            text=text,
            blocks=cast("Any", blocks or None),
            thread_ts=thread_ts,
            metadata=cast("Any", metadata),
            reply_broadcast=broadcast or None,
            unfurl_links=False,
            unfurl_media=False,
            **_AS_WRITTEN,
        )
        return Sent(str(found["channel"]), str(found["ts"]))

    async def update(
        self, sent: Sent, text: str, *, blocks: Sequence[Block] = (), metadata: Metadata | None = None
    ) -> Sent:
        """chat.update: the message as a whole is replaced."""
        shown: dict[str, Any] = {"text": text, "blocks": list(blocks), "metadata": metadata}
        found = await self.chat_update(channel=sent.channel, ts=sent.ts, **shown, **_AS_WRITTEN)
        return Sent(str(found["channel"]), str(found["ts"]))

    async def permalink(self, sent: Sent) -> str:
        """chat.getPermalink."""
        return str((await self.chat_getPermalink(channel=sent.channel, message_ts=sent.ts))["permalink"])

    async def start_stream(
        self, channel: str, thread_ts: str, markdown: str, *, user: str | None, team: str | None
    ) -> Sent:
        """chat.startStream: a message that grows. At most 12,000 characters; ``user`` and ``team`` are needed in channels."""
        found = await self.chat_startStream(
            channel=channel,
            thread_ts=thread_ts,
            markdown_text=markdown,
            recipient_user_id=user,
            recipient_team_id=team,
        )
        return Sent(str(found["channel"]), str(found["ts"]))

    async def append_stream(self, sent: Sent, markdown: str) -> None:
        """chat.appendStream; Markdown, at most 12,000 characters."""
        await self.chat_appendStream(channel=sent.channel, ts=sent.ts, markdown_text=markdown)

    def messages(self, channel: str, thread_ts: str | None, *, oldest: str) -> AsyncIterator[list[Posted]]:
        """Of a thread, or of a channel where there is none."""
        if thread_ts is None:
            return self.history(channel, oldest=oldest)
        return self.replies(channel, thread_ts, oldest=oldest)

    def history(self, channel: str, *, oldest: str = "0") -> AsyncIterator[list[Posted]]:
        """conversations.history by pages, newest first, with metadata."""
        asked: dict[str, Any] = {"channel": channel, "oldest": oldest, "include_all_metadata": True}
        return self._pages(self.conversations_history, "messages", **asked)

    def replies(self, channel: str, thread_ts: str, *, oldest: str = "0") -> AsyncIterator[list[Posted]]:
        """conversations.replies by pages, oldest first, with metadata; the thread's first message is always among them."""
        asked: dict[str, Any] = {"channel": channel, "ts": thread_ts, "oldest": oldest, "include_all_metadata": True}
        return self._pages(self.conversations_replies, "messages", **asked)

    async def members(self, channel: str) -> frozenset[str]:
        """conversations.members: everybody who is in a channel, apps included."""
        pages = self._pages(self.conversations_members, "members", channel=channel, limit=_MEMBERS)
        return frozenset([str(one) async for page in pages for one in page])

    async def open_direct(self, user: str) -> str:
        """conversations.open: the channel of a person's direct messages. The same each time, so it is safe to repeat."""
        return str((await self.conversations_open(users=user))["channel"]["id"])

    async def user(self, user: str) -> Json:
        """users.info, with the locale."""
        return (await self.users_info(user=user, include_locale=True)).get("user") or {}

    async def whisper(
        self, channel: str, user: str, text: str, thread_ts: str | None = None, blocks: Sequence[Block] = ()
    ) -> None:
        """chat.postEphemeral: only that person sees it, and not for long."""
        shown = cast("Any", blocks or None)
        await self.chat_postEphemeral(
            channel=channel, user=user, text=text, blocks=shown, thread_ts=thread_ts, **_AS_WRITTEN
        )

    async def upload(self, url: str, chunks: AsyncIterator[bytes], size: int) -> None:
        """The bytes of a file, streamed. Nothing is seen of it before it is completed, so it is safe to repeat."""
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        try:
            async with self._transport.request("POST", url, data=chunks, headers=headers, seconds=_UPLOAD) as answer:
                status = answer.status
        except OutcomeUnknown as error:
            raise Unreachable(error.detail) from None
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Unreachable(f"Slack answered {status} to the file.")
        if status != HTTPStatus.OK:
            raise Rejected(f"Slack refused the file ({status}).")

    async def socket_url(self) -> str:
        """apps.connections.open, with an app-level token: where to connect for Socket Mode."""
        return str((await self.api_call("apps.connections.open"))["url"])

    async def _pages(
        self, call: Callable[..., Awaitable[AsyncSlackResponse]], name: str, *, limit: int = _PAGE, **asked: Any
    ) -> AsyncIterator[list[Any]]:
        """The library's own iteration would go past ``api_call``."""
        cursor = None
        while True:
            found = await call(limit=limit, cursor=cursor, **asked)
            yield found.get(name) or []
            cursor = (found.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return


def _failure(method: str, answer: AsyncSlackResponse | aiohttp.ClientResponse, *, is_read: bool) -> ChannelError:
    is_json = isinstance(answer, AsyncSlackResponse) and isinstance(answer.data, dict) and answer.data
    status = answer.status_code if isinstance(answer, AsyncSlackResponse) else answer.status
    pause = answer.headers.get("Retry-After", "")
    seconds = float(pause) if pause.isdigit() else DEFAULT_PAUSE
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimited(f"Slack asks for a pause before {method}.", retry_after=seconds)
    if status == HTTPStatus.GATEWAY_TIMEOUT and not is_read:
        return OutcomeUnknown(f"Slack ran out of time in {method}.")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unreachable(f"Slack answered {status} to {method}.")
    if not is_json:
        return Unreachable(f"{method} was answered by something that is not Slack ({status}).")
    found = cast("AsyncSlackResponse", answer)
    reason, needed = str(found.get("error") or "unknown_error"), str(found.get("needed") or "")
    failure = refusal(method, reason, needed=needed, retry_after=seconds)
    return Unreachable(failure.detail) if is_read and isinstance(failure, OutcomeUnknown) else failure
