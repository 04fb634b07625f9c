"""A conversation as a mail: what was said and nothing else. Pure.

Anybody can enter anybody's address, so nothing in it invites to press: customers' words are plain text, and what looks like an
address on the web is left out of them, and of answers that repeat it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from channels.footnotes import with_sources
from core.domain.messages import Author, Message

MOST_CHARACTERS: Final = 11_000
"""Of Markdown, so that it fits into one mail. The newest messages are kept."""
_ADDRESS: Final = re.compile(
    r"[^\s<>@,;:|\"'()\\\[\]]{1,64}@(?:[^\s<>@,;:|\"'()\\\[\].]{1,63}\.){1,8}[^\s<>@,;:|\"'()\\\[\].\d]{2,63}"
)
_WORD: Final = re.compile(r"\S+")
_LINK: Final = re.compile(r"[^\W_](?:\.|\[\.\])[^\W\d_]{2}|://|@")
"""In a word of which a mail program might make a link."""
_SIGNS_OF_LINKS: Final = re.compile(r"[.:/@]+")
"""In the name of a file."""
_HOST: Final = re.compile(r"(?<![\w-])[\w-]+(?:\.[\w-]+)+")
_PUNCTUATION: Final = re.compile(r"([!-/:-@\[-`{-~])")
_LEFT_OUT: Final = "[…]"


@cache
def _languages() -> Mapping[str, Mapping[str, str]]:
    text = Path(__file__).with_name("transcript.toml").read_text("utf-8")
    return tomllib.loads(text)


def is_address(text: str) -> bool:
    """Whether a text is one e-mail address and nothing beside it: no second recipient, no name, no line."""
    return len(text) <= 254 and text.isprintable() and _ADDRESS.fullmatch(text) is not None


def subject_of(company: str, locale: str | None) -> str:
    """The subject of the mail, in the customer's language where it is one of the widget's."""
    return _words(locale)["subject"].format(company)


def transcript_of(messages: Sequence[Message], company: str, locale: str | None) -> str:
    """Markdown: who said what and when (UTC), the oldest first; the newest messages that fit in ``MOST_CHARACTERS``.

    Anybody may have typed the address: nothing that a customer wrote or uploaded leads anywhere, nor what repeats it.
    """
    words = _words(locale)
    by_customer = [one for one in messages if one.author is Author.CUSTOMER]
    links = {link for one in by_customer for link in _links(one.text)}
    files = {file.id for one in by_customer for file in one.attachments}
    room, shown = MOST_CHARACTERS, list[str]()
    for message in reversed(messages):
        entry = _entry(message, links, files, words, locale)
        room -= len(entry)
        if room < 0 and shown:
            shown.append(f"*{words['cut']}*")
            break
        shown.append(entry[:MOST_CHARACTERS])
    return "\n\n".join([_escaped(words["lead"].format(company)), *reversed(shown)])


def _entry(message: Message, links: set[str], uploaded: set[str], words: Mapping[str, str], locale: str | None) -> str:
    role = {Author.CUSTOMER: words["customer"], Author.STAFF: words["staff"]}.get(message.author, words["agent"])
    who = message.author_name if message.author is Author.STAFF and message.author_name else role
    if message.author is Author.CUSTOMER:
        text = _as_typed(_without(message.text, links))
    elif message.author is Author.STAFF:
        text = with_sources(message.text, message.citations, locale)
    elif any(citation.id in uploaded for citation in message.citations):
        text = _LEFT_OUT  # words of a file, which may be anybody's
    else:
        repeated = links | set(_links(message.text)) if uploaded else links
        text = with_sources(_without(message.text, repeated), message.citations, locale)
    files = "".join(f"\n\n{_escaped(_SIGNS_OF_LINKS.sub(' ', file.name))}" for file in message.attachments)
    return f"**{_escaped(who)}**, {message.created_at:%Y-%m-%d %H:%M} UTC\n\n{text}{files}"


def _links(text: str) -> Iterable[str]:
    """Names of what a text might lead to."""
    return (name for word in text.split() if _LINK.search(word) for name in _names(word))


def _without(text: str, links: set[str]) -> str:
    """The text without the words that lead there, however they are spelled or enclosed."""
    return _WORD.sub(lambda found: found[0] if links.isdisjoint(_names(found[0])) else _LEFT_OUT, text)


def _names(word: str) -> set[str]:
    folded = word.casefold()
    bare = folded.strip("".join({mark for mark in folded if not mark.isalnum()}))
    return {bare, *_HOST.findall(folded)} - {""}


def _as_typed(text: str) -> str:
    """Plain text as Markdown that shows it unchanged: stars are stars, lines stay lines."""
    return "  \n".join(_escaped(line.strip()) for line in text.strip().splitlines())


def _escaped(text: str) -> str:
    return _PUNCTUATION.sub(r"\\\1", text)


def _words(locale: str | None) -> Mapping[str, str]:
    known = _languages()
    return known.get((locale or "").replace("_", "-").split("-")[0].lower(), known["en"])
