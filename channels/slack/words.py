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
    waiting: str
    with_person: str
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
        home="Your open conversations",
        no_conversations="You have no open conversations. Write a message to start one.",
        waiting="waiting for a person",
        with_person="with a person",
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
        home="Ihre offenen Gespräche",
        no_conversations="Sie haben keine offenen Gespräche. Schreiben Sie eine Nachricht, um eines zu beginnen.",
        waiting="wartet auf einen Menschen",
        with_person="bei einem Menschen",
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
        home="Vos conversations ouvertes",
        no_conversations="Vous n’avez pas de conversation ouverte. Écrivez un message pour en commencer une.",
        waiting="en attente d’une personne",
        with_person="avec une personne",
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
        home="Sus conversaciones abiertas",
        no_conversations="No tiene conversaciones abiertas. Escriba un mensaje para empezar una.",
        waiting="a la espera de una persona",
        with_person="con una persona",
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
        home="محادثاتك المفتوحة",
        no_conversations="ليست لديك محادثات مفتوحة. اكتب رسالة لتبدأ واحدة.",
        waiting="بانتظار شخص",
        with_person="مع شخص",
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


@dataclass(frozen=True, slots=True)
class StaffWords:
    """What staff see of the slash command in their channel. ``command`` is as they gave it."""

    named: str
    unnamed: str
    usage: str


_STAFF = {
    "en": StaffWords(
        named="Customers read your name as “{name}”.",
        unnamed="Customers read your name as it is in your Slack profile.",
        usage="`{command} name Anna` sets the name that customers read, `{command} name off` takes it back.",
    ),
    "de": StaffWords(
        named="Kundinnen und Kunden lesen Ihren Namen als „{name}“.",
        unnamed="Kundinnen und Kunden lesen Ihren Namen, wie er in Ihrem Slack-Profil steht.",
        usage="`{command} name Anna` setzt den Namen, den sie lesen, `{command} name off` nimmt ihn zurück.",
    ),
    "fr": StaffWords(
        named="Les clients lisent votre nom ainsi : « {name} ».",
        unnamed="Les clients lisent votre nom tel qu’il est dans votre profil Slack.",
        usage="`{command} name Anna` choisit le nom que lisent les clients, `{command} name off` l’enlève.",
    ),
    "es": StaffWords(
        named="Los clientes leen su nombre como «{name}».",
        unnamed="Los clientes leen su nombre tal como está en su perfil de Slack.",
        usage="`{command} name Anna` fija el nombre que leen los clientes, `{command} name off` lo quita.",
    ),
    "ar": StaffWords(
        named="يقرأ العملاء اسمك هكذا: «{name}».",
        unnamed="يقرأ العملاء اسمك كما هو في ملفك الشخصي على Slack.",
        usage="`{command} name Anna` يحدد الاسم الذي يقرؤه العملاء، و`{command} name off` يلغيه.",
    ),
}


def staff_words(language: str) -> StaffWords:
    """In the staff's language; English where there are none for it."""
    return _STAFF.get(language.partition("-")[0].lower(), _STAFF["en"])
