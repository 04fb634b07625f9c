"""Thanks alone are told from everything that wants an answer, in every language of the files."""

from __future__ import annotations

import pytest

from core.agent.language import packs
from core.agent.small_talk import only_thanks

THANKS = {
    "en": [
        "Thanks!",
        "thank you so much",
        "Thank you for your help",
        "Thanks Grace 😊",
        "Hi Grace, thanks!",
        "No, thanks",
        "Perfect, thanks again, have a great weekend",
        "Thanks :)",
        "👍",
        "👍🏽",
        "❤️",
        "ok",
        "Bye!",
    ],
    "de": [
        "Vielen Dank",
        "Danke, Grace",
        "Vielen Dank für Ihre schnelle Hilfe!",
        "sehr gut",
        "Super, danke!",
        "nein danke",
    ],
    "fr": ["merci beaucoup", "Merci, bonne journée !", "Je vous remercie pour votre aide"],
    "es": ["Muchas gracias por su ayuda", "¡Mil gracias!", "Muy amable, gracias"],
    "ar": ["شكرًا جزيلًا", "شكرا على المساعدة", "يعطيكم العافية"],
    "it": ["Grazie mille!", "Grazie per l'aiuto"],
    "nl": ["Dank u wel", "Bedankt voor de hulp"],
    "pl": ["Dziękuję za pomoc"],
    "pt": ["Obrigada pela ajuda"],
    "ru": ["Спасибо большое!"],
    "tr": ["Teşekkürler, iyi günler"],
    "ja": ["ありがとうございました。"],
    "zh": ["谢谢！", "谢谢您的帮助"],
    "hi": ["बहुत धन्यवाद", "मदद के लिए धन्यवाद"],
}
MORE = [
    "",
    "...",
    "no",
    "yes",
    "5",
    "Hello",
    "human",
    "Thanks Bob",
    "Thanks?",
    "¿Gracias?",
    "not great",
    "Thanks, and the price",
    "Thanks, but it is broken again",
    "thanks, please help",
    "ok, help",
    "danke, bitte noch das",
    "Danke, aber es geht nicht",
    "谢谢，但是还有问题",
]
BITTER = [
    "Thanks for nothing",
    "no thanks to you",
    "so much for your help",
    'thanks for your "help"',
    "Oh great.",
    "Great, just great",
    "Thanks 🙄",
    "thanks 😡",
    "👎",
    "👍👎",
    "thanks :(",
    "Danke für nichts",
    "Na toll!",
    "Na super, danke",
    "merci pour rien",
    "Ah bravo, merci",
    "gracias por nada",
    "Pues genial",
    "شكرا على لا شيء",
    "Grazie di niente",
    "bedankt voor niets",
]


def test_every_language_file_can_thank() -> None:
    assert set(THANKS) == set(packs())


@pytest.mark.parametrize("text", [text for texts in THANKS.values() for text in texts])
def test_thanks_want_nothing(text: str) -> None:
    assert only_thanks(text, ["Grace Hopper"])


@pytest.mark.parametrize("text", MORE)
def test_what_says_more_is_not_only_thanks(text: str) -> None:
    assert not only_thanks(text, ["Grace Hopper"])


@pytest.mark.parametrize("text", BITTER)
def test_bitter_thanks_are_a_complaint(text: str) -> None:
    assert not only_thanks(text, ["Grace Hopper"])
