"""Which messages are keywords, in which language, and which only look like one."""

from __future__ import annotations

import pytest

from channels.sms import keywords
from channels.sms.gsm import is_gsm7
from channels.sms.keywords import Keyword, Wish


@pytest.mark.parametrize("word", ["STOP", "stopall", "Unsubscribe", "CANCEL", "end", "QUIT", "Revoke", "OPTOUT"])
def test_twilios_own_stop_words(word: str) -> None:
    assert keywords.read(word) == Keyword(Wish.STOP, default=True)


@pytest.mark.parametrize(
    ("text", "wish", "language"),
    [
        ("ARRET", Wish.STOP, "fr"),
        ("Arrêt !", Wish.STOP, "fr"),
        ("STOPP", Wish.STOP, "de"),
        ("Abmelden.", Wish.STOP, "de"),
        ("PARAR", Wish.STOP, "es"),
        ("alto", Wish.STOP, "es"),
        ("توقف", Wish.STOP, "ar"),
        ("تَوَقَّف", Wish.STOP, "ar"),
        ("إلغاء  الاشتراك", Wish.STOP, "ar"),
        ("opt-out", Wish.STOP, "en"),
        ("Stop all", Wish.STOP, "en"),
        ("start", Wish.START, None),
        ("UNSTOP", Wish.START, None),
        ("Reprendre", Wish.START, "fr"),
        ("help", Wish.HELP, None),
        ("INFO?", Wish.HELP, None),
        ("Hilfe!", Wish.HELP, "de"),
        ("ayuda", Wish.HELP, "es"),
        ("aide", Wish.HELP, "fr"),
        ("مساعدة", Wish.HELP, "ar"),
        ("\n stop \t", Wish.STOP, None),
    ],
)
def test_keywords(text: str, wish: Wish, language: str | None) -> None:
    found = keywords.read(text)
    assert found is not None
    assert (found.wish, found.language) == (wish, language)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "?",
        "Where is the bus stop",
        "how do i cancel",
        "yes",
        "no",
        "Help me",
        "anmelden",
        "stop" + " x" * 30,
    ],
)
def test_what_is_for_the_agent(text: str) -> None:
    assert keywords.read(text) is None


@pytest.mark.parametrize(("text", "expected"), [("YES", True), ("yes!", True), ("Yes please", False), ("", False)])
def test_yes(text: str, expected: bool) -> None:
    assert keywords.affirms(text) is expected


@pytest.mark.parametrize("kind", ["STOP", "start", "Help"])
def test_what_twilio_recognised_is_believed(kind: str) -> None:
    assert keywords.read("no more", kind) == Keyword(Wish(kind.upper()), default=False, twilio_answers=True)


def test_a_type_that_is_not_known_changes_nothing() -> None:
    assert keywords.read("no more", "MAYBE") is None


@pytest.mark.parametrize("wish", list(Wish))
@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "ar"])
def test_every_reply_names_the_company_and_fits(wish: Wish, language: str) -> None:
    text = keywords.reply(wish, language, "Tidepool")
    assert "Tidepool" in text
    assert ("STOP" in text) == (wish is not Wish.STOP)
    assert len(text) <= 160
    assert is_gsm7(text) or language == "ar", text


@pytest.mark.parametrize(
    ("region", "language"),
    [("US", "en"), ("AT", "de"), ("FR", "fr"), ("MX", "es"), ("EG", "ar"), (None, "en"), ("JP", "en")],
)
def test_the_language_of_a_country(region: str | None, language: str) -> None:
    assert keywords.language_of(region) == language


def test_a_language_without_words_of_its_own_gets_english() -> None:
    assert keywords.reply(Wish.HELP, "ja", "Tidepool") == keywords.reply(Wish.HELP, "en", "Tidepool")
    assert keywords.no_file("a.png", "ja-JP") == keywords.no_file("a.png", None)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("stop texting me", "en"),
        ("Please stop texting me!", "en"),
        ("Stop sending me messages, thanks.", "en"),
        ("Don’t text me anymore", "en"),
        ("do not contact me again", "en"),
        ("No more texts", "en"),
        ("Remove me from your list", "en"),
        ("please stop", None),
        ("stop please", None),
        ("Bitte keine SMS mehr", "de"),
        ("Schreiben Sie mir bitte nicht mehr", "de"),
        ("Hören Sie bitte auf, mir zu schreiben.", "de"),
        ("Arrêtez de m’écrire", "fr"),
        ("Je ne veux plus de SMS, s'il vous plaît", "fr"),
        ("Por favor, dejen de enviarme mensajes", "es"),
        ("No me escriban más", "es"),
    ],
)
def test_a_sentence_that_asks_for_no_more_messages_is_a_stop(text: str, language: str | None) -> None:
    assert keywords.read(text) == Keyword(Wish.STOP, default=False, language=language)


@pytest.mark.parametrize(
    "text",
    [
        "stop, I want a real agent now",
        "cancel, please",
        "don't send me the invoice",
        "Do not text me the code, mail it",
        "no messages",
        "No texts arrive",
        "take me",
        "stop sending the parcel",
        "I want to stop getting an error message",
        "Hör auf zu klingeln",
        "No me envíen la factura",
        "stop texting " * 6,
        "Keine SMS",
        "keine Nachrichten",
        "Plus de SMS",
        "no me mande",
        "don't write",
        "don't text",
        "no more sms?",
    ],
)
def test_what_is_about_something_else_reaches_the_agent(text: str) -> None:
    assert keywords.read(text) is None
