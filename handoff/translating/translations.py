"""Puts translations into the messages of a feed and of a customer, and keeps the original with them. Pure.

``meta["original"]``: what was written, where the text is a translation of it. ``meta["below"]``: what staff are told about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.domain.messages import ORIGINAL, ORIGINAL_TITLE, Author
from core.ports.store import NewMessage
from core.ports.translator import Translation
from handoff import posts
from handoff.posts import POST, Post
from handoff.summary import TRIED
from handoff.texts import say

BELOW = "below"
_LINES = 10
_CUSTOMERS = (Post.SAID, Post.EDITED)
_CARDS = (Post.CARD, Post.CARD_NOW)
_NAMED = 5


def customers_words(message: NewMessage) -> Iterator[str]:
    """The texts of a post that a customer wrote and staff are to read. Of a transcript the last ones, the newest first."""
    if message.author is Author.CUSTOMER and message.meta.get(POST) in _CUSTOMERS and message.text.strip():
        yield message.text
    elif message.meta.get(POST) == Post.TRANSCRIPT:
        yield from (line["text"] for line in message.meta["lines"][: -_LINES - 1 : -1] if line["text"].strip())
    elif message.meta.get(POST) in _CARDS:
        yield from (line["text"] for line in message.meta["facts"].get("summary", ()) if line["kind"] != TRIED)


def texts_to_translate(messages: Sequence[NewMessage]) -> list[str]:
    """Each text once, in the order of their importance: what is said now, then the card and the transcript, the newest first."""
    now = [one for one in messages if one.meta.get(POST) in _CUSTOMERS]
    before = [one for one in reversed(messages) if one.meta.get(POST) not in _CUSTOMERS]
    return list(dict.fromkeys(text for one in (*now, *before) for text in customers_words(one)))


def for_staff(message: NewMessage, found: Mapping[str, Translation], language: str) -> NewMessage:
    """The post as staff read it."""
    if not any(text in found for text in customers_words(message)):
        return message
    if message.meta.get(POST) == Post.TRANSCRIPT:
        lines = [{**line, "text": _in_words(line["text"], found)} for line in message.meta["lines"]]
        text = "\n".join(f"{line['author']}: {line['text']}" for line in lines)
        return replace(message, text=text, meta={**message.meta, "lines": lines})
    if message.meta.get(POST) in _CARDS:
        facts = message.meta["facts"]
        summary = [_short(line, found) for line in facts["summary"]]
        return replace(message, meta={**message.meta, "facts": {**facts, "summary": summary}})
    translated = found[message.text]
    if translated.text is None:
        return replace(message, meta={**message.meta, BELOW: say("staff_untranslated", language)})
    if translated.text == message.text:
        return message
    return replace(message, text=translated.text, meta={**message.meta, ORIGINAL: message.text})


def for_customer(message: NewMessage, found: Mapping[str, Translation], into: str) -> NewMessage:
    """The message as the customer reads it, with what was written, for where they can look at it."""
    translated = found.get(message.text) if message.author is Author.STAFF else None
    if translated is None or translated.text is None or translated.text == message.text:
        return message
    return replace(message, text=translated.text, meta={**message.meta, **original_meta(message.text, into)})


def original_meta(words: str, into: str) -> Mapping[str, Any]:
    """Of a message that is a translation of these words, for whoever reads the language ``into``."""
    return {ORIGINAL: words, ORIGINAL_TITLE: say("original_words", into)}


def sent_as(written: Sequence[tuple[str, Translation]], into: str, language: str) -> list[NewMessage]:
    """What the thread shows of it: the words that go out, or that it goes out as it was written. ``language``: the staff's."""
    told: list[NewMessage] = []
    for text, translated in written:
        if translated.text is None:
            told.append(posts.remark(_untranslated(translated, into, language)))
        elif translated.text != text:
            told.append(posts.desk_post(Post.SENT_AS, translated.text, language=into))
    return told


def _untranslated(translation: Translation, into: str, language: str) -> str:
    if not translation.lost:
        return say("staff_sent_untranslated", language, into=into)
    named = ", ".join(translation.lost[:_NAMED])
    return say("staff_sent_unfaithful", language, into=into, lost=named[:300])


def _short(line: Mapping[str, Any], found: Mapping[str, Translation]) -> Mapping[str, Any]:
    """Of a card's summary, without the original: each line leads to the message, where that stands."""
    translated = found.get(line["text"])
    return line if translated is None or translated.text is None else {**line, "text": translated.text}


def _in_words(text: str, found: Mapping[str, Translation]) -> str:
    """With the original below it, quoted: there is no other place for it."""
    translated = found.get(text)
    if translated is None or translated.text is None or translated.text == text:
        return text
    quoted = "\n".join(f"> {part}" for part in text.split("\n"))
    return f"{translated.text}\n{quoted}"
