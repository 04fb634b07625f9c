"""The few words that the channel says itself, in five languages. All else is the agent's or the staff's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TALK: Final[Mapping[str, str]] = {
    "en": "Talk to a person",
    "de": "Mit einem Menschen sprechen",
    "fr": "Parler à une personne",
    "es": "Hablar con una persona",
    "ar": "التحدث إلى شخص",
}
"""The button below an answer, and what the customer is shown to have said by pressing it."""

HEARD: Final[Mapping[str, str]] = {
    "en": "Your request was passed on.",
    "de": "Ihr Wunsch wurde weitergegeben.",
    "fr": "Votre demande a été transmise.",
    "es": "Hemos transmitido su solicitud.",
    "ar": "تم تحويل طلبك.",
}
"""Shown for a moment after the button was pressed and the wish was stored."""

TOO_LATE: Final[Mapping[str, str]] = {
    "en": "This button is too old. Please write /human instead.",
    "de": "Diese Schaltfläche ist zu alt. Bitte schreiben Sie stattdessen /human.",
    "fr": "Ce bouton est trop ancien. Écrivez plutôt /human.",
    "es": "Este botón es demasiado antiguo. Escriba /human en su lugar.",
    "ar": "هذا الزر قديم جدًا. اكتب ‎/human بدلاً من ذلك.",
}
"""At most 200 characters (answerCallbackQuery)."""

FILE_LINK: Final[Mapping[str, str]] = {
    "en": "The file could not be sent here. It can be fetched from this address for a while:",
    "de": "Die Datei konnte hier nicht gesendet werden. Sie liegt eine Zeit lang unter dieser Adresse bereit:",
    "fr": "Le fichier n’a pas pu être envoyé ici. Il est disponible un certain temps à cette adresse :",
    "es": "No se pudo enviar el archivo aquí. Está disponible por un tiempo en esta dirección:",
    "ar": "تعذّر إرسال الملف هنا. يمكن تنزيله لفترة محدودة من هذا العنوان:",
}
"""Instead of a file that Telegram did not take; the link follows."""

FILE_LOST: Final[Mapping[str, str]] = {
    "en": "This file could not be sent here:",
    "de": "Diese Datei konnte hier nicht gesendet werden:",
    "fr": "Ce fichier n’a pas pu être envoyé ici :",
    "es": "Este archivo no se pudo enviar aquí:",
    "ar": "تعذّر إرسال هذا الملف هنا:",
}
"""The same where the hub has no public address; the file's name follows."""

COMMANDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {"start": "Begin", "help": "What I can do", "human": "Talk to a person", "new": "Start over"},
    "de": {
        "start": "Beginnen",
        "help": "Was ich kann",
        "human": "Mit einem Menschen sprechen",
        "new": "Von vorn beginnen",
    },
    "fr": {
        "start": "Commencer",
        "help": "Ce que je sais faire",
        "human": "Parler à une personne",
        "new": "Recommencer",
    },
    "es": {
        "start": "Empezar",
        "help": "Qué puedo hacer",
        "human": "Hablar con una persona",
        "new": "Empezar de nuevo",
    },
    "ar": {"start": "ابدأ", "help": "ما الذي يمكنني فعله", "human": "التحدث إلى شخص", "new": "البدء من جديد"},
}
"""The menu of commands (setMyCommands)."""


def say(words: Mapping[str, str], locale: str | None) -> str:
    """In the language of a BCP 47 tag, in English where there is no such translation."""
    return words.get((locale or "").replace("_", "-").partition("-")[0].lower(), words["en"])
