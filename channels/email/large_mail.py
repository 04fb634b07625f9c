"""A mail that is too large to be loaded as a whole: its header and its texts make a smaller mail, its files are only named.

So the customer is heard, each file is fetched by itself where it is not too large itself, and the others are said to be missing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from typing import Any, Final

from channels.email import mime
from channels.email.imap import ImapConnection

_TEXT: Final = 400_000
"""Bytes of one text, still encoded: more than is read of any mail."""
_HEADER: Final = 20_000
_EMPTY: Final = 2
"""Bytes of a text that says nothing: a line's end."""
_MOST_PARTS: Final = 50
_CONTENT: Final = re.compile(
    rb"^(?:mime-version|content-(?:type|transfer-encoding|disposition|id|description|length)):.*\r?\n(?:[ \t].*\r?\n)*",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A part that holds no others. ``size``: bytes, as it is encoded. ``whole``: it is all that the mail has."""

    section: str
    kind: str
    encoding: str
    size: int
    whole: bool = False
    attached: bool = False

    @property
    def is_text(self) -> bool:
        """Whether it may be what the writer says."""
        return self.kind in ("text/plain", "text/html") and not self.attached


async def reduced(connection: ImapConnection, uid: int) -> tuple[bytes, str]:
    """The smaller mail, and the files that are not in it, for `parse`. The same for the same mail. Raises ChannelErrors."""
    head = await connection.head(uid)
    texts: list[bytes] = []
    left_out: list[dict[str, str | int]] = []
    for leaf in list(leaves(await connection.structure(uid)))[:_MOST_PARTS]:
        if leaf.kind in mime.SEALS:
            continue
        described = _described(head) if leaf.whole else await connection.section(uid, f"{leaf.section}.MIME", _HEADER)
        part = BytesHeaderParser(policy=mime.BOUNDED).parsebytes(described)
        name = mime.file_name(part)
        if leaf.is_text and not (name and leaf.kind == "text/html"):
            body = await connection.section(uid, leaf.section, _TEXT)
            texts.append(described.strip(b"\r\n") + b"\r\n\r\n" + body)
        else:
            left_out.append(_file(leaf, name, len(left_out) + 1))
    return _put_together(head, texts), json.dumps(left_out)


def leaves(structure: Any, path: str = "") -> Iterator[Leaf]:
    """A mail's parts by BODYSTRUCTURE (RFC 3501, section 7.4.2); of two texts that say the same the plain one."""
    if not isinstance(structure[0], list):
        main, sub, encoding = (_word(structure[place]) for place in (0, 1, 5))
        size = structure[6] if isinstance(structure[6], int) else 0
        attached = any(isinstance(one, tuple) and one and _word(one[0]) == "attachment" for one in structure[7:])
        yield Leaf(path or "1", f"{main}/{sub}", encoding, size, whole=not path, attached=attached)
        return
    found = [
        leaf
        for number, part in enumerate(structure[0], 1)
        for leaf in leaves(part, f"{path}.{number}" if path else str(number))
    ]
    if _word(structure[1]) == "alternative":
        texts = [leaf for leaf in found if leaf.is_text]
        plain = [leaf for leaf in texts if leaf.kind == "text/plain" and leaf.size > _EMPTY]
        found = [leaf for leaf in found if not leaf.is_text or leaf in (plain[:1] or texts)]
    yield from found


def _file(leaf: Leaf, name: str | None, number: int) -> dict[str, str | int]:
    size = leaf.size * 57 // 78 if leaf.encoding == "base64" else leaf.size  # 57 bytes make a line of 76 letters
    shown = name or mime.named(leaf.kind, number)
    return {"section": leaf.section, "encoding": leaf.encoding, "name": shown, "type": leaf.kind, "size": size}


def _word(value: Any) -> str:
    return value.decode("ascii", "replace").lower() if isinstance(value, bytes) else ""


def _described(head: bytes) -> bytes:
    return b"".join(found[0] for found in _CONTENT.finditer(head))


def _put_together(head: bytes, texts: list[bytes]) -> bytes:
    boundary = b"reduced-" + hashlib.blake2b(head, digest_size=16).hexdigest().encode()
    kept = _CONTENT.sub(b"", head).strip(b"\r\n")
    kind = b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="' + boundary + b'"'
    parts = b"".join(b"--" + boundary + b"\r\n" + text + b"\r\n" for text in texts)
    return kept + b"\r\n" + kind + b"\r\n\r\n" + parts + b"--" + boundary + b"--\r\n"
