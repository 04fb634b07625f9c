"""What the desk says, in the customer's language or in the staff's. The sentences are data.

``texts.json`` has what is said, ``card_texts.json`` what stands on cards, buttons and forms.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from core.domain.customer import ContactDetails


@cache
def _texts() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for name in ("texts.json", "card_texts.json"):
        found |= json.loads(files("handoff").joinpath(name).read_text("utf-8"))
    return found


def languages() -> frozenset[str]:
    """The languages in which everything can be said."""
    return frozenset.intersection(*(frozenset(variants) for variants in _texts().values()))


def primary(locale: str | None) -> str | None:
    """``de_AT`` to ``de``."""
    return (locale or "").replace("_", "-").split("-")[0].lower() or None


def by_way(channel: str, locale: str | None) -> str:
    """Such as: by e-mail."""
    return say(f"by_{channel}", locale) if f"by_{channel}" in _texts() else channel


def proof_of(facts: Mapping[str, object]) -> str:
    """The key of the text that says how well it is known who the customer of a card is."""
    linked = "card_linked" if facts.get("verified") or not facts.get("address") else "card_claimed"
    return linked if facts.get("linked") else "card_verified" if facts.get("verified") else "card_unverified"


def masked(address: str) -> str:
    """Enough to know which it is, for whoever reads over a shoulder; the card has it whole."""
    name, at, domain = address.rpartition("@")
    return f"{name[:1]}…{at}{domain}" if at else f"{address[:3]}…{address[-2:]}"


def quoted(text: str, longest: int = 80) -> str:
    """Enough of it to know which it is."""
    words = " ".join(text.split())
    return (words if len(words) <= longest else words[:longest].rstrip() + "…") or "…"


def say(
    key: str,
    locale: str | None,
    *,
    fallback: str = "en",
    contact: ContactDetails | None = None,
    name: str = "",
    **details: str,
) -> str:
    """The sentence for ``key``. A locale's region is ignored; an unknown language becomes ``fallback``, then English.

    ``details``: what else stands in it. Without a ``contact``, a sentence that has one speaks of it and does not repeat it.
    """
    language = spoken(key, locale, fallback)
    return _texts()[key][language].format(contact=_written(contact, language, key), name=name, **details)


def spoken(key: str, locale: str | None, fallback: str) -> str:
    """The language in which ``say`` says it."""
    known = [language for one in (locale, fallback) if (language := primary(one)) in _texts()[key] and language]
    return known[0] if known else "en"


def _written(contact: ContactDetails | None, language: str, key: str) -> str:
    """Set apart from right-to-left text by isolates, so that an address is not shown scrambled."""
    if contact is None:
        return _texts()["contact_noted" if key == "contact_saved" else "contact_left"][language]
    parts = [part for part in (contact.email, contact.phone) if part]
    joiner = f" {_texts()['and'][language]} "
    return joiner.join(f"\u2068{part}\u2069" if language == "ar" else part for part in parts)
