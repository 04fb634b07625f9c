"""The few words that customers see from this channel itself, in their language."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """``file``: before the link to a file that Slack did not take. ``taken``: a slash command was understood."""

    person: str
    helpful: str
    unhelpful: str
    sources: str
    working: str
    file: str
    taken: str
    home: str
    no_conversations: str
    hello: str


_WORDS = {
    "en": Words(
        person="Talk to a person",
        helpful="Helpful",
        unhelpful="Not helpful",
        sources="Sources",
        working="is looking that up…",
        file="Your file",
        taken="Got it. The answer comes in our direct messages.",
        home="Your conversations",
        no_conversations="You have no conversations yet. Write a message to start one.",
        hello="Hello",
    ),
    "de": Words(
        person="Mit einem Menschen sprechen",
        helpful="Hilfreich",
        unhelpful="Nicht hilfreich",
        sources="Quellen",
        working="sieht nach …",
        file="Ihre Datei",
        taken="Verstanden. Die Antwort kommt in unseren Direktnachrichten.",
        home="Ihre Gespräche",
        no_conversations="Sie haben noch keine Gespräche. Schreiben Sie eine Nachricht, um eines zu beginnen.",
        hello="Hallo",
    ),
    "fr": Words(
        person="Parler à quelqu’un",
        helpful="Utile",
        unhelpful="Pas utile",
        sources="Sources",
        working="cherche la réponse…",
        file="Votre fichier",
        taken="Bien reçu. La réponse arrive dans nos messages directs.",
        home="Vos conversations",
        no_conversations="Vous n’avez pas encore de conversation. Écrivez un message pour en commencer une.",
        hello="Bonjour",
    ),
    "es": Words(
        person="Hablar con una persona",
        helpful="Útil",
        unhelpful="No es útil",
        sources="Fuentes",
        working="lo está consultando…",
        file="Su archivo",
        taken="Entendido. La respuesta llegará a nuestros mensajes directos.",
        home="Sus conversaciones",
        no_conversations="Aún no tiene conversaciones. Escriba un mensaje para empezar una.",
        hello="Hola",
    ),
    "ar": Words(
        person="التحدث مع شخص",
        helpful="مفيد",
        unhelpful="غير مفيد",
        sources="المصادر",
        working="يبحث عن الإجابة…",
        file="ملفك",
        taken="تم الاستلام. ستصلك الإجابة في الرسائل المباشرة بيننا.",
        home="محادثاتك",
        no_conversations="ليست لديك محادثات بعد. اكتب رسالة لتبدأ واحدة.",
        hello="مرحبا",
    ),
}


def words(locale: str | None, default: str = "en") -> Words:
    """For a locale such as ``de-AT``; in ``default`` when there are none for it."""
    for wanted in (locale, default):
        found = _WORDS.get((wanted or "").replace("_", "-").partition("-")[0].lower())
        if found is not None:
            return found
    return _WORDS["en"]
