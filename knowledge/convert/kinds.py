"""Kinds of files by the ending of their names. Whoever only asks for the kind loads no reader."""

from __future__ import annotations

from pathlib import PurePath

from knowledge.documents import UnreadableDocument

OFFICE = frozenset({".docx", ".pptx", ".xlsx", ".xls", ".epub", ".msg", ".ipynb"})
HTML = frozenset({".html", ".htm", ".xhtml"})
FEEDS = frozenset({".xml", ".rss", ".atom"})
_HEAVY = OFFICE | HTML | FEEDS | {".pdf"}
_NO_TEXT = {
    "pictures": frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tiff", ".tif", ".svg", ".heic"}),
    "sound and film": frozenset({".mp3", ".wav", ".m4a", ".ogg", ".flac", ".mp4", ".mov", ".avi", ".mkv", ".webm"}),
    "archives": frozenset({".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar"}),
}


def needs_heavy_readers(path: PurePath) -> bool:
    """Whether reading it takes libraries that are loaded for seconds."""
    return path.suffix.lower() in _HEAVY


def refuse_without_text(path: PurePath) -> None:
    """Raises UnreadableDocument for files that need not be opened to know that they hold no text."""
    suffix = path.suffix.lower()
    for kind, suffixes in _NO_TEXT.items():
        if suffix in suffixes:
            raise UnreadableDocument(f"{kind} hold no text that can be indexed ({suffix})")
