"""Takes from a web page what its author wrote for readers, and leaves scripts, menus and footers."""

from __future__ import annotations

from dataclasses import dataclass

from bs4 import BeautifulSoup, Tag

from knowledge.convert.anchors import mark_ids
from knowledge.convert.markdown import language_code

_NOT_FOR_READERS = [
    "script",
    "style",
    "noscript",
    "template",
    "iframe",
    "object",
    "embed",
    "svg",
    "canvas",
    "form",
    "button",
    "nav",
    "dialog",
]
_FRAME = ("header", "footer", "aside")


@dataclass(frozen=True, slots=True)
class Page:
    """A page's main part as HTML again, with what its head says."""

    html: str
    title: str | None
    url: str | None
    language: str | None = None


def main_part(content: bytes) -> Page:
    """The ``main`` or only ``article`` element, otherwise the body without its frame. Nothing in the page is run."""
    soup = BeautifulSoup(content, "html.parser")
    title = soup.title.get_text(" ", strip=True) if soup.title else None
    url = _canonical(soup)
    language = language_code(str(soup.html.get("lang") or "")) if soup.html else None
    mark_ids(soup)
    for element in soup(_NOT_FOR_READERS):
        element.decompose()
    for element in soup.find_all(_is_hidden):
        if not element.decomposed:
            element.decompose()
    main = _main(soup)
    if main is None:
        main = soup.body or soup
        for element in main(_FRAME):
            if not element.find_parent("article"):
                element.decompose()
    return Page(str(main), title, url, language)


def _main(soup: BeautifulSoup) -> Tag | None:
    for found in (soup.find_all("main"), soup.find_all(role="main"), soup.find_all("article")):
        if len(found) == 1 and found[0].get_text(strip=True):
            return found[0]
    return None


def _is_hidden(element: Tag) -> bool:
    style = str(element.get("style") or "").replace(" ", "").lower()
    return element.has_attr("hidden") or element.get("aria-hidden") == "true" or "display:none" in style


def _canonical(soup: BeautifulSoup) -> str | None:
    link = soup.find("link", rel="canonical")
    address = str(link.get("href") or "") if link else ""
    return address if address.startswith(("https://", "http://")) else None
