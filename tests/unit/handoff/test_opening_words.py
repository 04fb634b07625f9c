"""The next opening in words, in five languages and some regions."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from handoff.hours import human_opening

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 21, 10, 0, tzinfo=BERLIN)  # a Saturday
TODAY = datetime(2026, 11, 21, 14, 0, tzinfo=BERLIN)
TOMORROW = datetime(2026, 11, 22, 9, 0, tzinfo=BERLIN)
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=BERLIN)
FRIDAY = datetime(2026, 11, 27, 13, 30, tzinfo=BERLIN)
AFTER_A_WEEK = datetime(2026, 11, 28, 9, 0, tzinfo=BERLIN)
NEXT_YEAR = datetime(2027, 11, 29, 9, 0, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("en", ["today at 14:00", "tomorrow at 9:00", "on Monday at 9:00", "on Saturday, 28 November at 9:00"]),
        ("en-US", ["today at 2:00 PM", "tomorrow at 9:00 AM", "on Monday at 9:00 AM", "on Saturday, November 28 at 9:00 AM"]),
        ("de", ["heute um 14:00 Uhr", "morgen um 9:00 Uhr", "am Montag um 9:00 Uhr",
               "am Samstag, dem 28. November, um 9:00 Uhr"]),
        ("de_AT", ["heute um 14:00 Uhr", "morgen um 9:00 Uhr", "am Montag um 9:00 Uhr",
               "am Samstag, dem 28. November, um 9:00 Uhr"]),
        ("fr", ["aujourd’hui à 14:00", "demain à 9:00", "lundi à 9:00", "le samedi 28 novembre à 9:00"]),
        ("fr-CA", ["aujourd’hui à 14 h 00", "demain à 9 h 00", "lundi à 9 h 00", "le samedi 28 novembre à 9 h 00"]),
        ("es", ["hoy a las 14:00", "mañana a las 9:00", "el lunes a las 9:00", "el sábado, 28 de noviembre, a las 9:00"]),
        ("ar", ["اليوم الساعة 2:00 م", "غدًا الساعة 9:00 ص", "يوم الاثنين الساعة 9:00 ص", "يوم السبت 28 نوفمبر الساعة 9:00 ص"]),
    ],
)  # fmt: skip
def test_it_is_said_as_people_say_it(locale: str, said: list[str]) -> None:
    assert [human_opening(at, NOW, locale) for at in (TODAY, TOMORROW, MONDAY, AFTER_A_WEEK)] == said


@pytest.mark.parametrize("locale", [None, "", "pt", "zz-!!", "en-ZZZZ", "x"])
def test_an_unknown_language_is_told_in_the_fallback(locale: str | None) -> None:
    assert human_opening(MONDAY, NOW, locale) == "on Monday at 9:00"
    if locale != "en-ZZZZ":
        assert human_opening(MONDAY, NOW, locale, fallback="de") == "am Montag um 9:00 Uhr"
        assert human_opening(MONDAY, NOW, locale, fallback="nl") == "on Monday at 9:00"


def test_spanish_has_one_hour_in_the_singular() -> None:
    assert human_opening(TODAY.replace(hour=1), NOW, "es") == "hoy a la 1:00"
    assert human_opening(TODAY.replace(hour=13), NOW, "es-MX") == "hoy a la 1:00 p.m."
    assert human_opening(TODAY.replace(hour=13), NOW, "es") == "hoy a las 13:00"


def test_the_year_is_told_where_it_is_in_doubt() -> None:
    assert human_opening(NEXT_YEAR, NOW, "en") == "on Monday, 29 November 2027 at 9:00"


def test_today_is_that_of_the_zone_it_is_told_in() -> None:
    late = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)  # after midnight in Berlin
    assert human_opening(TOMORROW, late, "en") == "today at 9:00"
    assert human_opening(MONDAY, NOW, "en", zone=ZoneInfo("America/New_York")) == "on Monday at 3:00"
    assert human_opening(FRIDAY, NOW, "en", zone=ZoneInfo("Asia/Tokyo")) == "on Friday at 21:30"


def test_babel_is_not_loaded_with_the_hours() -> None:
    program = "import sys, handoff.hours; assert 'babel' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
