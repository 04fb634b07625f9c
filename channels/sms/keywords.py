"""STOP, START and HELP, as carriers and Twilio define them, in the customer's language.

The whole message is the keyword, in any case; punctuation around it does not count. The English words are those that Twilio acts
on by itself (Twilio, "Support for opt-out keywords"); the others are ours, because Twilio's defaults are English only. A whole
message that asks for no more messages in other words is a STOP too: a customer may say so by any reasonable means
(47 CFR 64.1200(a)(10)).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

_LONGEST = 80
_ALONE = {"stop": None, "unsubscribe": "en", "opt out": "en", "stopp": "de", "abmelden": "de", "arretez": "fr"}
"""Words that ask for nothing else with a courtesy around them; "cancel, please" may be about an order."""
AFFIRMATION = "yes"
"""Twilio opts a number in again on YES. To a question of the agent it is an answer, so the agent gets it too."""
_COURTESY = (
    r"please|pls|thanks|thank you|thx|now|ok|okay|hi|hey|hello|just|bitte|danke|jetzt|hallo|por favor|gracias|hola|"
    r"s'?il (?:vous|te) plait|svp|merci|bonjour"
)
_BEFORE = re.compile(rf"^(?:(?:{_COURTESY})[\s,!.]+)+")
_AFTER = re.compile(rf"(?:[\s,!.]+(?:{_COURTESY}))+$")
_TEXTS = r"(?:sms|texts?|text messages?|messages?|msgs?|whatsapps?|nachrichten|textos?|mensajes?)"
_NEVER = r"(?:stop|quit|don'?t|do not|never)"
_AGAIN = r"(?: (?:again|any ?more|ever))*"
_NO_MORE_MESSAGES: Mapping[str, Sequence[str]] = {
    "en": (
        rf"{_NEVER} (?:text|contact|messag|writ)(?:e|ing)?(?: to)? (?:me|us|this number){_AGAIN}",
        r"(?:stop|quit) (?:text|messag)ing",
        rf"(?:(?:stop|quit)|{_NEVER} send(?:ing)?|no(?= more))(?: me| us)?(?: any| more| these| your| the)* {_TEXTS}{_AGAIN}",
        r"(?:unsubscribe me|opt me out|take me off|remove me from)(?: (?:of |from )?(?:this|your|the)(?: mailing)? list)?",
    ),
    "de": (
        rf"(?:(?:schick|send)(?:en sie|t|et|e)? mir )?(?:bitte )?keine (?:weiteren {_TEXTS}|{_TEXTS} mehr)(?: schicken| senden)?",
        rf"(?:schick|send)(?:en sie|t|et|e)? mir (?:bitte )?keine {_TEXTS}",
        rf"schreib(?:en sie|t|e)? mir (?:bitte )?(?:nicht|keine {_TEXTS})(?: mehr)?",
        rf"hor(?:en sie|t)? (?:bitte )?auf,? mir (?:{_TEXTS} )?zu (?:schreiben|schicken|senden|texten)",
    ),
    "fr": (
        rf"arrete[zr]? de m'(?:ecrire|envoyer (?:des|vos|tes|ces) {_TEXTS})",
        rf"je ne veux plus de {_TEXTS}|ne m'(?:ecri(?:vez|s)|envo(?:yez|ie)) plus(?: de {_TEXTS}| rien)?",
    ),
    "es": (
        rf"(?:dej|par)(?:a|e|en) de (?:escribirme|(?:enviarme|mandarme) {_TEXTS})",
        rf"no (?:mas {_TEXTS}|me (?:escriba|envie|mande)[ns]? (?:mas(?: {_TEXTS})?|{_TEXTS}(?: mas)?))",
    ),
}
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")
_REGIONS = {
    "de": "DE AT LI CH",
    "fr": "FR MC SN CI GP MQ RE GF",
    "es": "ES MX AR CO CL PE VE EC GT CU BO DO HN PY SV NI CR PA UY",
    "ar": "EG SA AE MA DZ TN JO LB IQ KW QA BH OM YE LY SY SD",
}
"""The language that most people with a number of that country read; a keyword in another language outranks it."""
_NO_FILE = {
    "en": 'The file "{name}" cannot be sent here.',
    "de": 'Die Datei "{name}" kann hier nicht gesendet werden.',
    "fr": 'Le fichier "{name}" ne peut pas être envoyé ici.',
    "es": 'El archivo "{name}" no se puede enviar aquí.',
    "ar": 'لا يمكن إرسال الملف "{name}" هنا.',
}


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
_SENTENCES = {language: re.compile("|".join(forms)) for language, forms in _NO_MORE_MESSAGES.items()}


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
    if len(text) > _LONGEST:
        return None
    plain = _plain(text)
    if known := _KEYWORDS.get(plain):
        return known
    if "?" in text:
        return None
    asked = _AFTER.sub("", _BEFORE.sub("", plain)).replace("’", "'")
    if asked in _ALONE:
        return Keyword(Wish.STOP, default=False, language=_ALONE[asked])
    spoken = (language for language, sentence in _SENTENCES.items() if sentence.fullmatch(asked))
    return next((Keyword(Wish.STOP, default=False, language=language) for language in spoken), None)


def affirms(text: str) -> bool:
    """Whether it is the YES that opts in."""
    return _plain(text) == AFFIRMATION if len(text) <= 10 else False


_REPLIES: Mapping[Wish, Mapping[str, str]] = {
    Wish.STOP: {
        "en": "{company}: you will get no more messages from us. Reply START to get them again.",
        "de": "{company}: Sie erhalten keine Nachrichten mehr von uns. Mit START bekommen Sie sie wieder.",
        "fr": "{company} : vous ne recevrez plus de messages de notre part. Répondez START pour en recevoir à nouveau.",
        "es": "{company}: ya no le enviaremos mensajes. Responda START para volver a recibirlos.",
        "ar": "{company}: لن تصلك رسائل منا بعد الآن. أرسل START لتلقيها من جديد.",
    },
    Wish.START: {
        "en": "{company}: you get our messages again. Reply HELP for help, STOP to end.",
        "de": "{company}: Sie erhalten wieder Nachrichten von uns. Hilfe mit HELP, abmelden mit STOP.",
        "fr": "{company} : vous recevez de nouveau nos messages. Répondez HELP pour de l'aide, STOP pour ne plus en recevoir.",
        "es": "{company}: vuelve a recibir nuestros mensajes. Responda HELP para ayuda, STOP para terminar.",
        "ar": "{company}: ستصلك رسائلنا من جديد. أرسل HELP للمساعدة وSTOP للإيقاف.",
    },
    Wish.HELP: {
        "en": "{company}: write your question here and we answer. Reply STOP to get no more messages. Msg&data rates may apply.",
        "de": "{company}: Schreiben Sie Ihre Frage hierher, wir antworten. Mit STOP erhalten Sie keine Nachrichten mehr.",
        "fr": "{company} : écrivez votre question ici, nous répondons. Répondez STOP pour ne plus recevoir de messages.",
        "es": "{company}: escriba su pregunta y le responderemos. Responda STOP para dejar de recibir mensajes.",
        "ar": "{company}: اكتب سؤالك هنا وسنجيبك. أرسل STOP لإيقاف الرسائل.",
    },
}


def language_of(region: str | None) -> str:
    """The language to begin with for a number of that country (ISO 3166)."""
    return next((language for language, regions in _REGIONS.items() if region in regions.split()), "en")


def reply(wish: Wish, language: str, company: str) -> str:
    """What a keyword is answered with: who we are, and how to stop or to come back."""
    texts = _REPLIES[wish]
    return texts.get(language, texts["en"]).format(company=company)


def no_file(name: str, locale: str | None) -> str:
    """That a file cannot be shown: it is gone, or the hub has no public address from which it could be fetched."""
    return _NO_FILE.get((locale or "en").partition("-")[0].lower(), _NO_FILE["en"]).format(name=name)
