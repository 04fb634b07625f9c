"""Structured logs: one line per thing that happened, JSON for machines or columns for people, each with its correlation id."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from dataclasses import dataclass
from typing import Any, Literal, TextIO

import structlog
from aiohttp import web
from structlog.typing import Processor, WrappedLogger

from api.log_repeats import RepeatLimit
from api.redact import Redactor
from core.domain.correlation import acceptable, correlated, correlation_id

HEADER = "X-Request-ID"
_REQUEST_ID = web.RequestKey("request_id", str)
_QUIET = ("/health", "/metrics")

_log = structlog.get_logger("http")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class LogSettings:
    """``format``: ``console`` for people, ``json`` for a log collector, ``auto`` by whether a terminal is attached."""

    level: str = "INFO"
    format: Literal["auto", "console", "json"] = "auto"


def configure_logging(settings: LogSettings, *, secrets: Collection[str] = (), stream: TextIO | None = None) -> None:
    """For the whole process, the standard library's loggers included. Calling it again replaces the former settings."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_correlation,
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    target = stream or sys.stderr
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=_rendering(settings, Redactor(secrets), colors=target.isatty())
        )
    )
    handler.addFilter(RepeatLimit(time.monotonic))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(settings.level.upper())
    for chatty in ("aiohttp.access", "httpx", "httpcore", "asyncio", "alembic", "urllib3"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))


def _rendering(settings: LogSettings, redactor: Redactor, *, colors: bool) -> list[Processor]:
    """Exceptions become text before redaction, so that what a library put into its message is hidden too."""
    before: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
    ]
    last: Processor = structlog.dev.ConsoleRenderer(colors=colors)
    if settings.format == "json" or (settings.format == "auto" and not colors):
        last = structlog.processors.JSONRenderer(ensure_ascii=False)
        before.append(structlog.processors.EventRenamer("message"))
    return [*before, redactor, last]


def _add_correlation(_logger: WrappedLogger, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    identifier = correlation_id()
    if identifier is not None:
        event.setdefault("correlation_id", identifier)
    return event


@web.middleware
async def correlate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Outermost: gives the request its id (the caller's own when it is harmless) and writes the one line about it.

    Only the path is logged: queries hold signatures.
    """
    with correlated(acceptable(request.headers.get(HEADER))) as identifier:
        request[_REQUEST_ID] = identifier
        started = time.perf_counter()
        status = 500
        try:
            response = await handler(request)
            status = response.status
        except web.HTTPException as error:
            status = error.status
            raise
        finally:
            quiet = request.path.startswith(_QUIET) and status < web.HTTPInternalServerError.status_code
            _log.log(
                logging.DEBUG if quiet else logging.INFO,
                "request",
                method=request.method,
                path=request.path,
                status=status,
                ms=round((time.perf_counter() - started) * 1000, 1),
            )
        return response


async def answer_with_id(request: web.Request, response: web.StreamResponse) -> None:
    """For ``app.on_response_prepare``, so that streamed answers and sockets carry the id as well."""
    identifier = request.get(_REQUEST_ID)
    if identifier is not None:
        response.headers[HEADER] = identifier
