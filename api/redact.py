"""Keeps secrets out of the log, whatever road they take there: by field name, by known value, by shape."""

from __future__ import annotations

import re
from collections.abc import Collection, MutableMapping
from typing import Any

from structlog.typing import WrappedLogger

HIDDEN = "[hidden]"
_FIELD = re.compile(r"token|secret|passw|authoriz|api[_-]?key|cookie|signature|credential", re.IGNORECASE)
_SHAPES = (
    (re.compile(r"(?<=://)(?:[^/\s:@]*:[^/\s@]+|[^/?#\s@]+)(?=@)"), HIDDEN),
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (re.compile(r"([?&](?:sig|token|key|secret)=)[^&\s\"']+", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(r"\b(?:sk-|xox[abeprs]-|xapp-)[A-Za-z0-9_-]{8,}"), HIDDEN),
)
_SHORTEST = 6
_DEPTH = 5


class Redactor:
    """A structlog processor; put it after exceptions were turned into text. ``secrets``: values from the settings."""

    def __init__(self, secrets: Collection[str] = ()) -> None:
        known = sorted({secret for secret in secrets if len(secret) >= _SHORTEST}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(
        self, _logger: WrappedLogger, _method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """The same event with secrets hidden; structlog's own signature."""
        for key, value in event.items():
            event[key] = self._field(key, value, _DEPTH)
        return event

    def text(self, text: str) -> str:
        """One string with every known secret and every secret shape hidden."""
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        for shape, replacement in _SHAPES:
            text = shape.sub(replacement, text)
        return text

    def _field(self, key: object, value: Any, depth: int) -> Any:
        if isinstance(key, str) and _FIELD.search(key) and isinstance(value, (str, bytes)):
            return HIDDEN
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bytes):
            return f"<{len(value)} bytes>"
        if depth and isinstance(value, dict):
            return {inner: self._field(inner, each, depth - 1) for inner, each in value.items()}
        if depth and isinstance(value, (list, tuple, set, frozenset)):
            return [self._field(None, each, depth - 1) for each in value]
        if value is None or isinstance(value, (bool, int, float)):
            return value
        return self.text(str(value))
