"""Which documents on a site are kept besides its pages, and how their files' names end."""

from __future__ import annotations

import mimetypes
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from knowledge.sources.files import READABLE

_SUFFIXES = {
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.ms-excel": ".xls",
    "application/epub+zip": ".epub",
    "text/markdown": ".md",
    "text/x-markdown": ".md",
    "text/csv": ".csv",
    "text/plain": ".txt",
}
_DATA = {
    "application/json": ".json",
    "application/yaml": ".yaml",
    "application/x-yaml": ".yaml",
    "text/yaml": ".yaml",
    "text/x-yaml": ".yaml",
    "application/xml": ".xml",
    "text/xml": ".xml",
    "application/rss+xml": ".xml",
    "application/atom+xml": ".xml",
}
"""Data is written for programs: it is read where somebody named it, and not because a page leads there."""
_VAGUE = frozenset({"", "application/octet-stream", "binary/octet-stream", "text/plain", "application/x-download"})


def suffix_of(address: str, media_type: str, *, named: bool) -> str | None:
    """How the file's name ends; None for what is not kept. What the server says outweighs what the address looks like."""
    own = PurePosixPath(urlsplit(address).path).suffix.lower()
    if media_type in _VAGUE and own in READABLE:
        said: str | None = own
    else:
        said = _SUFFIXES.get(media_type) or _DATA.get(media_type) or _by_subtype(media_type)
    if said is None or (not named and (said in _DATA.values() or said == ".yml")):
        return None
    return said


def _by_subtype(media_type: str) -> str | None:
    """Types such as application/vnd.oai.openapi+json, and those that the machine knows."""
    if media_type.endswith("+json"):
        return ".json"
    if media_type.endswith(("+yaml", "+yml")):
        return ".yaml"
    guessed = mimetypes.guess_extension(media_type) or ""
    return guessed if guessed in READABLE else None
