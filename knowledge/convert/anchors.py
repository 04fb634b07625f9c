"""What headings are reached by in their page's address."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from bs4 import BeautifulSoup, Tag

from knowledge.documents import Block, BlockKind

_UNFIT = re.compile(r"[^\w\- ]")
_MARKUP = re.compile(r"!?\[([^\[\]]*+)\]\([^()]*+\)|<[^<>]++>|[*`]")
_OWN = re.compile(r"\{:?\s*#([\w.:-]++)[^{}]*\}\Z")
"""``{#refunds}`` behind a heading, as Kramdown, Docusaurus, Hugo and Pandoc read it."""
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_PERMALINK = frozenset({"", "#", "¶", "§", "🔗", "\u200b"})
_OPEN, _CLOSE = "\ue000", "\ue001"
_MARK = re.compile(f"{_OPEN}((?:[0-9a-f]{{2}})*){_CLOSE}")


def with_slugs(blocks: Iterable[Block]) -> list[Block]:
    """Headings of Markdown with the anchors that GitHub gives them; one that names its own keeps that."""
    seen: Counter[str] = Counter()
    found = []
    for block in blocks:
        if block.kind is not BlockKind.HEADING:
            found.append(block)
            continue
        own = _OWN.search(block.text.rstrip())
        if own:
            found.append(replace(block, text=block.text[: own.start()].rstrip(), anchor=own.group(1)))
            continue
        slug = _slug(block.text)
        number = seen[slug]
        seen[slug] += 1
        found.append(replace(block, anchor=(f"{slug}-{number}" if number else slug) or None))
    return found


def _slug(heading: str) -> str:
    """GitHub's rule: lower case, nothing but letters, digits, ``-`` and ``_``, and each space a hyphen."""
    words = _MARKUP.sub(lambda found: found.group(1) or "", heading)
    return _UNFIT.sub("", words.strip().lower()).replace(" ", "-")


def mark_ids(soup: BeautifulSoup) -> None:
    """Writes the id of each heading behind its text, where it survives being turned into Markdown; see ``with_ids``.

    Permalinks, which say nothing, are taken out of headings.
    """
    for heading in soup.find_all(_HEADINGS):
        name = _id_of(heading)
        for link in heading.find_all("a"):
            if link.get_text(strip=True) in _PERMALINK and not link.find("img"):
                link.decompose()
        if name:
            heading.append(f"{_OPEN}{name.encode().hex()}{_CLOSE}")


def _id_of(heading: Tag) -> str | None:
    """Its own id, else that of an anchor in it, else that of the section that it opens."""
    for element in (heading, *heading.find_all(True)):
        for attribute in ("id", "name"):
            value = element.get(attribute)
            if isinstance(value, str) and value.strip():
                return value.strip()
    parent = heading.parent
    opens = parent is not None and parent.name in ("section", "article", "div") and parent.find(_HEADINGS) is heading
    value = parent.get("id") if parent is not None and opens else None
    return value.strip() or None if isinstance(value, str) else None


def with_ids(blocks: Iterable[Block]) -> list[Block]:
    """Headings with the anchors that ``mark_ids`` wrote down, which are taken out of the text."""
    found = []
    for block in blocks:
        mark = _MARK.search(block.text)
        if mark is None:
            found.append(block)
            continue
        text = _MARK.sub("", block.text)
        anchor = bytes.fromhex(mark.group(1)).decode("utf-8", "replace") if block.kind is BlockKind.HEADING else None
        found.append(replace(block, text=" ".join(text.split()) if anchor else text, anchor=anchor))
    return [block for block in found if block.text.strip()]
