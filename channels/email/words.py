"""The few words that the hub puts into a mail itself."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

_WROTE: Final = {
    "en": "On {at}, {who} wrote:",
    "de": "Am {at} schrieb {who}:",
    "fr": "Le {at}, {who} a écrit :",
    "es": "El {at}, {who} escribió:",
    "ar": "في {at} كتب {who}:",
}
_FILE: Final = {
    "en": "The file {name} is here for a while: {link}",
    "de": "Die Datei {name} liegt eine Zeit lang hier: {link}",
    "fr": "Le fichier {name} est disponible ici pour un temps : {link}",
    "es": "El archivo {name} está aquí por un tiempo: {link}",
    "ar": "الملف {name} متاح هنا لفترة محدودة: {link}",
}
_NO_LINK: Final = {
    "en": "The file {name} is too large for an e-mail.",
    "de": "Die Datei {name} ist für eine E-Mail zu groß.",
    "fr": "Le fichier {name} est trop volumineux pour un e-mail.",
    "es": "El archivo {name} es demasiado grande para un correo.",
    "ar": "الملف {name} أكبر من أن يرسل بالبريد.",
}
_SUBJECT: Final = {
    "en": "Your message",
    "de": "Ihre Nachricht",
    "fr": "Votre message",
    "es": "Su mensaje",
    "ar": "رسالتك",
}


def language_of(locale: str | None) -> str:
    """One of the five; English for others."""
    language = re.split(r"[-_]", locale or "", maxsplit=1)[0].lower()
    return language if language in _WROTE else "en"


def wrote(language: str, who: str, at: datetime) -> str:
    """What introduces a quotation."""
    return _WROTE[language].format(at=f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC", who=who)


def file_line(language: str, name: str, link: str | None) -> str:
    """What stands in the mail instead of a file."""
    return _FILE[language].format(name=name, link=link) if link else _NO_LINK[language].format(name=name)


def no_subject(language: str) -> str:
    """For an answer to a mail that has none."""
    return _SUBJECT[language]
