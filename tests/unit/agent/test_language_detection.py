"""How often the language of a message is told, and rightly, over the questions of our transcripts; and what it costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from config.conversations.transcript import read_transcripts
from core.agent import language
from core.agent.language import ANSWERED, choose, detect, detect_surely

_CASES = Path(__file__).parents[2] / "fixtures" / "conversations.jsonl"
_MEASURE = """
from pathlib import Path
from core.agent.language import detect, packs
def resident(): return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6
packs(); before = resident(); detect("Hoe exporteer ik al onze gegevens?"); print(resident() - before)
"""


def _questions() -> list[tuple[str, str]]:
    return [(case.lang, turn.user) for case in read_transcripts(_CASES)[1] for turn in case.turns]


def test_where_it_is_sure_it_is_right_in_99_of_100() -> None:
    questions = _questions()
    told = [(language, found) for language, text in questions if (found := detect_surely(text)) is not None]

    assert len(told) >= 0.9 * len(questions)
    assert sum(language != found for language, found in told) <= 0.01 * len(told)


def test_where_it_guesses_it_is_right_in_98_of_100() -> None:
    told = [(language, found) for language, text in _questions() if (found := detect(text)) is not None]

    assert sum(language != found for language, found in told) <= 0.02 * len(told)


def test_a_first_message_is_answered_in_its_language() -> None:
    questions = [(language, text) for language, text in _questions() if language in ANSWERED]
    wrong = [text for language, text in questions if choose(text) != language]

    assert len(wrong) <= 0.03 * len(questions), wrong


def test_it_takes_less_than_15_mb() -> None:
    done = subprocess.run([sys.executable, "-c", _MEASURE], capture_output=True, text=True, check=True, timeout=60)

    assert float(done.stdout) < 15


def test_each_message_is_looked_at_once_and_none_before_one_that_is_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[str] = []
    identified = language._identified

    def noted(text: str) -> tuple[str | None, float]:
        looked_at.append(text)
        return identified(text)

    monkeypatch.setattr(language, "_identified", noted)
    german = "Wie setze ich denn bitte mein Passwort zurück?"
    assert choose("ok", "fr", earlier=["hm", german, "How do I reset my password, please?"]) == "de"
    assert looked_at == ["ok", "hm", german]
    assert choose("ok", "fr", earlier=["hm"]) == "fr"
    assert looked_at[3:] == ["ok", "hm"]
