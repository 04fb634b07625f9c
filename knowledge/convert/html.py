"""Takes from a web page what its author wrote for readers, and leaves scripts, menus and footers."""

from __future__ import annotations

from dataclasses import dataclass

from bs4 import BeautifulSoup, Comment, Tag, UnicodeDammit
from bs4.element import NavigableString

from knowledge.convert import audience
from knowledge.convert.anchors import mark_ids
from knowledge.convert.markdown import language_code
from knowledge.markup import escape_unclosed

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
_NOT_MEANT = ["pre", "code", "samp", "kbd", "script", "style", "textarea"]
_ATTRIBUTES = (audience.NAME, f"data-{audience.NAME}")


@dataclass(frozen=True, slots=True)
class Page:
    """A page's main part as HTML again, with what its head says."""

    html: str
    title: str | None
    url: str | None
    language: str | None = None
    for_staff: bool = False


def main_part(content: str | bytes) -> Page:
    """The ``main`` or only ``article`` element, otherwise the body without its frame. Nothing in the page is run.

    Raises UnreadableDocument where a comment says that the page is for staff.
    """
    text = content if isinstance(content, str) else UnicodeDammit(content, is_html=True).unicode_markup or ""
    soup = BeautifulSoup(escape_unclosed(text), "html.parser")
    title = soup.title.get_text(" ", strip=True) if soup.title else None
    url = _canonical(soup)
    language = language_code(str(soup.html.get("lang") or "")) if soup.html else None
    for_staff = _speaks_of_audience(content) and _for_staff(soup)
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
    return Page(str(main), title, url, language, for_staff)


def _speaks_of_audience(content: str | bytes) -> bool:
    """Few pages do, and whole trees are walked for them."""
    if isinstance(content, str):
        return audience.NAME in content.lower()
    return audience.NAME.encode() in content.replace(b"\0", b"").lower()


def _for_staff(soup: BeautifulSoup) -> bool:
    """What a ``meta`` element, an attribute or data for search engines says of the audience, if it is staff.

    Any other word there is one for search engines ("all", "general"), which are told so since long before us.
    """
    for text in soup.descendants:
        if isinstance(text, NavigableString) and _is_said(text):
            where = f"{'the comment' if isinstance(text, Comment) else 'the text'} {' '.join(text.split())[:40]!r}"
            raise audience.refused(where, do='write <meta name="audience" content="staff"> into the head of the page')
    said = [one.get("content") for one in soup("meta") if _names_audience(one)]
    said += [one.get(name) for one in soup.find_all(_has_audience) for name in _ATTRIBUTES]
    data = (one.get_text() for one in soup("script") if "json" in str(one.get("type") or ""))
    return any(map(audience.for_staff, said)) or any(map(audience.says_staff, data))


def _is_said(text: NavigableString) -> bool:
    """Also in a footer or where it is hidden, which readers of the index do not get to see. Examples are not meant."""
    if audience.NAME not in text.lower() or text.find_parent(_NOT_MEANT) is not None:
        return False
    return audience.says_staff(audience.lines_of(str(text)))


def _has_audience(element: Tag) -> bool:
    return any(element.has_attr(name) for name in _ATTRIBUTES)


def _names_audience(meta: Tag) -> bool:
    """``audience``, and Dublin Core's ``dcterms.audience`` and ``dc:audience``."""
    names = (str(meta.get(name) or "").lower() for name in ("name", "property", "itemprop"))
    return any(name.replace(":", ".").rpartition(".")[2] == audience.NAME for name in names)


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
