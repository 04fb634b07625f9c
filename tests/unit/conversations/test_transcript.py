"""Files of transcripts are read as they are documented, and a broken line is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from config.conversations.transcript import Expected, RecordedTurn, read_transcripts
from core.domain.errors import ConfigError

_GOOD = {"id": "a", "turns": [{"user": "hi", "reply": "Hello!", "expect": "SHOW"}]}


def _file(folder: Path, *rows: object) -> Path:
    path = folder / "cases.jsonl"
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_the_first_line_may_say_where_sources_are_found(tmp_path: Path) -> None:
    known, found = read_transcripts(_file(tmp_path, {"anchors": {"k": ["text"]}, "sources": {"s": "words"}}, "", _GOOD))

    assert known.anchors == {"k": ("text",)}
    assert known.sources == {"s": "words"}
    assert [(one.id, one.line, one.cat, one.lang) for one in found] == [("a", 3, "other", "en")]
    assert found[0].turns[0].expect is Expected.SHOW


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{", "line 2: Expecting property name"),
        ("[1]", "line 2: it: Input should be"),
        ({"id": "b"}, "line 2: turns: Field required"),
        ({"id": "b", "turns": [{"user": "hi", "reply": "x"}]}, "line 2: it: Value error, no turn has expect"),
        (
            {"id": "b", "turns": [{"user": "hi", "reply": "x", "expect": "HIDE"}]},
            "line 2: turns.0.expect: Input should be",
        ),
        ({"id": "b", "turns": [{"user": "hi", "expect": "SHOW"}]}, "a turn needs either a reply or parts"),
        ({"id": "b", "turns": [{"user": "hi", "reply": "x", "expect": "SHOW-PART"}]}, "SHOW-PART needs bad"),
        ("[" * 100_000, "line 2: "),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, row: object, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read_transcripts(_file(tmp_path, _GOOD, row))

    assert said in raised.value.detail


def test_a_file_that_holds_nothing_or_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no conversation"):
        read_transcripts(_file(tmp_path, {"anchors": {}}))
    with pytest.raises(ConfigError, match="cannot be read"):
        read_transcripts(tmp_path / "missing.jsonl")


def test_an_answer_knows_its_sentences_and_sources() -> None:
    turn = RecordedTurn(
        user="q", reply="One [@a]. Two [@b, @a], see [@mail](x)? a@b.example.", given=("@c",), expect="WITHHOLD"
    )

    assert turn.keys == ["a", "b", "mail", "c"]
    assert turn.sentences[0] == "One."
    assert list(turn.unwanted) == turn.sentences


def test_parts_bring_their_own_sources() -> None:
    part = {"kind": "fact", "text": "It lasts 14 days.", "rests_on": [{"source": "@trial", "quote": "14 days"}]}
    turn = RecordedTurn.model_validate({"user": "q", "parts": [part], "expect": "SHOW"})

    assert turn.keys == ["trial"]
    assert turn.sentences == ["It lasts 14 days."]
