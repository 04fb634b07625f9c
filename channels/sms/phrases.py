"""The channel's own few words to customers."""

from __future__ import annotations

from collections.abc import Mapping

from channels.sms.keywords import Wish

_BY_REGION = {
    **dict.fromkeys(("DE", "AT", "LI", "CH"), "de"),
    **dict.fromkeys(("FR", "MC", "SN", "CI", "GP", "MQ", "RE", "GF"), "fr"),
    **dict.fromkeys(
        (
            "ES",
            "MX",
            "AR",
            "CO",
            "CL",
            "PE",
            "VE",
            "EC",
            "GT",
            "CU",
            "BO",
            "DO",
            "HN",
            "PY",
            "SV",
            "NI",
            "CR",
            "PA",
            "UY",
        ),
        "es",
    ),
    **dict.fromkeys(
        ("EG", "SA", "AE", "MA", "DZ", "TN", "JO", "LB", "IQ", "KW", "QA", "BH", "OM", "YE", "LY", "SY", "SD"), "ar"
    ),
}
"""The language that most people with a number of that country read; a keyword in another language outranks it."""

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
_NO_FILE = {
    "en": 'The file "{name}" cannot be sent here.',
    "de": 'Die Datei "{name}" kann hier nicht gesendet werden.',
    "fr": 'Le fichier "{name}" ne peut pas être envoyé ici.',
    "es": 'El archivo "{name}" no se puede enviar aquí.',
    "ar": 'لا يمكن إرسال الملف "{name}" هنا.',
}


def language_of(region: str | None) -> str:
    """The language to begin with for a number of that country (ISO 3166)."""
    return _BY_REGION.get(region or "", "en")


def reply(wish: Wish, language: str, company: str) -> str:
    """What a keyword is answered with: who we are, and how to stop or to come back."""
    texts = _REPLIES[wish]
    return texts.get(language, texts["en"]).format(company=company)


def no_file(name: str, locale: str | None) -> str:
    """That a file cannot be shown: it is gone, or the hub has no public address from which it could be fetched."""
    return _NO_FILE.get((locale or "en").partition("-")[0].lower(), _NO_FILE["en"]).format(name=name)
