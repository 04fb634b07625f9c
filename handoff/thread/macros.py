"""Replies that staff have saved: written in a thread as ``!name``, or chosen in the form of a reply.

The file is YAML, so that whoever writes it needs no escaping for sentences of several lines:

    - name: refund
      title: How refunds work
      text:
        en: Hello {customer}, your ticket is {ticket}. {agent}
        de: Guten Tag {customer}, Ihr Ticket ist {ticket}. {agent}
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from handoff.texts import primary

SIGN = "!"
PLACEHOLDERS = frozenset({"customer", "agent", "ticket"})
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_CALLED = re.compile(rf"{SIGN}([\w-]+)(?:\s+(.*))?", re.DOTALL)
_MOST = 100
_LONGEST = 3_000


class BadMacros(ValueError):
    """The file cannot be used; the text says where and why."""


@dataclass(frozen=True, slots=True)
class Macro:
    """``texts`` by language; ``title`` is what staff choose it by."""

    name: str
    title: str
    texts: Mapping[str, str]

    def said(self, locale: str | None, fallback: str, details: Mapping[str, str]) -> str:
        """In the customer's language, otherwise in ``fallback``, otherwise in the first that there is.

        Where a detail is not known, no blank stands before the comma that follows it.
        """
        wanted = [primary(one) or "" for one in (locale, fallback)]
        text = next((self.texts[one] for one in wanted if one in self.texts), next(iter(self.texts.values())))
        missing = "|".join(name for name in sorted(PLACEHOLDERS) if not details.get(name))
        if missing:
            text = re.sub(rf" \{{(?:{missing})\}}(?=[,.!:;]|$)", "", text, flags=re.MULTILINE)
        return text.format(**{name: details.get(name, "") for name in PLACEHOLDERS})


@dataclass(frozen=True, slots=True)
class Macros:
    """All of them, in the order of the file."""

    all: tuple[Macro, ...] = ()

    def named(self, name: str) -> Macro | None:
        """However it is capitalised."""
        return next((one for one in self.all if one.name == name.lower()), None)

    def called(self, text: str) -> tuple[Macro | None, str, str] | None:
        """The macro that a message calls, by which name, and what stands behind it; None where it calls none.

        A word with the sign in front is only taken for one that is not there when it stands alone: "!important" may begin a
        sentence, and where nobody has saved any reply the sign means nothing.
        """
        match = _CALLED.fullmatch(text.strip())
        if match is None or not self.all:
            return None
        name, rest = match.group(1), (match.group(2) or "").strip()
        found = self.named(name)
        return None if found is None and rest else (found, name, rest)


def parse_macros(text: str) -> Macros:
    """The file's. Raises BadMacros."""
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadMacros(f"It is no YAML: {' '.join(str(error).split())}") from error
    if found is None:
        return Macros()
    if not isinstance(found, list):
        raise BadMacros("It must be a list of entries with name, title and text.")
    macros = tuple(_macro(one, number) for number, one in enumerate(found, start=1))
    names = [one.name for one in macros]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadMacros(f"{', '.join(twice)} is there more than once.")
    if len(macros) > _MOST:
        raise BadMacros(f"There are {len(macros)}, and a menu of Slack's holds {_MOST}.")
    return Macros(macros)


def _macro(entry: Any, number: int) -> Macro:
    if not isinstance(entry, dict):
        raise BadMacros(f"Entry {number} must have name, title and text.")
    name = str(entry.get("name") or "")
    if not _NAME.fullmatch(name):
        raise BadMacros(f"Entry {number}: the name {name!r} must be of small letters, digits, - and _.")
    texts = entry.get("text")
    if isinstance(texts, str):
        texts = {"en": texts}
    if not isinstance(texts, dict) or not texts:
        raise BadMacros(f"{name}: text must be a text, or one for each language, such as en: Hello.")
    for language, one in texts.items():
        _check(name, str(language), one)
    return Macro(name, str(entry.get("title") or name), {str(key).lower(): value for key, value in texts.items()})


def _check(name: str, language: str, text: Any) -> None:
    if not isinstance(text, str) or not text.strip():
        raise BadMacros(f"{name}: the text for {language} is empty.")
    if len(text) > _LONGEST:
        raise BadMacros(f"{name}: the text for {language} has more than {_LONGEST} characters.")
    try:
        fields = list(string.Formatter().parse(text))
    except ValueError as error:
        raise BadMacros(f"{name}: {error} in the text for {language}; write {{{{ for a brace.") from error
    for _, field, spec, conversion in fields:
        if field is not None and (field not in PLACEHOLDERS or spec or conversion):
            known = ", ".join(f"{{{one}}}" for one in sorted(PLACEHOLDERS))
            raise BadMacros(f"{name}: {{{field}}} in the text for {language} is none of {known}.")
