"""Structured logs: one line per thing that happened, JSON for machines or columns for people, each with its correlation id."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Collection, MutableMapping
from dataclasses import dataclass
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import Processor, WrappedLogger

from api.log_repeats import RepeatLimit
from api.redact import Redactor
from core.domain.correlation import correlation_id


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
    for chatty in (
        "aiohttp.access",
        "httpx",
        "httpcore",
        "httpx2",
        "httpcore2",
        "mcp",
        "asyncio",
        "alembic",
        "urllib3",
    ):
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
