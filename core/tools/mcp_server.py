"""A server of the Model Context Protocol: its connection, and its tools as far as they can be trusted with a customer."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from typing import Any, cast

from mcp.client.session import ClientSession, IncomingMessage
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp.types import (
    CONNECTION_CLOSED,
    INTERNAL_ERROR,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    REQUEST_TIMEOUT,
    UNSUPPORTED_PROTOCOL_VERSION,
    CallToolResult,
    PaginatedRequestParams,
    RequestParamsMeta,
    TextContent,
    ToolListChangedNotification,
)
from mcp.types import Tool as ListedTool

from core.agent.tool_rules import Subject, ToolOverride
from core.agent.tools import Tool, ToolContext
from core.domain.errors import OutcomeUnknown, ToolError, ToolErrorKind, Unreachable
from core.ports.chat_model import ToolSpec
from core.tools.breaker import Breaker
from core.tools.http import Check, http_client
from core.tools.kept_tools import Publish
from core.tools.mcp_child import LARGEST_MESSAGE, child
from core.tools.openapi_tool import CONTEXT, remote_tool, seconds_of, shortened, tool_name
from core.tools.schema import LONGEST_DESCRIPTION, SchemaReader, checked_schema, description_of, without_bound
from core.tools.subject import bound_values

_ANSWER_SECONDS = 120.0
"""For whatever the server is asked besides calls. The first start of a command may have to install it."""
_LIST_AGAIN_SECONDS, _LIST_PAUSE_SECONDS = 60.0, 1.0
_MOST_TOOLS = 100
_LONGEST_REASON = 300
_NOT_RUN = (INVALID_PARAMS, METHOD_NOT_FOUND)
_NO_ANSWER = (
    (CONNECTION_CLOSED, "Connection closed"),
    (CONNECTION_CLOSED, "SSE stream "),
    (INTERNAL_ERROR, "Server returned an error response"),
    (REQUEST_TIMEOUT, "Request "),
)
"""Errors that the package makes for a broken connection or an HTTP error without a JSON-RPC body, by how their messages begin.
All others are answers of the server."""


@dataclass(frozen=True, slots=True)
class McpPlace:
    """Either ``command``, started with ``env``, or ``url``, asked with ``headers``. ``bind`` and ``anyone`` as in Api."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    url: str | None
    headers: Mapping[str, str]
    bind: Mapping[str, Sequence[Subject]]
    anyone: frozenset[str]
    check: Check
    overrides: Mapping[str, ToolOverride]


class _Session(ClientSession):
    """Does not hold results against the server's own schemas: they may hold expressions that take for ever."""

    async def validate_tool_result(self, name: str, result: CallToolResult) -> None:
        """Take it as it is; the model reads text."""


class McpConnection:
    """``session`` is None while the server is away."""

    def __init__(self, place: McpPlace, breaker: Breaker) -> None:
        self.place = place
        self.breaker = breaker
        self.session: ClientSession | None = None
        self._asked_again = asyncio.Event()

    def ask_again(self) -> None:
        """The tools may have changed, or the connection may be gone, which asking for them shows."""
        self._asked_again.set()

    async def connect(self, publish: Publish) -> None:
        """See KeptTools. Raises what the connection ends with."""
        async with AsyncExitStack() as stack:
            session = await self._opened(stack)
            self.session = session
            try:
                while True:
                    self._asked_again.clear()
                    publish(*await asyncio.to_thread(self._usable, await _listed(session)))
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_LIST_AGAIN_SECONDS):
                            await self._asked_again.wait()
                    await asyncio.sleep(_LIST_PAUSE_SECONDS)
            finally:
                self.session = None

    async def _opened(self, stack: AsyncExitStack) -> ClientSession:
        read, write = await stack.enter_async_context(await self._transport(stack))
        session = await stack.enter_async_context(
            _Session(read, write, read_timeout_seconds=_ANSWER_SECONDS, message_handler=self._heard)
        )
        try:
            await session.initialize()
        except MCPError as error:
            if error.code != UNSUPPORTED_PROTOCOL_VERSION:
                raise
            await session.discover()
        return session

    async def _transport(self, stack: AsyncExitStack) -> AbstractAsyncContextManager[Any]:
        if self.place.url is None:
            return child(self.place.command, self.place.env, self.ask_again)
        client = await stack.enter_async_context(
            http_client(self.place.check, self.place.headers, LARGEST_MESSAGE, streams=True)
        )
        return streamable_http_client(self.place.url, http_client=client, max_sse_event_size=LARGEST_MESSAGE)

    async def _heard(self, message: IncomingMessage) -> None:
        if isinstance(message, ToolListChangedNotification | Exception):
            self.ask_again()

    def _usable(self, listed: Sequence[ListedTool]) -> tuple[Sequence[Tool], Mapping[str, str]]:
        """Those that can be used, and of the others why they cannot."""
        tools: dict[str, Tool] = {}
        left_out: dict[str, str] = {}
        for one in listed:
            try:
                tool = self._tool(one)
                if tool.name in tools:
                    raise ValueError("another one has its name")  # noqa: TRY301 - said like all that is wrong with one
                tools[tool.name] = tool
            except (ValueError, TypeError, AttributeError, RecursionError) as error:
                left_out[description_of(one.name, 64)] = str(error)[:_LONGEST_REASON]
        return list(tools.values()), left_out

    def _tool(self, listed: ListedTool) -> Tool:
        """Raises ValueError for one that cannot be used. What it says of its own effects is a hint, which is not followed."""
        place = self.place
        name = f"{place.name}_{tool_name(listed.name)}"[:64]
        schema = SchemaReader(listed.input_schema).schema(listed.input_schema)
        schema = {**schema, "type": "object", "properties": schema.get("properties") or {}}
        bind = {argument: subject for argument, subject in place.bind.items() if argument in schema["properties"]}
        if not bind and listed.name not in place.anyone:
            raise ValueError("nothing in bind ties it to the customer, and anyone does not name it")
        schema = checked_schema(without_bound(schema, frozenset(place.bind)))
        override = place.overrides.get(name)
        effect = override is None or override.effect is None or override.effect
        seconds = seconds_of(override, effect=effect)
        call = _Call(self, listed.name, bind, seconds, effect)
        said = description_of(listed.description, LONGEST_DESCRIPTION) or name
        return remote_tool(ToolSpec(name, said, schema), call.run, place.bind, effect=effect, seconds=seconds)


async def _listed(session: ClientSession) -> Sequence[ListedTool]:
    found: list[ListedTool] = []
    cursor: str | None = None
    for _ in range(_MOST_TOOLS):
        page = await session.list_tools(params=PaginatedRequestParams(cursor=cursor) if cursor else None)
        found += page.tools
        cursor = page.next_cursor
        if cursor is None or len(found) >= _MOST_TOOLS:
            break
    return found[:_MOST_TOOLS]


@dataclass(frozen=True, slots=True)
class _Call:
    """One tool of one server."""

    server: McpConnection
    name: str
    bind: Mapping[str, Sequence[Subject]]
    seconds: float
    effect: bool

    async def run(self, **values: Any) -> str:
        """Raises ToolError for the model, Unreachable where nothing happened, OutcomeUnknown where that cannot be known."""
        context: ToolContext = values.pop(CONTEXT)
        arguments = {**values, **await bound_values(context, self.bind)}
        session = self.server.session
        if session is None:
            raise Unreachable("Its server is away. Nothing was done.")
        return await self.server.breaker.run(lambda: self._called(session, arguments, context.idempotency_key))

    async def _called(self, session: ClientSession, arguments: dict[str, Any], key: str) -> str:
        meta = cast(RequestParamsMeta, {"idempotency-key": key})
        try:
            async with asyncio.timeout(self.seconds * 0.95):
                result = await session.call_tool(self.name, arguments, read_timeout_seconds=2 * self.seconds, meta=meta)
        except MCPError as error:
            if error.code in _NOT_RUN:
                raise ToolError(f"Its server refused this: {description_of(error.message)}") from error
            broken = self._broken("Its server broke the call off.")
            if any(error.code == code and error.message.startswith(begin) for code, begin in _NO_ANSWER):
                raise broken from error
            kind = ToolErrorKind.UNKNOWN if self.effect else ToolErrorKind.UNAVAILABLE
            raise ToolError(f"{broken.detail} It says: {description_of(error.message)}", kind) from error
        except Exception as error:
            raise self._broken(f"Its server gave no usable answer ({type(error).__name__}).") from error
        said = _text_of(result)
        if result.is_error:  # servers say so of a refusal, and of a tool that broke halfway
            kind = ToolErrorKind.UNKNOWN if self.effect else ToolErrorKind.REFUSED
            raise ToolError(f"Its server says that it failed: {description_of(said) or 'it gave no reason'}", kind)
        return said

    def _broken(self, reason: str) -> OutcomeUnknown | Unreachable:
        self.server.ask_again()
        return OutcomeUnknown(reason) if self.effect else Unreachable(reason)


def _text_of(result: CallToolResult) -> str:
    """What the model can read of it."""
    texts = [one.text for one in result.content if isinstance(one, TextContent)]
    if not texts and result.structured_content is not None:
        texts = [json.dumps(result.structured_content, ensure_ascii=False)]
    others = sum(not isinstance(one, TextContent) for one in result.content)
    if others:
        texts.append(f"({others} parts of the answer are no text and cannot be shown.)")
    return shortened("\n".join(texts)) or "Done."
