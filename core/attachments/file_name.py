"""A sender's file name, made fit to be shown and to be put into a header."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePath

_LIMIT = 150
_READ = 1_000
_SEPARATORS = re.compile(r"[/\\]|^[A-Za-z]:(?=\S)")


def clean(name: str) -> str:
    """The last part of a path of any system, without a drive's letter and without control or direction characters.

    At most 150 characters; never empty; cleaning it again changes nothing.
    """
    kept = name[-_READ:]
    while (cleaner := _cleaner(kept)) != kept:  # what one step takes away may leave what another has to take
        kept = cleaner
    return kept or "file"


def _cleaner(name: str) -> str:
    last = _SEPARATORS.split(unicodedata.normalize("NFC", name).strip(" ."))[-1]
    visible = "".join(c for c in last if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))
    visible = " ".join(visible.replace('"', "'").split()).strip(". ")
    if len(visible) > _LIMIT:
        suffix = PurePath(visible).suffix[:16]
        visible = visible[: _LIMIT - len(suffix)].rstrip() + suffix
    return visible
