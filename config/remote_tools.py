"""From settings to tools at a company's own servers. Their libraries are loaded only where such a server is set."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from config.groups.tools import McpServer, OpenApiServer, ToolServer
from config.settings import Settings
from core.agent.builtin_tools import ESCALATE, LINK, SEARCH
from core.agent.memory_tools import KEEPS, OWN_WORDS
from core.agent.ticket_tools import TICKET_TOOLS
from core.agent.tools import Tool, cannot_check, overridden
from core.domain.errors import ConfigError
from core.ports.channel import Diagnosis
from core.ports.metrics import Metrics, NoMetrics
from core.tools.kept_tools import KeptTools, Publish, reason_of
from core.tools.tool_budget import ToolBudget

HUB_TOOLS = frozenset({SEARCH, ESCALATE, LINK, *TICKET_TOOLS, *OWN_WORDS, *KEEPS})

_SECONDS = 120.0
_FIX = "Correct what it names, or start the server, then run switchboard doctor tools."
_NO_METRICS = NoMetrics()
_NO_TOOLS: Mapping[str, Tool] = MappingProxyType({})


def _check_of(given: ToolServer, *addresses: str) -> Callable[[str, Sequence[str]], None]:
    from knowledge.sources.guard import Guard

    return Guard(addresses, given.private_hosts).check_found


def _origin(address: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(address)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def file_tools(settings: Settings, metrics: Metrics = _NO_METRICS) -> list[Tool]:
    """Of the documents that are files. Raises ConfigError."""
    return [
        one
        for name, given in settings.openapi_tools.items()
        if "://" not in given.document
        for one in _from_document(name, given, _file(name, given), settings, metrics)
    ]


def _file(name: str, given: OpenApiServer) -> bytes:
    try:
        return Path(given.document).read_bytes()
    except OSError as error:
        raise ConfigError(f"OPENAPI_TOOLS: {name}: {given.document} cannot be read ({error.strerror}).") from error


def _from_document(name: str, given: OpenApiServer, data: bytes, settings: Settings, metrics: Metrics) -> list[Tool]:
    from core.tools.breaker import Breaker
    from core.tools.openapi_document import operation, parsed_document
    from core.tools.openapi_tool import Api, operation_tool, tool_name

    check, breaker = _check_of(given, given.base_url), Breaker(urlsplit(given.base_url).netloc, metrics)
    api = Api(given.base_url, given.plain_headers, given.bind, frozenset(given.anyone), check, breaker)
    try:
        document = parsed_document(data)
        return [
            operation_tool(api, operation(document, one), settings.tool_overrides.get(tool_name(one)))
            for one in given.operations
        ]
    except ConfigError as error:
        raise ConfigError(f"OPENAPI_TOOLS: {name}: {error.detail}") from error


def names_to_come(settings: Settings) -> Sequence[str]:
    """What the tools will be called that are known only once a document has been fetched."""
    if not settings.openapi_tools:
        return ()
    from core.tools.openapi_tool import tool_name

    return [tool_name(one) for given in settings.openapi_tools.values() for one in given.operations]


def tool_servers(
    settings: Settings, metrics: Metrics = _NO_METRICS, own: Mapping[str, Tool] = _NO_TOOLS
) -> list[KeptTools]:
    """Those that are asked over the network or started here, not yet connected. ``own``: the company's other tools."""
    found = {
        name: _document_reader(name, given, settings, metrics)
        for name, given in settings.openapi_tools.items()
        if "://" in given.document
    }
    found |= {name: _mcp_connection(name, given, settings, metrics) for name, given in settings.mcp_servers.items()}
    share = ToolBudget().rest(own.values()).shared_by(len(found))
    operations = names_to_come(settings)

    def adjust(tools: Iterable[Tool], taken: Container[str]) -> tuple[Iterable[Tool], Mapping[str, str]]:
        wanted = overridden(tools, settings.tool_overrides)
        named_twice = {one.name: "another tool has its name" for one in wanted if one.name in taken}
        fitting, too_much = share.fitting(one for one in wanted if one.name not in named_twice)
        return fitting, {**named_twice, **too_much}

    return [
        KeptTools(
            name,
            connect,
            partial(adjust, taken={*HUB_TOOLS, *own, *(operations if name in settings.mcp_servers else ())}),
            metrics,
        )
        for name, connect in found.items()
    ]


def _mcp_connection(
    name: str, given: McpServer, settings: Settings, metrics: Metrics
) -> Callable[[Publish], Awaitable[None]]:
    from core.tools.breaker import Breaker
    from core.tools.mcp_server import McpConnection, McpPlace

    place = McpPlace(
        name,
        given.command,
        {key: value.get_secret_value() for key, value in given.env.items()},
        given.url,
        given.plain_headers,
        given.bind,
        frozenset(given.anyone),
        _check_of(given, *filter(None, (given.url,))),
        settings.tool_overrides,
    )
    return McpConnection(place, Breaker(name, metrics)).connect


def _document_reader(
    name: str, given: OpenApiServer, settings: Settings, metrics: Metrics
) -> Callable[[Publish], Awaitable[None]]:
    headers = given.plain_headers if _origin(given.document) == _origin(given.base_url) else {}

    async def read(publish: Publish) -> None:
        from core.tools.http import fetched

        async with asyncio.timeout(_SECONDS):
            data = await fetched(given.document, _check_of(given, given.document), headers)
        found = await asyncio.to_thread(_from_document, name, given, data, settings, metrics)
        publish(found, {})
        await asyncio.Event().wait()

    return read


def start_servers(
    settings: Settings, metrics: Metrics, closing: AsyncExitStack, own: Mapping[str, Tool] = _NO_TOOLS
) -> Callable[[], Mapping[str, Tool]]:
    """Connects to each in the background, until ``closing``. Gives the tools that they have at the moment.

    ``own``: the company's other tools.
    """
    if not (settings.openapi_tools or settings.mcp_servers):
        return dict
    servers = tool_servers(settings, metrics, own)
    for one in servers:
        one.start()
        closing.push_async_callback(one.aclose)
    return lambda: {name: tool for one in servers for name, tool in one.tools.items()}


async def check_servers(settings: Settings, own: Mapping[str, Tool]) -> list[Diagnosis]:
    """Whether each is reached, which tools it gives, and whether calls can be checked. ``own``: the company's other tools."""
    servers = tool_servers(settings, own=own)
    found = await asyncio.gather(*(_diagnosis(one, settings.openapi_tools.get(one.name)) for one in servers))
    files = {name: one for name, one in settings.openapi_tools.items() if "://" not in one.document}
    found += await asyncio.gather(*(_diagnosis_of_api(name, one) for name, one in files.items()))
    every = {**own, **{name: tool for one in servers for name, tool in one.tools.items()}}
    cannot = "; ".join(f"{name} is {why}" for name, why in cannot_check(every, HUB_TOOLS).items())
    return [*found, Diagnosis("checked_by", False, cannot, _FIX)] if cannot else found


async def _diagnosis(server: KeptTools, api: OpenApiServer | None) -> Diagnosis:
    try:
        async with asyncio.timeout(_SECONDS):
            await server.once()
    except TimeoutError:
        return Diagnosis(server.name, False, f"no answer within {_SECONDS:g} seconds", _FIX)
    except Exception as error:
        return Diagnosis(server.name, False, reason_of(error), _FIX)
    reached = await _diagnosis_of_api(server.name, api) if api is not None else None
    return reached if reached is not None and not reached.ok else Diagnosis(server.name, True, server.summary)


async def _diagnosis_of_api(name: str, given: OpenApiServer) -> Diagnosis:
    from core.tools.http import check_reached

    try:
        await check_reached(given.base_url, _check_of(given, given.base_url))
    except ConfigError as error:
        return Diagnosis(name, False, f"base_url: {error.detail}", _FIX)
    return Diagnosis(name, True, f"{given.base_url} answers")
