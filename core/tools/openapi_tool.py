"""An operation of an OpenAPI document as a tool: whom it serves is set here, and the model never names a customer."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote, urlencode

import httpx2

from core.agent.sources import defuse
from core.agent.tool_rules import RunsWhen, Subject, ToolOverride
from core.agent.tools import Tool, ToolContext
from core.domain.errors import AuthFailed, ConfigError, OutcomeUnknown, ToolError, ToolErrorKind, Unreachable
from core.ports.chat_model import ToolSpec
from core.tools.breaker import Breaker
from core.tools.http import Check, http_client
from core.tools.json_arguments import arguments_for
from core.tools.openapi_document import Operation, model_schema
from core.tools.schema import checked_name, description_of
from core.tools.subject import bound_values

logger = logging.getLogger(__name__)

CONTEXT = "@context"
"""A name that no parameter of a model's call has: the schema is closed, and this is not in it."""
_LARGEST_ANSWER = 256 * 1024
LONGEST_TEXT = 20_000
_LONGEST_REASON = 300
_READABLE = re.compile(r"text/|application/(?:[\w.+-]{0,80}\+)?json")
_ACCESS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_KINDS: Mapping[int, ToolErrorKind] = {
    HTTPStatus.NOT_FOUND: ToolErrorKind.NOT_FOUND,
    HTTPStatus.GONE: ToolErrorKind.NOT_FOUND,
    HTTPStatus.BAD_REQUEST: ToolErrorKind.INVALID,
    HTTPStatus.UNPROCESSABLE_ENTITY: ToolErrorKind.INVALID,
}
"""What an answer says of the call; every other refusal is a rule of the company's."""
_KEY_HEADER = "Idempotency-Key"
_SEPARATOR = re.compile(r"[/\\;]")
"""What some server or proxy splits a path at, once it has decoded it."""


@dataclass(frozen=True, slots=True)
class Api:
    """A server. ``bind``: parameters that are set from what is proven of the customer, each with what it is set to.

    ``headers`` go with each request and may hold secrets. ``anyone``: names of operations that concern no customer.
    """

    base_url: str
    headers: Mapping[str, str]
    bind: Mapping[str, Sequence[Subject]]
    anyone: frozenset[str]
    check: Check
    breaker: Breaker


def seconds_of(override: ToolOverride | None, *, effect: bool) -> float:
    """How long a call may take, which the call has to know itself: only then a slow server counts as one that fails."""
    if override is not None and override.timeout is not None:
        return override.timeout
    return 20.0 if effect else 10.0


def remote_tool(spec: ToolSpec, call: Any, bind: Iterable[str], *, effect: bool, seconds: float) -> Tool:
    """The usual rules for a tool at a server. ``bind``: names that only the hub fills in.

    Raises ValueError for a name or a schema that is not valid.
    """
    checked_name(spec.name)
    if not spec.name or spec.name.endswith("_"):
        raise ValueError("its name has no letter or digit")
    arguments = arguments_for(spec.name, spec.parameters, bind)
    runs_when = RunsWhen.CUSTOMER_ASKS if effect else RunsWhen.MODEL_CALLS
    return Tool(spec, call, arguments, CONTEXT, effect, seconds, int(not effect), runs_when)


def operation_tool(api: Api, operation: Operation, override: ToolOverride | None = None) -> Tool:
    """Raises ConfigError for an operation that is not described well enough, or that nothing binds to its customer."""
    own = frozenset({*operation.places, *((operation.body or {}).get("properties") or ())})
    bound = own & frozenset(api.bind)
    if not bound and operation.name not in api.anyone:
        raise ConfigError(
            f"operation {operation.name}: nothing in bind ties it to the customer. Bind a parameter, or, if it concerns no "
            "customer, name it in anyone."
        )
    effect = operation.method != "get"
    if override is not None and override.effect is not None:
        effect = override.effect
    seconds = seconds_of(override, effect=effect)
    call = _Call(api, operation, {name: api.bind[name] for name in bound}, seconds, effect)
    try:
        sent = (*api.headers, *((_KEY_HEADER,) if effect else ()))
        schema = model_schema(operation, frozenset(api.bind), sent)
        spec = ToolSpec(tool_name(operation.name), operation.description, schema)
        return remote_tool(spec, call.run, api.bind, effect=effect, seconds=seconds)
    except ValueError as error:
        raise ConfigError(f"operation {operation.name}: {error}.") from error


def tool_name(operation: str) -> str:
    """``cancelOrder`` as ``cancel_order``: the words of a name count where a customer has to ask for it."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", operation)
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")[:64]


@dataclass(frozen=True, slots=True)
class _Call:
    """One operation at one server. ``bind``: parameters that it sets itself; ``seconds``: after which it gives up."""

    api: Api
    operation: Operation
    bind: Mapping[str, Sequence[Subject]]
    seconds: float
    effect: bool

    async def run(self, **values: Any) -> str:
        """Raises ToolError for the model, Unreachable where nothing happened, OutcomeUnknown where that cannot be known."""
        context: ToolContext = values.pop(CONTEXT)
        own = await bound_values(context, self.bind)
        request = self._request(values, own, context.idempotency_key)
        return await self.api.breaker.run(lambda: self._sent(request))

    def _request(self, values: dict[str, Any], own: Mapping[str, Any], key: str) -> httpx2.Request:
        one = self.operation
        body = values.pop("body", None) if one.body is not None else None
        if isinstance(body, dict):
            body |= {name: value for name, value in own.items() if name in one.body.get("properties", {})}  # type: ignore[union-attr]
        given = {name: value for name, value in {**values, **own}.items() if name in one.places and value is not None}
        path = one.path_with(
            {name: _segment(name, value) for name, value in given.items() if one.places[name] == "path"}
        )
        query = urlencode(
            [(name, text) for name, value in given.items() if one.places[name] == "query" for text in _texts(value)]
        )
        headers = {name: _header(value) for name, value in given.items() if one.places[name] == "header"}
        headers |= {"Accept": "application/json, text/plain;q=0.9"}
        if self.effect:
            headers[_KEY_HEADER] = key
        if body is not None:
            headers["Content-Type"] = "application/json"
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        url = f"{self.api.base_url.rstrip('/')}{path}{'?' if query else ''}{query}"
        return httpx2.Request(one.method.upper(), url, headers=headers, content=content)

    async def _sent(self, request: httpx2.Request) -> str:
        try:
            async with asyncio.timeout(self.seconds * 0.95), http_client(self.api.check, self.api.headers) as client:
                request.headers.update({**client.headers, **request.headers})
                response = await client.send(request, stream=True)
                try:
                    return self._answer(response, await _read(response))
                finally:
                    await response.aclose()
        except httpx2.ConnectError as error:
            logger.warning("a tool's server cannot be reached: %s", error, extra={"operation": self.operation.name})
            raise Unreachable("Its server cannot be reached. Nothing was done.") from error
        except (httpx2.HTTPError, TimeoutError) as error:
            raise self._broken(f"Its server gave no usable answer ({type(error).__name__}).") from error

    def _broken(self, reason: str) -> OutcomeUnknown | Unreachable:
        return OutcomeUnknown(reason) if self.effect else Unreachable(reason)

    def _answer(self, response: httpx2.Response, text: str) -> str:
        status = response.status_code
        if response.is_success:
            return text or "Done."
        if status in _ACCESS:
            logger.error("a tool's server refuses access", extra={"operation": self.operation.name, "status": status})
            raise AuthFailed("Its server refuses the hub access. Nothing was done.")
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise Unreachable(f"Its server is overloaded ({status}). Nothing was done.")
        if response.is_client_error and status != HTTPStatus.REQUEST_TIMEOUT:
            reason = description_of(text, _LONGEST_REASON) or "it gave no reason"
            kind = _KINDS.get(status, ToolErrorKind.REFUSED)
            raise ToolError(f"Its server refused this ({status}): {reason}", kind)
        raise self._broken(f"Its server failed ({status}).")


async def _read(response: httpx2.Response) -> str:
    """Its text as far as the model can use it; of anything else only that it is there."""
    kind = response.headers.get("content-type", "").split(";")[0].strip().lower()
    held = bytearray()
    async for block in response.aiter_raw():
        held += block
        if len(held) > _LARGEST_ANSWER:
            break
    if held and not _READABLE.fullmatch(kind) and not kind.startswith("text/"):
        return f"The answer is a file ({defuse(kind[:80]) or 'of an unknown kind'}), which cannot be shown."
    return shortened(held.decode(errors="replace"))


def shortened(text: str) -> str:
    """What the model may read of an answer."""
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}\n(The rest is left out.)"


def _texts(value: Any) -> Iterable[str]:
    return [_text(one) for one in value] if isinstance(value, list) else [_text(value)]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _segment(name: str, value: Any) -> str:
    """Raises ToolError for what would lead to another path."""
    text = ",".join(_texts(value))
    parts = {part for one in (text, unquote(text)) for part in _SEPARATOR.split(one)}
    if not text or parts & {".", ".."}:
        raise ToolError(f"{name} must not be {text[:_LONGEST_REASON]!r}.")
    return quote(text, safe="")


def _header(value: Any) -> str:
    text = _text(value)
    if not (text.isascii() and text.isprintable()):
        raise ToolError("Not run: what is known of the customer cannot stand in a header.")
    return text
