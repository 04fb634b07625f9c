"""A file with a call, as a form (RFC 7578), streamed and with its length said beforehand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from uuid import uuid4

from core.domain.errors import NotFound


@dataclass(frozen=True, slots=True)
class File:
    """``field`` is the parameter's name; ``size`` in bytes is what ``chunks`` gives together."""

    field: str
    name: str
    media_type: str
    size: int
    chunks: AsyncIterator[bytes]


class Form:
    """One form. ``broken``: what kept the file from being read to its end this time; ``lost``: what always will.

    ``written``: the end was handed over, so that whoever reads may have all of it.
    """

    def __init__(self, params: Mapping[str, str], file: File) -> None:
        boundary = uuid4().hex
        fields = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in params.items()
        )
        begin = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{file.field}"; filename="{_quoted(file.name)}"\r\n'
            f"Content-Type: {file.media_type}\r\n\r\n"
        )
        self._head = (fields + begin).encode("utf-8", "replace")
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._file = file
        self.broken: str | None = None
        self.lost: str | None = None
        self.written = False
        self.headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(self._head) + file.size + len(self._tail)),
        }

    async def chunks(self) -> AsyncIterator[bytes]:
        """The whole body."""
        yield self._head
        left = self._file.size
        try:
            async for chunk in self._file.chunks:
                left -= len(chunk)
                if left < 0:
                    break
                yield chunk
        except NotFound as error:
            self.lost = error.detail
            raise
        except Exception as error:
            self.broken = type(error).__name__
            raise
        if left != 0:
            self.lost = "its size is another one than was noted"
            raise OSError(self.lost)
        self.written = True
        yield self._tail


def _quoted(name: str) -> str:
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
