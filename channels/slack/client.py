"""Slack's Web API, as far as it is used: one typed method per call, every error one of the tree.

Plain aiohttp and not the SDK's client, because what matters here is what the SDK hides: whether a request that failed had
been written, the scopes in the answer's headers, and that nothing is tried again behind the outbox's back.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast

import aiohttp

from channels.slack.refusals import DEFAULT_PAUSE, BadToken, Refused, refusal
from channels.slack.wire import Block, Json, Metadata, Posted, View
from core.domain.errors import OutcomeUnknown, RateLimited, Rejected, Unreachable

_CONNECT = 3.0
_UPLOAD = 60.0
_PAGE = 200
_MEMBERS = 1_000
_AS_WRITTEN = {"parse": "none", "link_names": False}
"""Slack finds no names and addresses in texts that are not marked as such (docs.slack.dev/reference/methods/chat.postMessage)."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that Slack has. ``channel`` is where it is: a person's id became their direct messages."""

    channel: str
    ts: str

    @classmethod
    def named(cls, provider_id: str) -> Sent:
        """The one that a receipt calls ``m/<channel>/<ts>``. Raises Rejected: a file that was shown has another name."""
        kind, _, rest = provider_id.partition("/")
        channel, _, ts = rest.partition("/")
        if kind != "m" or not ts:
            raise Rejected(f"{provider_id!r} is no message of Slack's.")
        return cls(channel, ts)


@dataclass(frozen=True, slots=True)
class Self:
    """Who a token belongs to, and what it may do. ``enterprise``: of which the workspace is a part, if it is of one."""

    team: str
    team_name: str
    user: str
    scopes: frozenset[str]
    enterprise: str = ""


@dataclass(frozen=True, slots=True)
class Installed:
    """What an installation in a workspace gives."""

    team: str
    team_name: str
    token: str
    bot_user: str
    scopes: str


@dataclass(frozen=True, slots=True)
class UploadPlace:
    """Where the bytes of a file go, and the id it will have."""

    url: str
    file_id: str


class SlackClient:
    """The calls of one workspace's bot. ``tokens``: the first that is valid is used. ``base_url`` ends in ``/api/``.

    Every method raises RateLimited, Unreachable, AuthFailed and Rejected; those that write also OutcomeUnknown.
    """

    def __init__(
        self, http: aiohttp.ClientSession, tokens: Sequence[str], base_url: str, *, timeout: float = 4.0
    ) -> None:
        self._http = http
        self._tokens = tuple(tokens)
        self._base_url = base_url
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=min(_CONNECT, timeout))

    @property
    def token(self) -> str:
        """The one in use, for fetching files."""
        return self._tokens[0] if self._tokens else ""

    async def auth_test(self) -> Self:
        """Who we are there."""
        found, headers = await self._ask("auth.test", {}, writes=False)
        scopes = frozenset(one.strip() for one in headers.get("x-oauth-scopes", "").split(",") if one.strip())
        enterprise = str(found.get("enterprise_id") or "")
        return Self(str(found["team_id"]), str(found.get("team", "")), str(found["user_id"]), scopes, enterprise)

    async def post_message(
        self,
        channel: str,
        text: str,
        *,
        blocks: Sequence[Block] = (),
        thread_ts: str | None = None,
        metadata: Metadata | None = None,
        username: str | None = None,
        broadcast: bool = False,
    ) -> Sent:
        """chat.postMessage; links are not unfolded into previews. ``broadcast``: a reply that the channel sees as well."""
        quiet = _AS_WRITTEN | {"unfurl_links": False, "unfurl_media": False}
        quiet |= {"reply_broadcast": True} if broadcast else {}
        found = await self._write(
            "chat.postMessage",
            {"channel": channel, "text": text, "thread_ts": thread_ts, "metadata": metadata, "username": username}
            | quiet
            | ({"blocks": blocks} if blocks else {}),
        )
        return Sent(str(found["channel"]), str(found["ts"]))

    async def update(
        self, sent: Sent, text: str, *, blocks: Sequence[Block] = (), metadata: Metadata | None = None
    ) -> Sent:
        """chat.update: the message as a whole is replaced."""
        args = {"channel": sent.channel, "ts": sent.ts, "text": text, "blocks": list(blocks), "metadata": metadata}
        found = await self._write("chat.update", args | _AS_WRITTEN)
        return Sent(str(found["channel"]), str(found["ts"]))

    async def delete(self, sent: Sent) -> None:
        """chat.delete, of a message of our own."""
        await self._write("chat.delete", {"channel": sent.channel, "ts": sent.ts})

    async def add_reaction(self, sent: Sent, name: str) -> None:
        """reactions.add; being there already is as good."""
        try:
            await self._write("reactions.add", {"channel": sent.channel, "timestamp": sent.ts, "name": name})
        except Refused as error:
            if error.reason != "already_reacted":
                raise

    async def remove_reaction(self, sent: Sent, name: str) -> None:
        """reactions.remove, of our own; not being there is as good."""
        try:
            await self._write("reactions.remove", {"channel": sent.channel, "timestamp": sent.ts, "name": name})
        except Refused as error:
            if error.reason != "no_reaction":
                raise

    async def permalink(self, sent: Sent) -> str:
        """chat.getPermalink."""
        args = {"channel": sent.channel, "message_ts": sent.ts}
        return str((await self._read("chat.getPermalink", args))["permalink"])

    async def start_stream(self, channel: str, thread_ts: str, *, user: str | None, team: str | None) -> Sent:
        """chat.startStream: an empty message that grows. ``user`` and ``team`` are needed in channels."""
        args = {"channel": channel, "thread_ts": thread_ts, "recipient_user_id": user, "recipient_team_id": team}
        found = await self._write("chat.startStream", args)
        return Sent(str(found["channel"]), str(found["ts"]))

    async def append_stream(self, sent: Sent, markdown: str) -> None:
        """chat.appendStream; Markdown, at most 12,000 characters."""
        await self._write("chat.appendStream", {"channel": sent.channel, "ts": sent.ts, "markdown_text": markdown})

    async def stop_stream(self, sent: Sent) -> None:
        """chat.stopStream: from now on it is a message like any other."""
        await self._write("chat.stopStream", {"channel": sent.channel, "ts": sent.ts})

    async def history(self, channel: str, *, oldest: str = "0") -> AsyncIterator[list[Posted]]:
        """conversations.history by pages, newest first, with metadata."""
        args = {"channel": channel, "oldest": oldest, "include_all_metadata": "true"}
        async for page in self._pages("conversations.history", args, "messages"):
            yield page

    async def replies(self, channel: str, thread_ts: str, *, oldest: str = "0") -> AsyncIterator[list[Posted]]:
        """conversations.replies by pages, oldest first, with metadata; the thread's first message is always among them."""
        args = {"channel": channel, "ts": thread_ts, "oldest": oldest, "include_all_metadata": "true"}
        async for page in self._pages("conversations.replies", args, "messages"):
            yield page

    async def open_direct(self, user: str) -> str:
        """conversations.open: the channel of a person's direct messages. The same each time, so it is safe to repeat."""
        found = await self._read("conversations.open", {"users": user})
        return str(found["channel"]["id"])

    async def user(self, user: str) -> Json:
        """users.info, with the locale."""
        found = await self._read("users.info", {"user": user, "include_locale": "true"})
        return _object(found, "user")

    async def channel(self, channel: str) -> Json:
        """conversations.info."""
        return _object(await self._read("conversations.info", {"channel": channel}), "channel")

    async def file(self, file_id: str) -> Json:
        """files.info."""
        return _object(await self._read("files.info", {"file": file_id}), "file")

    async def upload_place(self, name: str, size: int) -> UploadPlace:
        """files.getUploadURLExternal. Nothing is seen of it before it is completed, so it is safe to repeat."""
        found = await self._read("files.getUploadURLExternal", {"filename": name, "length": str(size)})
        return UploadPlace(str(found["upload_url"]), str(found["file_id"]))

    async def upload(self, place: UploadPlace, chunks: AsyncIterator[bytes], size: int) -> None:
        """The bytes themselves, streamed."""
        timeout = aiohttp.ClientTimeout(total=_UPLOAD, sock_connect=_CONNECT)
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        try:
            async with self._http.post(place.url, data=chunks, headers=headers, timeout=timeout) as answer:
                if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise Unreachable(f"Slack answered {answer.status} to the file.")
                if answer.status != HTTPStatus.OK:
                    raise Rejected(f"Slack refused the file ({answer.status}).")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(f"The file could not be handed over: {_said(error)}") from error

    async def complete_upload(
        self, file_id: str, title: str, *, channel: str, thread_ts: str | None, comment: str | None = None
    ) -> Json:
        """files.completeUploadExternal: now people see it. The file, as Slack describes it."""
        found = await self._write(
            "files.completeUploadExternal",
            {
                "files": [{"id": file_id, "title": title}],
                "channel_id": channel,
                "thread_ts": thread_ts,
                "initial_comment": comment,
            },
        )
        files = found.get("files")
        return files[0] if isinstance(files, list) and files and isinstance(files[0], dict) else {"id": file_id}

    async def publish_home(self, user: str, view: View) -> None:
        """views.publish."""
        await self._write("views.publish", {"user_id": user, "view": view})

    async def open_view(self, trigger_id: str, view: View) -> str:
        """views.open, within 3 seconds of the press that ``trigger_id`` came with. The view's id."""
        found = await self._write("views.open", {"trigger_id": trigger_id, "view": view})
        return str(_object(found, "view").get("id") or "")

    async def update_view(self, view_id: str, view: View, *, seen: str | None = None) -> None:
        """views.update. ``seen``: the view's hash; Slack refuses when it has changed since."""
        await self._write("views.update", {"view_id": view_id, "view": view, "hash": seen or None})

    async def whisper(self, channel: str, user: str, text: str, thread_ts: str | None = None) -> None:
        """chat.postEphemeral: only that person sees it, and not for long."""
        args = {"channel": channel, "user": user, "text": text, "thread_ts": thread_ts}
        await self._write("chat.postEphemeral", args | _AS_WRITTEN)

    async def members(self, channel: str) -> frozenset[str]:
        """conversations.members: everybody who is in a channel, apps included."""
        found: set[str] = set()
        cursor = ""
        while True:
            args = {"channel": channel, "limit": str(_MEMBERS)} | ({"cursor": cursor} if cursor else {})
            page = await self._read("conversations.members", args)
            found |= {str(one) for one in page.get("members", ())}
            cursor = str(_object(page, "response_metadata").get("next_cursor") or "")
            if not cursor:
                return frozenset(found)

    async def set_status(self, channel: str, thread_ts: str, status: str) -> None:
        """assistant.threads.setStatus; gone with the next message, or after two minutes."""
        args = {"channel_id": channel, "thread_ts": thread_ts, "status": status}
        await self._write("assistant.threads.setStatus", args)

    async def suggest_prompts(self, channel: str, thread_ts: str | None, prompts: Sequence[tuple[str, str]]) -> None:
        """assistant.threads.setSuggestedPrompts: up to four, each with a title and what is sent for it."""
        listed = [{"title": title, "message": message} for title, message in prompts[:4]]
        args = {"channel_id": channel, "thread_ts": thread_ts, "prompts": listed}
        await self._write("assistant.threads.setSuggestedPrompts", args)

    async def socket_url(self) -> str:
        """apps.connections.open, with an app-level token: where to connect for Socket Mode."""
        return str((await self._read("apps.connections.open", {}))["url"])

    async def exchange_code(self, client_id: str, client_secret: str, code: str, redirect_uri: str) -> Installed:
        """oauth.v2.access: the end of an installation."""
        args = {"client_id": client_id, "client_secret": client_secret, "code": code, "redirect_uri": redirect_uri}
        found = await self._read("oauth.v2.access", args)
        team = found.get("team") or found.get("enterprise") or {}
        return Installed(
            str(team.get("id", "")),
            str(team.get("name", "")),
            str(found.get("access_token", "")),
            str(found.get("bot_user_id", "")),
            str(found.get("scope", "")),
        )

    async def _pages(self, method: str, args: Mapping[str, str], name: str) -> AsyncIterator[list[Posted]]:
        cursor = ""
        while True:
            found = await self._read(method, {**args, "limit": str(_PAGE)} | ({"cursor": cursor} if cursor else {}))
            yield [cast("Posted", one) for one in found.get(name, ()) if isinstance(one, dict)]
            following = found.get("response_metadata")
            cursor = str(following.get("next_cursor") or "") if isinstance(following, dict) else ""
            if not cursor:
                return

    async def _read(self, method: str, args: Mapping[str, str]) -> dict[str, Any]:
        """Calls that change nothing, or the same each time. They take forms only."""
        return (await self._ask(method, args, writes=False))[0]

    async def _write(self, method: str, args: Mapping[str, Any]) -> dict[str, Any]:
        given = {name: value for name, value in args.items() if value is not None}
        return (await self._ask(method, given, writes=True))[0]

    async def _ask(
        self, method: str, args: Mapping[str, Any], *, writes: bool
    ) -> tuple[dict[str, Any], Mapping[str, str]]:
        for token in self._tokens or ("",):
            try:
                answer = await self._call(token, method, args, writes=writes)
            except BadToken:
                if not self._tokens[1:]:
                    raise
                if self._tokens[0] == token:  # another call may have put it last meanwhile
                    self._tokens = (*self._tokens[1:], token)
                continue
            return answer
        raise BadToken(f"None of the tokens is valid for {method}: SLACK_BOT_TOKEN.")

    async def _call(
        self, token: str, method: str, args: Mapping[str, Any], *, writes: bool
    ) -> tuple[dict[str, Any], Mapping[str, str]]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        data: bytes | Mapping[str, str] = args
        if writes:
            headers["Content-Type"] = "application/json; charset=utf-8"
            data = json.dumps(args, ensure_ascii=False).encode("utf-8", "replace")
        try:
            async with self._http.post(
                self._base_url + method, data=data, headers=headers, timeout=self._timeout
            ) as answer:
                return _read_answer(method, answer, await answer.read(), writes=writes), answer.headers
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unreachable(f"Slack was not reached: {_said(error)}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if writes:
                raise OutcomeUnknown(f"{method} was sent, but no answer came: {_said(error)}") from error
            raise Unreachable(f"{method} got no answer: {_said(error)}") from error


def _read_answer(method: str, answer: aiohttp.ClientResponse, body: bytes, *, writes: bool) -> dict[str, Any]:
    pause = answer.headers.get("Retry-After", "")
    seconds = float(pause) if pause.isdigit() else DEFAULT_PAUSE
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise RateLimited(f"Slack asks for a pause before {method}.", retry_after=seconds)
    if answer.status == HTTPStatus.GATEWAY_TIMEOUT and writes:
        raise OutcomeUnknown(f"Slack ran out of time in {method}.")
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Unreachable(f"Slack answered {answer.status} to {method}.")
    try:
        found = json.loads(body)
    except ValueError as error:
        raise Unreachable(f"{method} was answered by something that is not Slack ({answer.status}).") from error
    if not isinstance(found, dict):
        raise Unreachable(f"{method} was answered by something that is not Slack.")
    if found.get("ok") is not True:
        needed = str(found.get("needed") or "")
        error_ = refusal(method, str(found.get("error") or "unknown_error"), needed=needed, retry_after=seconds)
        if isinstance(error_, OutcomeUnknown) and not writes:
            raise Unreachable(error_.detail)
        raise error_
    return found


def _object(found: Mapping[str, Any], name: str) -> Json:
    inner = found.get(name)
    return inner if isinstance(inner, dict) else {}


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__
