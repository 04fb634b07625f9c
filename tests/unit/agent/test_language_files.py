"""The language files are complete, and what is in them can match at all."""

from __future__ import annotations

import itertools
import re

import pytest

from core.agent.language import ANSWERED, choose, detect, packs, supported
from core.agent.texts import Texts, in_written_language, texts_for
from core.agent.wording import phrase
from tests.contract.responders.world import message, turn_of

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@pytest.mark.parametrize("code", ANSWERED)
def test_every_answered_language_has_every_text_with_the_same_places(code: str) -> None:
    english = packs()["en"].texts
    texts = packs()[code].texts
    assert texts.keys() == english.keys()
    for name, text in texts.items():
        assert text.strip() == text
        assert text
        assert set(_PLACEHOLDER.findall(text)) == set(_PLACEHOLDER.findall(english[name])), name


@pytest.mark.parametrize("code", [code for code in ANSWERED if code != "en"])
def test_no_text_was_left_in_english(code: str) -> None:
    english = packs()["en"].texts
    same = [name for name, text in packs()[code].texts.items() if text == english[name]]
    assert same == []


@pytest.mark.parametrize(
    "name", ["unknown", "failure", "maybe_done", "unavailable", "offer", "file_silent", "file_unreadable"]
)
@pytest.mark.parametrize("code", ANSWERED)
def test_what_offers_a_person_ends_with_the_question(code: str, name: str) -> None:
    assert packs()[code].texts[name].endswith(("?", "؟", "？"))


@pytest.mark.parametrize("code", sorted(packs()))
def test_lists_hold_no_duplicates_and_nothing_that_folds_away(code: str) -> None:
    for section, lists in packs()[code].sections.items():
        if section == "texts":
            continue
        for name, entries in lists.items():
            assert all(phrase(entry) for entry in entries), (section, name)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("How do I reset my password?", "en"),
        ("Wie kann ich mein Passwort zurücksetzen?", "de"),
        ("Comment puis-je réinitialiser mon mot de passe ?", "fr"),
        ("¿Cómo puedo restablecer mi contraseña?", "es"),
        ("كيف يمكنني إعادة تعيين كلمة المرور؟", "ar"),
        ("password", None),
        ("", None),
        ("no", None),
        ("No.", None),
        ("no no no", None),
        ("ok", None),
        ("super", None),
        ("genial", None),
        ("ciao", None),
        ("hola", "es"),
        ("merci", "fr"),
        ("nein", "de"),
        ("No, gracias", "es"),
        ("no thanks", "en"),
        ("Hoe exporteer ik al onze gegevens?", "nl"),
        ("Jak anulować subskrypcję?", "pl"),
        ("Come posso creare un progetto?", "it"),
        ("Como redefinir minha senha?", "pt"),
        ("Как сбросить пароль?", "ru"),
        ("Şifremi nasıl sıfırlarım?", "tr"),
        ("TeamプランでSAMLは使えますか?", "ja"),
        ("Business 呢?", "zh"),
        ("क्या Team प्लान में SAML है?", "hi"),
        ("비밀번호를 잊어버렸어요", "ko"),
        ("Vad kostar det för fem personer?", "sv"),
        ("INV-2077", None),
        ("Super, danke dir!", "de"),
        ("Rechnung ändern", "de"),
        ("Was kostet Versand?", "de"),
        ("Rückerstattung?", "de"),
        ("Mot de passe oublié", "fr"),
        ("Partager un projet", "fr"),
        ("Olvidé mi contraseña", "es"),
        ("¿Cuánto dura la garantía?", "es"),
        ("استرداد المال", "ar"),
        ("Refund", None),
        ("Share project", None),
    ],
)
def test_the_language_of_a_message(text: str, code: str | None) -> None:
    assert detect(text) == code


def test_what_is_surely_written_comes_first_then_a_known_locale_then_english() -> None:
    assert choose("How do I do it?", "de-AT") == "en"
    assert choose("¿Cuánto dura la garantía?", "en") == "es"
    assert choose("Je veux parler à un humain", "en") == "fr"
    assert choose("Wie geht das mit der Rechnung?", "ja-JP", None) == "de"
    assert choose("Wie geht das mit der Rechnung?", None, "fr_CA") == "de"
    assert choose("Passwort?", None, "fr_CA") == "fr"
    assert choose("Passwort bitte", "ja-JP") == "de"
    assert choose("Rückerstattung?", "sv") == "de"
    assert choose("password") == "en"
    assert choose("Rechnung ändern") == "de"
    assert choose("Rechnung ändern", "en-US") == "en"
    assert supported("pt-BR") == "pt"
    assert supported("sv") is None


def test_a_message_without_a_language_keeps_that_of_the_conversation() -> None:
    assert choose("no", earlier=["ok", "Wie geht das mit der Rechnung?", "How do I do it?"]) == "de"
    assert choose("no", None, "es-MX", earlier=["Wie geht das mit der Rechnung?"]) == "de"
    assert choose("no", None, "es-MX", earlier=["no", "password"]) == "es"
    assert choose("no", earlier=["no", "password"]) == "en"
    assert choose("How do I do it?", earlier=["Wie geht das mit der Rechnung?"]) == "en"


@pytest.mark.parametrize(
    "word",
    sorted(
        {
            word
            for one, other in itertools.permutations(packs().values(), 2)
            for name in ("yes", "no", "greeting", "thanks", "farewell")
            for word in one.words("talk", name)
            if " " not in word
            and any(word in other.words("talk", kind) for kind in ("yes", "no", "greeting", "thanks", "farewell"))
        }
    ),
)
def test_a_word_that_languages_share_chooses_none(word: str) -> None:
    assert detect(word) is None


def test_a_turn_of_one_shared_word_goes_on_in_the_language_so_far() -> None:
    before = message("Wie kann ich mein Passwort zurücksetzen?", seq=1)
    assert texts_for(turn_of("no", history=[before]), "Acme").language == "de"
    assert texts_for(turn_of("no"), "Acme").language == "en"
    assert texts_for(turn_of("no", history=[before], locale="fr-CA"), "Acme").language == "de"
    assert texts_for(turn_of("no", locale="fr-CA"), "Acme").language == "fr"


@pytest.mark.parametrize(
    ("text", "locale", "given"),
    [
        ("Ich möchte mit einem Menschen sprechen", "en-US", "de-US"),
        ("Je veux parler à un humain", "en", "fr"),
        ("أريد التحدث مع شخص", None, "ar"),
        ("I want to talk to a human", "en-GB", "en-GB"),
        ("ok", "es", "es"),
        ("ok", None, None),
    ],
)
def test_the_desk_is_given_the_language_that_is_written(text: str, locale: str | None, given: str | None) -> None:
    assert in_written_language(turn_of(text, locale=locale)).conversation.locale == given


def test_the_desk_goes_on_in_the_language_of_before() -> None:
    before = message("Wie kann ich mein Passwort zurücksetzen?", seq=1)
    turn = turn_of("agent", history=[before], locale="en")
    assert in_written_language(turn).conversation.locale == "de"


def test_texts_fill_in_values_without_reading_them_as_templates() -> None:
    said = Texts("en", "{name}").say("file_received", name="{company}.pdf")
    assert "pdf" in said
    with pytest.raises(KeyError):
        Texts("en", "Acme").say("no_such_text")
