"""What the index knows of a document."""

from __future__ import annotations

from dataclasses import dataclass

from knowledge.index.order import Origin


@dataclass(frozen=True, slots=True)
class IndexedDocument:
    """A document as the index knows it. ``digest`` covers the file and everything that decides how it is cut.

    ``stamp``: the state of the file in which its content was last looked at; while it is the same, so is the content.
    ``problems``: what of it could not be read, so that a later run over the unchanged file says it again.
    """

    id: str
    digest: str
    source: str
    root: str
    chunks: int
    origin: Origin = Origin.NAMED
    problems: tuple[str, ...] = ()
    stamp: str = ""


def category_key(category: str) -> str:
    """Categories are compared without regard to case and outer space."""
    return " ".join(category.split()).casefold()
