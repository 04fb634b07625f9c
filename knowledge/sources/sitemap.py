"""Reads sitemaps (sitemaps.org, protocol 0.9): XML, lists as text, indexes of further ones, packed with gzip or not."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import iterparse  # type: ignore[import-untyped]

from knowledge.sources.address import normal

MOST_BYTES = 50 * 1024 * 1024
"""The protocol's own limit for one file, as unpacked."""
_MOST_ENTRIES = 50_000


class BadSitemap(Exception):
    """What is wrong with it, for people."""


@dataclass(frozen=True, slots=True)
class Sitemap:
    """Addresses of pages, or of further sitemaps."""

    pages: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()


def read_sitemap(content: bytes, address: str) -> Sitemap:
    """What a sitemap lists. Raises BadSitemap."""
    if content[:2] == b"\x1f\x8b":
        content = _unpacked(content)
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"<":
        lines = content.decode("utf-8", "replace").split()[:_MOST_ENTRIES]
        return Sitemap(pages=_addresses(lines, address))
    return _xml(content, address)


def _unpacked(content: bytes) -> bytes:
    """Never more than the limit, however little there was before (a bomb)."""
    reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        found = reader.decompress(content, MOST_BYTES + 1)
    except zlib.error as error:
        raise BadSitemap(f"is no valid gzip file: {error}") from error
    if len(found) > MOST_BYTES:
        raise BadSitemap("is larger than a sitemap may be")
    return found


def _xml(content: bytes, address: str) -> Sitemap:
    pages: list[str] = []
    sitemaps: list[str] = []
    try:
        for _, element in iterparse(io.BytesIO(content)):
            name = _local(element.tag)
            if name in ("url", "sitemap"):
                found = next((child.text or "" for child in element if _local(child.tag) == "loc"), "")
                (pages if name == "url" else sitemaps).append(found)
                element.clear()
            if len(pages) + len(sitemaps) >= _MOST_ENTRIES:
                break
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise BadSitemap(f"is no valid XML: {str(error) or type(error).__name__}"[:200]) from error
    if not pages and not sitemaps:
        raise BadSitemap("lists no pages")
    return Sitemap(_addresses(pages, address), _addresses(sitemaps, address))


def _local(tag: object) -> str:
    return str(tag).rpartition("}")[2]


def _addresses(found: list[str], base: str) -> tuple[str, ...]:
    normals = (normal(one, base) for one in found if one.strip())
    return tuple(dict.fromkeys(one for one in normals if one is not None))
