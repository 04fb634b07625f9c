"""What Office files and e-books say of themselves beside their text: they are ZIP archives with properties in XML."""

from __future__ import annotations

import contextlib
import io
import re
import zipfile
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]

from core.domain.knowledge import KnowledgeAudience
from knowledge.convert.audience import of_properties

_CORE, _CUSTOM = "docProps/core.xml", "docProps/custom.xml"
_DUBLIN_CORE_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_PACKAGE = ".opf"
_MARGIN, _MARGINS = "margin", re.compile(r"word/(?:header\d*|footer\d*|comments)\.xml")
_PARAGRAPH = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}p"
_LARGEST = 1_000_000


def office_title(content: bytes) -> str | None:
    """The title in a Word, Excel or PowerPoint file's properties (ECMA-376 part 2, core properties)."""
    for _, root in _read(content, _CORE):
        title = root.findtext(_DUBLIN_CORE_TITLE)
        return title.strip() if title else None
    return None


def office_audience(content: bytes) -> KnowledgeAudience:
    """For whom it is by its properties: the custom one of that name (ECMA-376 part 1, 22.3), and lines of the others.

    Headers, footers and comments of a Word file count as well: nothing else of us reads them. Of an e-book, by its package
    (EPUB 3.3, 5.5). Raises UnreadableDocument for an audience that is none.
    """
    said: dict[str, str] = {}
    for name, root in _read(content, _CORE, _CUSTOM, _PACKAGE, _MARGIN):
        if name == _MARGIN:
            paragraphs = ("".join(one.itertext()) for one in root.iter(_PARAGRAPH))
            said[f"{name} {len(said)}"] = "\n".join(paragraphs)
        elif name == _CUSTOM:
            said |= {str(one.get("name", "")).strip().lower(): "".join(one.itertext()) for one in root}
        else:
            said |= dict(_described(root, name))
    return of_properties(said)


def _described(root: Element, place: str) -> Iterator[tuple[str, str]]:
    """Keywords, categories and remarks; of a package also ``<meta property="dcterms:audience">`` and ``<dc:audience>``."""
    for number, one in enumerate(root.iter()):
        name = str(one.get("property") or one.get("name") or one.tag)
        last = name.rpartition("}")[2].rpartition(":")[2].lower()
        text = " ".join((str(one.get("content") or one.text or "")).split(" "))
        yield ("audience" if last == "audience" else f"{place} {number}"), text


def _read(content: bytes, *names: str) -> Iterator[tuple[str, Element]]:
    """Those of the files in it that can be read; an archive that cannot be opened is told by whoever reads its text."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist():
                name = _PACKAGE if member.filename.endswith(_PACKAGE) else member.filename
                name = _MARGIN if _MARGINS.fullmatch(name) else name
                if name in names and member.file_size <= _LARGEST:
                    with contextlib.suppress(ParseError, ValueError, KeyError):
                        yield name, fromstring(archive.read(member))
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError):
        return
