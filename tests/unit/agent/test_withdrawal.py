"""A wish for a person can be taken back, in every language of the files; nothing else is taken for that."""

from __future__ import annotations

import pytest

from core.agent.language import packs
from core.agent.withdrawal import last_withdrawn, left_of, takes_back
from core.domain.messages import CustomerAction
from tests.contract.responders.world import message

TAKEN_BACK = {
    "en": [
        "Never mind, cancel that",
        "I don't need a person any more",
        "forget it, thanks",
        "nevermind",
        "I no longer need to talk to a human.",
        "Actually, I don't want to speak to an agent anymore, thank you",
        "Cancel my request please. I found the answer myself.",
        "I changed my mind",
        "please cancel my request for a person",
        "I don't need to talk to anyone anymore",
        "ok never mind, thanks anyway",
        "I don't need a person any more. How do I export my data?",
        "Never mind, how do I export my data?",
        "no thanks, forget about the human",
        "forget the agent, thanks",
        "go back to the bot please",
        "Can I go back to the bot?",
        "I'd rather talk to the bot",
        "all good now, thanks!",
        "It's all sorted now, thank you",
    ],
    "de": [
        "Schon gut, danke",
        "Hat sich erledigt",
        "Ach, vergessen Sie's",
        "Ich brauche niemanden mehr",
        "Ich möchte doch nicht mit einem Menschen sprechen",
        "Ich brauche keinen Menschen mehr",
        "Vergessen Sie es",
        "Ich muss nicht mehr mit einem Menschen sprechen",
        "Das hat sich erledigt, ich habe es selbst gefunden. Danke!",
        "Doch nicht, hat sich erledigt",
        "Doch nicht, danke",
        "Ach nein, doch nicht",
        "Vergessen Sie den Mitarbeiter",
        "Zurück zum Bot bitte",
        "Alles gut jetzt, danke!",
    ],
    "fr": [
        "Laissez tomber, merci",
        "Je n'ai plus besoin de parler à une personne",
        "Annulez ma demande, s'il vous plaît",
        "Ce n'est plus la peine",
        "Je n'ai plus besoin d'un conseiller, j'ai trouvé la réponse",
        "Finalement non, merci",
        "Oubliez le conseiller",
        "Retour au bot, s'il vous plaît",
        "C'est bon maintenant, merci !",
    ],
    "es": [
        "Olvídelo, gracias",
        "Ya no necesito una persona",
        "Cancele mi solicitud, por favor",
        "Ya no hace falta",
        "Ya no necesito ayuda, gracias",
        "Ya no necesito hablar con un agente, gracias",
        "Mejor no, gracias",
        "Olvídese de la persona",
        "Volver al bot, por favor",
        "Ya está todo bien, gracias",
    ],
    "ar": ["لم أعد أحتاج إلى شخص", "انس الأمر، شكرا", "ألغ طلبي من فضلك", "لا أحتاج إلى التحدث مع موظف الآن"],
    "it": ["Lasci perdere, grazie", "Non ho più bisogno di un operatore"],
    "nl": ["Laat maar, bedankt", "Ik heb geen medewerker meer nodig"],
    "pl": ["Już nieaktualne, dziękuję", "Nie potrzebuję już konsultanta"],
    "pt": ["Deixa pra lá, obrigado", "Não preciso mais de um atendente"],
    "ru": ["Уже не надо, спасибо", "Оператор больше не нужен"],
    "tr": ["Vazgeçtim, teşekkürler", "Artık temsilciye gerek yok"],
    "ja": ["やっぱりいいです。ありがとうございます", "担当者は不要です"],
    "zh": ["算了，谢谢", "不用人工了"],
    "hi": ["रहने दीजिए, धन्यवाद", "अब ज़रूरत नहीं"],
}

EVERYDAY = {
    "en": [
        "thanks, solved it",
        "cancel",
        "Solved",
        "it works now, thank you",
        "found it, thanks",
        "I got it working",
        "nvm",
        "you can close this",
        "Found it. Thanks!",
    ],
    "de": [
        "Habs gefunden, danke",
        "passt schon",
        "Hab's selbst gelöst",
        "geht wieder, danke",
        "klappt jetzt",
        "brauch ich nicht mehr",
        "abbrechen",
        "Problem behoben",
    ],
    "fr": [
        "c'est bon, j'ai trouvé la solution",
        "plus besoin, merci",
        "Problème réglé, merci",
        "ça remarche",
        "annuler",
        "je me suis débrouillé",
    ],
    "es": ["ya lo solucioné", "ya lo encontré, gracias", "Solucionado", "cancelar", "ya quedó, gracias"],
    "ar": ["تم الحل", "وجدت الحل، شكرا", "إلغاء"],
    "it": ["Ho risolto, grazie"],
    "nl": ["Al gevonden, bedankt"],
    "pl": ["Już działa, dziękuję"],
    "pt": ["Já resolvi, obrigado"],
    "ru": ["Разобрался, спасибо"],
    "tr": ["Hallettim, teşekkürler"],
    "ja": ["自己解決しました。ありがとうございます"],
    "zh": ["解决了，谢谢"],
    "hi": ["हल हो गया, धन्यवाद"],
}

KEPT = [
    "",
    "Hello? Is anybody there?",
    "thanks",
    "no",
    "ok",
    "ann@example.org",
    "Cancel my subscription",
    "I need help",
    "I do not want to wait for a person any longer!",
    "Please don't cancel my request for a person",
    "I want to cancel my order, please",
    "Never mind the bot, I want a person",
    "I don't need a bot, I need a human",
    "I don't want to talk to a bot",
    "Forget it, I want to talk to a human",
    "I forgot my password",
    "Don't forget to bring in a person",
    "I don't need a person who reads from a script",
    "How do I cancel that invoice?",
    "never mind what the bot said, my account is locked",
    "Ich brauche keinen Bot",
    "Ich habe mein Passwort vergessen",
    "Mein Konto ist gesperrt, bitte schnell",
    "Je ne veux pas de robot",
    "J'ai oublié mon mot de passe",
    "No quiero hablar con un robot",
    "Olvidé mi contraseña",
    "لا أريد روبوت",
    "نسيت كلمة المرور",
    "я забыл пароль",
    "忘记密码了",
    "No.",
    "Nein.",
    "Non.",
    "All good",
    "all good, I will wait",
    "All good now?",
    "Back to the bot?!",
    "Don't go back to the bot",
    "Don't forget about the human",
    "Forget the agent, I want my money back",
    "Doch nicht?",
    "Das geht doch nicht",
    "Doch nicht gelöst!",
    "Lieber nicht",
    "Ce n'est pas réglé",
    "No cancele mi solicitud",
    "No quiero volver al bot",
    "Ya no funciona",
    "got it, thanks",
    "no need, thanks",
    "pas besoin, merci",
    "ok passt",
    "ça marche, merci",
    "Not solved",
    "non résolu",
    "no resuelto",
    "Nein, gelöst ist es nicht",
    "Solved?",
    "I found it. The order number is 12.",
    "It works now. But the invoice is still wrong.",
    "found it broken",
    "cancel order 12",
    "Das Problem ist nicht gelöst",
    "Stornieren",
]


def test_every_language_file_can_take_it_back() -> None:
    assert set(TAKEN_BACK) == set(EVERYDAY) == set(packs())


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, texts in TAKEN_BACK.items() for text in texts])
def test_a_wish_is_taken_back(code: str, text: str) -> None:
    assert takes_back(text)


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, texts in EVERYDAY.items() for text in texts])
def test_everyday_words_take_it_back(code: str, text: str) -> None:
    assert takes_back(text)
    assert left_of(text) == ""


@pytest.mark.parametrize("text", KEPT)
def test_a_place_in_the_queue_is_not_lost_by_other_words(text: str) -> None:
    assert not takes_back(text)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Never mind, cancel that", ""),
        ("I don't need a person any more. How do I export my data?", "How do I export my data?"),
        ("Never mind, how do I export my data?", "how do I export my data?"),
        ("I don't need a person any more, how do I export my data?", "how do I export my data?"),
    ],
)
def test_what_else_it_asks_is_kept(text: str, left: str) -> None:
    assert left_of(text) == left


def test_the_last_word_counts() -> None:
    back, wish = message("never mind"), message("no wait, I want to talk to a person")
    button = message("Talk to a person", action=CustomerAction.REQUEST_PERSON)
    assert last_withdrawn([wish, back]) == 1
    assert last_withdrawn([back, message("thanks")]) == 0
    assert last_withdrawn([back, wish]) is None
    assert last_withdrawn([back, button]) is None
    assert last_withdrawn([message("hello")]) is None


def test_who_found_something_and_goes_on_keeps_their_place() -> None:
    found, told = message("Found it"), message("The order number is 12")
    assert last_withdrawn([found, told]) is None
    assert last_withdrawn([found, message("thanks!")]) == 0
    assert last_withdrawn([message("Where is my order?"), found]) == 1
    assert last_withdrawn([message("never mind"), told]) == 0
