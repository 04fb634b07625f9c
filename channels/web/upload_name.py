"""The name that a form gives a file, with the separators of either kind of computer still in it.

Browsers write names into the header as they are and escape only the quotation mark, as ``%22`` (WHATWG, multipart/form-data
encoding algorithm). Read as a quoted string of RFC 9110, where a backslash escapes what follows it, ``C:\\Users\\x.pdf``
would become ``C:Usersx.pdf``, and its last part could not be told any more.
"""

from __future__ import annotations

import re

from aiohttp import BodyPartReader
from aiohttp.hdrs import CONTENT_DISPOSITION

_QUOTED = re.compile(r';\s*filename="((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_ESCAPED = re.compile(r'\\(["\\])')


def upload_name(part: BodyPartReader) -> str | None:
    """As the sender wrote it, folders included; None for a field that is no file."""
    found = _QUOTED.search(part.headers.get(CONTENT_DISPOSITION, ""))
    if found is None:
        return part.filename or None
    return _ESCAPED.sub(r"\1", found.group(1)).replace("%22", '"') or None
