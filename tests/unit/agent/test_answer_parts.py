"""Parts leave a structured answer as each is complete, however it is cut, wrapped or broken."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.agent.answer_parts import MOST_CHARS, MOST_PARTS, PartsReader, parts_format
from core.agent.answer_unit import AnswerUnit, Quote, UnitKind


class Heard:
    """Stands in for an AnswerGate, and remembers."""

    def __init__(self) -> None:
        self.text = ""
        self.units: list[AnswerUnit] = []
        self.ended: list[bool] = []

    async def feed(self, delta: str) -> None:
        self.text += delta

    async def add(self, unit: AnswerUnit) -> None:
        self.units.append(unit)

    async def finish(self, *, whole: bool = True) -> None:
        self.ended.append(whole)


async def _read(text: str, size: int = 1_000_000, *, whole: bool = True) -> Heard:
    heard = Heard()
    reader = PartsReader(heard)
    for start in range(0, len(text), size):
        await reader.feed(text[start : start + size])
    await reader.finish(whole=whole)
    return heard


FACT = {"kind": "fact", "rests_on": [{"source": 2, "quote": 'press "Forgot"'}], "text": 'Press "Forgot" {now}.'}
CHAT = {"kind": "chat", "rests_on": [], "text": "\nGlad to help \\ bye ☂"}
UNITS = [
    AnswerUnit('Press "Forgot" {now}.', UnitKind.FACT, (Quote(2, 'press "Forgot"'),)),
    AnswerUnit("\nGlad to help \\ bye ☂", UnitKind.CHAT),
]
ANSWER = json.dumps({"parts": [FACT, CHAT]})


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 5_000])
@pytest.mark.parametrize(
    "written",
    [
        ANSWER,
        json.dumps({"parts": [FACT, CHAT]}, indent=3, ensure_ascii=False),
        f"```json\n{ANSWER}\n```",
        f"```\n{ANSWER}\n``` I hope that helps [1] {{.",
        f"\n\n {ANSWER} That is all.",
        json.dumps([FACT, CHAT]),
        f"{json.dumps(FACT)}\n{json.dumps(CHAT)}",
        json.dumps(
            {"parts": [{"text": FACT["text"], "rests_on": FACT["rests_on"], "kind": "fact"}, CHAT], "more": [1]}
        ),
    ],
    ids=["plain", "indented", "fenced", "fenced and more", "white space", "list", "lines", "other order"],
)
async def test_the_parts_are_found_however_they_are_written_and_cut(written: str, size: int) -> None:
    heard = await _read(written, size)
    assert heard.units == UNITS
    assert heard.text.strip() == ""
    assert heard.ended == [True]


@pytest.mark.parametrize("size", [1, 4, 1_000])
async def test_words_before_the_parts_are_text(size: int) -> None:
    heard = await _read(f"Sure {{ok}}! {ANSWER} More.", size)
    assert (heard.text, heard.units) == ("Sure {ok}! ", UNITS)


@pytest.mark.parametrize("size", [1, 4, 1_000])
@pytest.mark.parametrize(
    "text",
    [
        "Press it [1]. Then {wait} for the mail [2].",
        '{"name": "an example of a body"} is what you send [1].',
        '```json\n{"name": 1}\n``` is what you send [1].',
        "[1] says so.",
        "{",
        " ",
        'End with {"par',
        "``",
    ],
)
async def test_plain_text_passes_unchanged(text: str, size: int) -> None:
    heard = await _read(text, size)
    assert (heard.text, heard.units, heard.ended) == (text, [], [True])


async def test_a_part_leaves_when_it_is_complete() -> None:
    heard = Heard()
    reader = PartsReader(heard)
    first = ANSWER.index("}, {") + 1
    for sign in ANSWER[: first - 1]:
        await reader.feed(sign)
    assert heard.units == []
    await reader.feed(ANSWER[first - 1])
    assert heard.units == UNITS[:1]


async def test_text_arrives_without_waiting_for_its_end() -> None:
    heard = Heard()
    reader = PartsReader(heard)
    for word in ("Press ", "it ", "[1]."):
        await reader.feed(word)
    assert heard.text == "Press it [1]."


async def test_what_was_complete_before_a_cut_is_kept() -> None:
    ends = [ANSWER.index("}, {") + 1, ANSWER.index("}]}") + 1]
    for cut in range(10, len(ANSWER)):
        heard = await _read(ANSWER[:cut], 5, whole=False)
        assert heard.units == UNITS[: sum(end <= cut for end in ends)]
        assert (heard.text, heard.ended) == ("", [False])


@pytest.mark.parametrize(
    ("part", "unit"),
    [
        ({"text": "A."}, AnswerUnit("A.", UnitKind.FACT)),
        ({"kind": "poem", "text": "A."}, AnswerUnit("A.", UnitKind.FACT)),
        ({"kind": "text", "text": "A."}, AnswerUnit("A.", UnitKind.FACT)),
        ({"kind": ["chat"], "text": "A."}, AnswerUnit("A.", UnitKind.FACT)),
        (
            {"kind": "fact", "text": "A.", "rests_on": [3, "4"]},
            AnswerUnit("A.", UnitKind.FACT, (Quote(3, ""), Quote(4, ""))),
        ),
        (
            {"kind": "fact", "text": "A.", "rests_on": {"source": "[3]", "quote": " a "}},
            AnswerUnit("A.", UnitKind.FACT, (Quote(3, "a"),)),
        ),
        ({"kind": "fact", "text": "A.", "rests_on": "the docs"}, AnswerUnit("A.", UnitKind.FACT)),
        (
            {
                "kind": "fact",
                "text": "A.",
                "rests_on": [{"source": -1, "quote": "x"}, {"source": 10**9}, {"source": True}, None],
            },
            AnswerUnit("A.", UnitKind.FACT),
        ),
        (
            {"kind": "fact", "text": "A.", "rests_on": [{"source": 1, "quote": 7}]},
            AnswerUnit("A.", UnitKind.FACT, (Quote(1, ""),)),
        ),
    ],
)
async def test_what_a_part_leaves_out_or_gets_wrong(part: object, unit: AnswerUnit) -> None:
    assert (await _read(json.dumps({"parts": [part]}))).units == [unit]


@pytest.mark.parametrize("part", [{"kind": "fact"}, {"kind": "fact", "text": 5}, {"text": "  "}, {"text": None}, {}])
async def test_a_part_without_words_is_none(part: object) -> None:
    assert (await _read(json.dumps({"parts": [part, CHAT]}))).units == UNITS[1:]


async def test_a_broken_part_costs_only_itself() -> None:
    assert (await _read('{"parts":[{"kind":"fact" "text":"A."},' + json.dumps(CHAT) + "]}")).units == UNITS[1:]


async def test_line_breaks_within_a_string_are_taken() -> None:
    assert (await _read('{"parts":[{"kind":"chat","text":"A.\nB."}]}')).units == [AnswerUnit("A.\nB.", UnitKind.CHAT)]


async def test_sizes_are_bounded() -> None:
    long = {"kind": "fact", "rests_on": [], "text": "x" * MOST_CHARS}
    assert (await _read(json.dumps({"parts": [long, CHAT]}), 999)).units == UNITS[1:]
    many = await _read(json.dumps({"parts": [CHAT] * (MOST_PARTS + 50)}), 999)
    assert len(many.units) == MOST_PARTS
    quoted = {"kind": "fact", "text": "A.", "rests_on": [{"source": 1, "quote": "y"}] * 500}
    [unit] = (await _read(json.dumps({"parts": [quoted]}))).units
    assert 0 < len(unit.quotes) < 50


@pytest.mark.parametrize(
    "sign", ["[", "{", '{"parts":[', '"', "\\", '{"parts":[{"text":[', "{ ", "`", '{"parts":[{"text":"\\']
)
async def test_time_is_linear_whatever_arrives(sign: str) -> None:
    text = '{"parts":[' + sign * (200_000 // len(sign))
    begun = time.process_time()
    await _read(text, 3)
    await _read(sign * (200_000 // len(sign)), 3)
    assert time.process_time() - begun < 5


@given(st.text(max_size=200), st.integers(1, 9))
async def test_no_text_is_lost_or_changed(text: str, size: int) -> None:
    heard = await _read(text, size)
    assert heard.units or heard.text == text or '"' in text


@given(st.lists(st.text(min_size=1).filter(str.strip), max_size=6), st.integers(1, 30), st.booleans())
async def test_every_text_comes_out_as_it_went_in(texts: list[str], size: int, ascii_only: bool) -> None:
    parts = [{"kind": "fact", "rests_on": [{"source": 1, "quote": text}], "text": text} for text in texts]
    heard = await _read(json.dumps({"parts": parts}, ensure_ascii=ascii_only), size)
    assert [unit.text for unit in heard.units] == texts


def test_the_schema_is_one_that_strict_endpoints_take() -> None:
    """Every object lists all its properties as required and allows no others; what a part rests on comes before its text."""
    wanted = parts_format()

    def check(schema: dict[str, object]) -> None:
        if schema["type"] == "object":
            properties = schema["properties"]
            assert isinstance(properties, dict)
            assert schema["required"] == list(properties)
            assert schema["additionalProperties"] is False
            for one in properties.values():
                check(one)
        elif schema["type"] == "array":
            check(schema["items"])  # type: ignore[arg-type]

    check(dict(wanted.schema))
    part = wanted.schema["properties"]["parts"]["items"]
    assert list(part["properties"]) == ["kind", "rests_on", "text"]
    assert all(kind in wanted.instructions for kind in part["properties"]["kind"]["enum"])
