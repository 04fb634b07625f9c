"""The texts of files that were read lately, by their content: the same bytes sent again are not read, or paid for, again."""

from __future__ import annotations

from core.domain.attachments import Attachment

_MOST = 2_000_000
"""Characters of all texts together."""
_ENTRY = 200
"""Characters that each counts as beside its own: it may be empty."""


class KnownTexts:
    """Of this process. The same bytes give the same text, so nobody learns anything from it that they did not send."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._texts: dict[tuple[str, str], str] = {}
        self._held = 0

    def get(self, file: Attachment) -> str | None:
        """The text of a file with the same content and type."""
        return self._texts.get((file.sha256, file.media_type))

    def put(self, file: Attachment, text: str) -> None:
        """Keep it, and forget the oldest ones beyond the limit."""
        key = (file.sha256, file.media_type)
        if key in self._texts:
            self._forget(key)
        self._texts[key] = text
        self._held += len(text) + _ENTRY
        while self._held > self._most:
            self._forget(next(iter(self._texts)))

    def _forget(self, key: tuple[str, str]) -> None:
        self._held -= len(self._texts.pop(key)) + _ENTRY
