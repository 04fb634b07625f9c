"""Numbers of a list as people write them, and what only looks like one."""

from __future__ import annotations

import pytest

from core.agent.choosing import places_in


@pytest.mark.parametrize(
    "said",
    [
        *("2", "2.", "(2)", "#2", "2?", "2️⃣", "２", "②", "٢", "-> 2", "2!"),
        *(
            "nr. 2",
            "nr2",
            "No. 2",
            "number two",
            "two",
            "2nd",
            "the second",
            "The second one, please",
            "option 2",
            "yes, 2",
        ),
        *("I mean the second one", "2, thanks", "ok 2", "it's the second one"),
        *("Nummer 2", "die zweite bitte", "der 2.", "das zweite", "Ich meine die 2", "zwei", "die 2te", "2, danke"),
        *(
            "n° 2",
            "numéro 2",
            "le deuxième",
            "la seconde",
            "la 2ème",
            "deux",
            "la deuxième s'il vous plaît",
            "c'est le 2",
        ),
        *("nº 2", "número dos", "la segunda", "el segundo, por favor", "dos", "la 2ª", "2.º"),
        *("رقم 2", "رقم ٢", "الثاني", "الثانية من فضلك", "اثنان", "أقصد الثاني"),
        *("第2个", "第二个", "二", "选2", "2番目", "二番目です", "2番でお願いします", "２番"),
    ],
)
def test_the_second(said: str) -> None:
    assert places_in(said, 3) == (2,)


@pytest.mark.parametrize(
    "said",
    [
        *("both", "both please", "1 and 2", "1 & 2", "1,2", "1+2", "1 or 2", "the first and the second", "1/2", "all"),
        *("beide", "beides bitte", "1 und 2", "die erste und die zweite", "les deux", "1 et 2", "tous les deux"),
        *("los dos", "ambas", "1 y 2", "كلاهما", "1 و 2", "الأول والثاني", "两个", "両方"),
    ],
)
def test_both_of_two(said: str) -> None:
    assert places_in(said, 2) == (1, 2)


@pytest.mark.parametrize(
    "said", ["all three", "all of them", "alle drei", "tous les trois", "las tres", "الكل", "全部"]
)
def test_all_of_three(said: str) -> None:
    assert places_in(said, 3) == (1, 2, 3)


@pytest.mark.parametrize("said", ["the last one", "die letzte", "le dernier", "la última", "الأخير", "the latter"])
def test_the_last(said: str) -> None:
    assert places_in(said, 3) == (3,)


def test_in_the_order_in_which_they_are_said() -> None:
    assert places_in("2, then 1", 2) == (2, 1)
    assert places_in("2 and 1 and 2", 2) == (2, 1)


@pytest.mark.parametrize(
    "said", ["9", "12", "nine", "the fourth one", "neun", "le quatrième", "la quinta", "12.5", "0"]
)
def test_a_place_that_is_not_there_is_one_all_the_same(said: str) -> None:
    found = places_in(said, 3)
    assert found is not None
    assert not any(1 <= place <= 3 for place in found)


def test_both_of_three_says_not_which() -> None:
    assert places_in("both", 3) == (0,)


@pytest.mark.parametrize(
    "said",
    [
        *(
            "none of these",
            "neither",
            "None of the above.",
            "something else",
            "keins davon",
            "weder noch",
            "aucun des deux",
        ),
        *("ni l'un ni l'autre", "ninguno de los dos", "ولا واحد منها", "都不是", "どれでもない"),
    ],
)
def test_none_of_them(said: str) -> None:
    assert places_in(said, 2) == ()


@pytest.mark.parametrize(
    "said",
    [
        *(
            "",
            "…",
            "?",
            "thanks",
            "ok",
            "please",
            "no",
            "yes",
            "hello",
            "That's all",
            "alles gut",
            "todo bien",
            "tout va bien",
        ),
        *(
            "2 users, please",
            "two of us need it",
            "the second year",
            "first of all",
            "one question",
            "2026",
            "order 48213",
        ),
        *("not 2", "neither 1 nor 2", "What does it cost?", "2 and what does it cost", "one more thing", "2" * 90),
        *("What about the first?", "10:30 tomorrow", "both of us", "everything is broken"),
    ],
)
def test_what_names_no_place(said: str) -> None:
    assert places_in(said, 3) is None
