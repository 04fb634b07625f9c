"""STOP, START and HELP, as carriers and Twilio define them, in the customer's language.

The whole message is the keyword, in any case; punctuation around it does not count. The English words are those that Twilio acts
on by itself (Twilio, "Support for opt-out keywords"); the others are ours, because Twilio's defaults are English only.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Wish(StrEnum):
    """What a keyword asks for; the values are those of Twilio's ``OptOutType``."""

    STOP = "STOP"
    START = "START"
    HELP = "HELP"


@dataclass(frozen=True, slots=True)
class Keyword:
    """``language`` only where the word tells it. ``twilio_answers``: Advanced Opt-Out has replied already."""

    wish: Wish
    default: bool
    language: str | None = None
    twilio_answers: bool = False


AFFIRMATION = "yes"
"""Twilio opts a number in again on YES. To a question of the agent it is an answer, so the agent gets it too."""

_DEFAULT = {
    Wish.STOP: "stop stopall unsubscribe cancel end quit revoke optout",
    Wish.START: "start unstop",
    Wish.HELP: "help info",
}
_OURS: Mapping[Wish, Mapping[str | None, tuple[str, ...]]] = {
    Wish.STOP: {
        "en": ("stop all", "opt out", "opt-out"),
        "de": ("stopp", "abmelden", "abbestellen"),
        "fr": ("arret", "arrêt", "arreter", "arrêter", "arrete", "arrête", "arretez", "arrêtez", "desabonner"),
        "es": ("alto", "parar", "pare", "baja", "cancelar suscripción"),
        "pt": ("pare de enviar", "sair", "descadastrar"),
        "ar": ("توقف", "إيقاف", "ايقاف", "قف", "إلغاء الاشتراك", "الغاء الاشتراك"),
    },
    Wish.START: {
        "de": ("starten",),
        "fr": ("demarrer", "démarrer", "reprendre"),
        "es": ("reanudar",),
        "ar": ("ابدأ", "ابدا", "اشترك", "استئناف"),
    },
    Wish.HELP: {
        "de": ("hilfe",),
        "fr": ("aide",),
        "es": ("ayuda",),
        "ar": ("مساعدة", "مساعده"),
    },
}
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")


def _plain(text: str) -> str:
    """Without case, marks above letters and surrounding punctuation."""
    text = unicodedata.normalize("NFD", " ".join(text.split()).casefold())
    text = "".join(char for char in text if unicodedata.category(char) != "Mn")
    return _EDGES.sub("", text)


def _table() -> dict[str, Keyword]:
    found: dict[str, Keyword] = {}
    for wish, words in _DEFAULT.items():
        found |= {word: Keyword(wish, default=True) for word in words.split()}
    for wish, languages in _OURS.items():
        for language, phrases in languages.items():
            for phrase in phrases:
                found.setdefault(_plain(phrase), Keyword(wish, default=False, language=language))
    return found


_KEYWORDS = _table()


def read(text: str, opt_out_type: str | None = None) -> Keyword | None:
    """None for what is a message to the agent. ``opt_out_type``: what Advanced Opt-Out recognised, by words of its own."""
    if opt_out_type and opt_out_type.upper() in Wish.__members__:
        known = _KEYWORDS.get(_plain(text))
        language = known.language if known else None
        return Keyword(Wish(opt_out_type.upper()), default=False, language=language, twilio_answers=True)
    return _KEYWORDS.get(_plain(text)) if len(text) <= 40 else None


def affirms(text: str) -> bool:
    """Whether it is the YES that opts in."""
    return _plain(text) == AFFIRMATION if len(text) <= 10 else False
