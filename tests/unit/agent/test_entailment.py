"""A sentence with a marker says what its passage says: to the letter where customers act on it, in any of its spellings."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.agent.entailment import is_borne_out

RETURNS = (
    "Returns are possible within 14 days of delivery. Refunds arrive within 5 business days. Shipping costs €4.90."
)
PLANS = "The Pro plan costs $1,500 per year and includes 25 users. It is not available in Switzerland. Support: https://help.example.com/pro"
OPEN = "We are open from 9 am to 5 pm, Monday to Friday, except on 24 December. A dose lasts one day."
GERMAN = "Die Kündigungsfrist beträgt drei Monate. Der Versand ist ab 50 € kostenlos. Rückgaben sind nicht möglich bei Software."
FRENCH = "Vous avez trente jours pour renvoyer un article. La garantie dure deux ans. Les frais sont de 12,50 €."
SPANISH = "El plazo es de veinticuatro horas. El descuento es del 15 %. No se aceptan tarjetas de regalo en la tienda."
ARABIC = "مدة الإرجاع أربعة عشر يوما. رسوم الشحن 20 دولار."

SAID = [
    (RETURNS, "You can return it within two weeks."),
    (RETURNS, "You have 14 days to send it back, and your money is there after 5 business days."),
    (RETURNS, "Shipping is 4.90 euros."),
    (RETURNS, "Der Versand kostet 4,90 €, und Sie haben vierzehn Tage Zeit."),
    (RETURNS, "Il vous reste quatorze jours pour le retour."),
    (RETURNS, "There are 3 steps to a return."),
    (PLANS, "It costs 1500 dollars a year for 25 users."),
    (PLANS, "Pro costs $1,500.00 and comes with up to twenty-five users."),
    (PLANS, "El plan Pro cuesta 1.500 $ al año para 25 usuarios."),
    (PLANS, "Pro is not sold in Switzerland; see https://help.example.com/pro."),
    (OPEN, "Wir sind von 9 bis 17 Uhr da."),
    (OPEN, "On 24/12 we are closed."),
    (OPEN, "Une dose suffit pour 24 heures."),
    (GERMAN, "You can cancel with 3 months' notice."),
    (GERMAN, "Ab 50 Euro ist der Versand frei."),
    (FRENCH, "You have 30 days, and the warranty is 24 months."),
    (FRENCH, "Les frais sont de 12,50 euros."),
    (SPANISH, "Within one day, with 15% off."),
    (SPANISH, "No se aceptan tarjetas de regalo en la tienda."),
    (ARABIC, "You may return it within 14 days; shipping is $20."),
    (ARABIC, "يمكنك الإرجاع خلال 14 يوما."),
]
MADE_UP = [
    (RETURNS, "You can return it within 30 days."),
    (RETURNS, "You can return it within three weeks."),
    (RETURNS, "You have 14 hours to return it."),
    (RETURNS, "Shipping costs $4.90."),
    (RETURNS, "Shipping costs €5.90."),
    (RETURNS, "Returns are not possible within 14 days of delivery."),
    (PLANS, "The Pro plan includes 50 users."),
    (PLANS, "The Pro plan includes 5 users."),
    (PLANS, "It is available in Switzerland."),
    (PLANS, "The Pro plan costs $1,500 per year, with 25% off."),
    (PLANS, "Write to https://help.example.net/pro."),
    (PLANS, "Write to sales@example.com."),
    (OPEN, "We are open until 18:00."),
    (GERMAN, "Die Kündigungsfrist beträgt zwei Monate."),
    (GERMAN, "Rückgaben sind möglich bei Software."),
    (FRENCH, "Vous avez quinze jours pour renvoyer un article."),
    (FRENCH, "La garantie dure deux mois."),
    (SPANISH, "El descuento es del 50 %."),
    (SPANISH, "Se aceptan tarjetas de regalo en la tienda."),
    (ARABIC, "مدة الإرجاع 30 يوما."),
]


@pytest.mark.parametrize(("passage", "sentence"), SAID)
def test_what_the_passage_says_in_other_words_stays(passage: str, sentence: str) -> None:
    assert is_borne_out(sentence, [passage])


@pytest.mark.parametrize(("passage", "sentence"), MADE_UP)
def test_what_the_passage_does_not_say_is_noticed(passage: str, sentence: str) -> None:
    assert not is_borne_out(sentence, [passage])


def test_a_figure_of_the_customers_may_be_repeated() -> None:
    assert is_borne_out("Your order 88123 can be returned within 14 days.", [RETURNS], said="Can I return order 88123?")
    assert not is_borne_out(
        "Your order 88124 can be returned within 14 days.", [RETURNS], said="Can I return order 88123?"
    )


@example(":OI")  # of a language whose numbers nobody has written down
@given(st.text(max_size=200))
def test_a_passage_bears_itself_out(text: str) -> None:
    assert is_borne_out(text, [text])


FAQ = [
    ("Are refunds possible after 14 days?", "No, refunds are not possible after 14 days."),
    ("Sind Erstattungen nach 14 Tagen möglich?", "Nein, Erstattungen sind nach 14 Tagen nicht möglich."),
    ("Puis-je changer mon adresse de facturation ?", "Non, vous ne pouvez pas changer l'adresse de facturation."),
    ("¿Se puede cambiar la dirección de facturación?", "No, la dirección de facturación no se puede cambiar."),
    ("هل يمكن تغيير عنوان الفاتورة؟", "لا يمكن تغيير عنوان الفاتورة."),
]


@pytest.mark.parametrize(("question", "answer"), FAQ)
def test_an_answer_that_says_no_is_not_taken_for_the_opposite_of_its_question(question: str, answer: str) -> None:
    assert is_borne_out(answer, [f"{question} Q: {question}\nA: {answer}"])


def test_of_two_neighbours_that_differ_in_a_not_each_bears_itself_out() -> None:
    held = ["SSO is included in Pro. SSO is not included in Free."]
    assert is_borne_out("SSO is not included in Free.", held)
    assert is_borne_out("SSO is included in Pro.", held)
    assert not is_borne_out("SSO is not included in Pro.", held)


SET_OTHERWISE = [
    ("The export takes about an hour.", "The export takes about 1 hour."),
    ("Refunds arrive within a week.", "Refunds arrive within 7 days."),
    ("Die Erstattung dauert eine Woche.", "The refund takes one week."),
    ("Die Prüfung dauert einen Tag.", "The review takes 24 hours."),
    ("يستغرق الاسترداد أسبوعين.", "The refund takes 2 weeks."),
    ("Open Settings. Choose Plan. Save.", "11. Click Save."),
    ("Open help.example.com/reset to reset.", "Visit **https://help.example.com/reset** to reset."),
    ("请访问 https://help.example.com/reset 重置。", "请访问 https://help.example.com/reset。"),
    ("Data is encrypted with AES 256.", "Data is encrypted with AES-256."),
    ("| Plan | Price (EUR) |\n| --- | --- |\n| Pro | 30 |\n\nNotice is 30 days.", "Pro costs 30 EUR."),
    ("Open ports 80,443.", "Open the ports 80 and 443."),
    ("From 2026: 120 € per year.", "Ab 2026 120 € pro Jahr."),
    ("Call +1 555 010 9999.", "Call +1 (555) 010-9999."),
    ("It costs fifty cents.", "Es kostet 50 Cent."),
    ("Support around the clock.", "Support is available 24/7."),
    ("The limit is 21 days.", "La limite est de vingt et un jours."),
    ("The limit is 120 users.", "The limit is one hundred and twenty users."),
    ("You can not only export but also import contacts.", "You can export and import contacts."),
    ("Don't forget to save the changes of your profile.", "Save the changes of your profile."),
    ("Annulez sans frais votre abonnement annuel à tout moment.", "Annulez votre abonnement annuel à tout moment."),
]


@pytest.mark.parametrize(("passage", "sentence"), SET_OTHERWISE)
def test_how_a_figure_is_set_does_not_matter(passage: str, sentence: str) -> None:
    assert is_borne_out(sentence, [passage])


CLAIMED = [
    ("Can I return it within 60 days?", RETURNS, "Yes, you can return it within 60 days."),
    ("Is it true that shipping is EUR 2.50?", RETURNS, "Yes, shipping costs EUR 2.50."),
    ("Gilt die Kündigungsfrist von 6 Monaten?", GERMAN, "Ja, die Kündigungsfrist beträgt 6 Monate."),
    ("C'est bien 90 jours ?", FRENCH, "Oui, vous avez 90 jours."),
    ("¿El descuento es del 40 %?", SPANISH, "Sí, el descuento es del 40 %."),
    ("هل مدة الإرجاع 60 يوما؟", ARABIC, "نعم، مدة الإرجاع 60 يوما."),
]


@pytest.mark.parametrize(("said", "passage", "sentence"), CLAIMED)
def test_a_customers_figure_is_not_the_passages(said: str, passage: str, sentence: str) -> None:
    """A model that likes to agree says it, and the source card beside it says something else."""
    assert not is_borne_out(sentence, [passage], said=said)


REPEATED = [
    ("Can I return it after 60 days?", "No, you cannot return it after 60 days."),
    ("I ordered 10 days ago.", "You ordered 10 days ago, so you are within the 14 days."),
    ("I ordered 10 days ago.", "You ordered 10 days ago, so you are within the two weeks."),
    ("I paid 20 dollars.", "You paid 20 dollars, and shipping was €4.90."),
]


@pytest.mark.parametrize(("said", "sentence"), REPEATED)
def test_it_may_be_denied_or_stand_beside_the_passages_own(said: str, sentence: str) -> None:
    assert is_borne_out(sentence, [RETURNS], said=said)


@pytest.mark.parametrize(
    ("passage", "sentence"),
    [
        ("The plan has 14 users. Refunds arrive within 30 days.", "Refunds arrive within 14 days."),
        ("Refunds arrive within 30 days. See section 14.", "Refunds arrive within 14 days."),
        ("Der Tarif hat 14 Nutzer. Die Erstattung dauert 30 Tage.", "Die Erstattung dauert 14 Tage."),
    ],
)
def test_any_number_is_no_length_of_time_where_others_are_said(passage: str, sentence: str) -> None:
    assert not is_borne_out(sentence, [passage])


@pytest.mark.parametrize(
    ("passage", "sentence"),
    [
        ("Refunds arrive within 5 business days, returns take 14 days.", "Refunds arrive within 5 days."),
        ("Refunds take 5 to 10 days, returns 14 days.", "Refunds take at least 5 days."),
        ("Refunds take 5–10 days, returns 14 days.", "Refunds take at least 5 days."),
        ("Choose 7, 21 or 30 days. Returns within 14 days.", "You may choose 7 days."),
        ("14-tägiges Rückgaberecht. Die Erstattung dauert 5 Tage.", "You can return it within 14 days."),
        ("Binnen 5 Werktagen erstattet, binnen 14 Tagen zurück.", "Refunds arrive within 5 days."),
        ("Réponse sous 24h, retour sous 14 jours.", "You get an answer within 24 hours."),
        ("| Plan | Days |\n| --- | --- |\n| Pro | 30 |\n\nReturns within 14 days.", "Pro gives you 30 days."),
        ("Return period in days: 30\nRefunds: 14 days", "You have 30 days."),
        ("You have thirty (30) days. Refunds take 5 days.", "You have 30 days."),
        ("You have 30 (thirty) days. Refunds take 5 days.", "You have 30 days."),
    ],
)
def test_a_length_of_time_may_have_its_unit_further_on(passage: str, sentence: str) -> None:
    assert is_borne_out(sentence, [passage])
