"""Keeps secrets out of the log, whatever route they take there: by field name, by known value, by shape."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, MutableMapping
from typing import Any
from urllib.parse import quote, quote_plus

from structlog.typing import WrappedLogger

HIDDEN = "[hidden]"
_FIELD = re.compile(r"token|secret|passw|authoriz|api[_-]?key|cookie|signature|credential", re.IGNORECASE)
_SHAPES = (
    (re.compile(r"(?<=://)(?:[^/\s:@]*:[^/\s@]+|[^/?#\s@]+)(?=@)"), HIDDEN),
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    (re.compile(r"([?&](?:sig|token|key|secret)=)[^&\s\"']+", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(r"\b(?:sk-|xox[abeprs]-|xapp-)[A-Za-z0-9_-]{8,}"), HIDDEN),
)
_HINT = re.compile(r"://[^/\s]*@|(?:Bearer|Basic)\s|[?&](?:sig|token|key|secret)=|sk-|xox|xapp-", re.IGNORECASE)
"""Stands in every text that has one of the shapes; almost no text has it, so that one search is all that it costs."""
_SHORTEST = 6
_DEPTH = 5


def _forms(secret: str) -> Iterator[str]:
    """As it is, and as it stands in addresses, in JSON and in what Python shows of a value."""
    yield secret
    yield from (quote(secret), quote(secret, safe=""), quote_plus(secret))
    yield from (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    yield from (repr(secret)[1:-1], repr(secret.encode("utf-8", "replace"))[2:-1])


class Redactor:
    """A structlog processor; put it after exceptions were turned into text. ``secrets``: values from the settings."""

    def __init__(self, secrets: Collection[str] = ()) -> None:
        forms = {form for secret in secrets for form in _forms(secret) if len(form) >= _SHORTEST}
        known = sorted(forms, key=len, reverse=True)
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
        if _HINT.search(text):
            for shape, replacement in _SHAPES:
                text = shape.sub(replacement, text)
        return text

    def _field(self, key: object, value: Any, depth: int) -> Any:
        if isinstance(value, (str, bytes)) and isinstance(key, str) and _FIELD.search(key):
            return HIDDEN
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bytes):
            return f"<{len(value)} bytes>"
        if depth and isinstance(value, dict):
            return {
                self.text(inner) if isinstance(inner, str) else inner: self._field(inner, each, depth - 1)
                for inner, each in value.items()
            }
        if depth and isinstance(value, (list, tuple, set, frozenset)):
            return [self._field(None, each, depth - 1) for each in value]
        if value is None or isinstance(value, (bool, int, float)):
            return value
        return self.text(str(value))
