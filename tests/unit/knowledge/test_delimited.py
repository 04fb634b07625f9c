"""Tables in text files keep their columns, whatever stands between these."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.chunk.chunker import Chunker
from knowledge.convert.converter import Converter
from knowledge.convert.delimited import table_of
from knowledge.documents import Block, BlockKind, UnreadableDocument
from tests.unit.knowledge.wordpiece import WordPieceCounter

PLANS = "| Plan | Price | Note |\n| --- | --- | --- |\n| Team | 9,50 | for small teams |\n| Pro | 19,50 | with SSO |"


@pytest.mark.parametrize(
    "text",
    [
        "Plan;Price;Note\nTeam;9,50;for small teams\nPro;19,50;with SSO\n",
        "Plan\tPrice\tNote\nTeam\t9,50\tfor small teams\nPro\t19,50\twith SSO\n",
        'Plan,Price,Note\r\nTeam,"9,50",for small teams\r\nPro,"19,50",with SSO\r\n',
        "Plan|Price|Note\nTeam|9,50|for small teams\nPro|19,50|with SSO\n",
        "sep=;\nPlan;Price;Note\nTeam;9,50;for small teams\nPro;19,50;with SSO\n",
        '"Plan";"Price";"Note"\n"Team";"9,50";"for small\nteams"\n\n"Pro";"19,50";"with SSO"\n',
    ],
)
def test_the_delimiter_is_found(text: str) -> None:
    assert table_of(text) == [Block(BlockKind.TABLE, PLANS)]


def test_one_column_stays_one_column() -> None:
    assert table_of("Plan\nTeam\nPro\n")[0].text == "| Plan |\n| --- |\n| Team |\n| Pro |"


def test_commas_in_the_text_of_other_columns_do_not_win() -> None:
    table = table_of("Question;Answer\nWhere, when?;Here, now, always\nWho, what?;We, all, of it\n")

    assert table[0].text.splitlines()[2] == "| Where, when? | Here, now, always |"


def test_a_header_is_as_wide_as_the_widest_row_and_bars_do_not_break_the_table() -> None:
    assert table_of("a;b\n1\n2;x|y;more\n;;\n")[0].text.splitlines() == [
        "| a | b |  |",
        "| --- | --- | --- |",
        "| 1 |",
        "| 2 | x\\|y | more |",
    ]


@pytest.mark.parametrize("header", ["a," * 1000, "a" + "," * 1000, "," * 15_000 + "\na"])
def test_a_wide_row_makes_no_other_row_longer(header: str) -> None:
    text = f"{header}\n" + "a\n" * 20_000

    assert len(table_of(text)[0].text) < 10 * len(text)


@pytest.mark.parametrize("text", ["a," * 2_001, "a,b,c\n" * 333_334])
def test_data_for_programs_is_refused(text: str) -> None:
    with pytest.raises(UnreadableDocument, match="more than 2,000 columns or 1,000,000 fields"):
        table_of(text)


def test_nothing_is_no_table() -> None:
    assert table_of("\n \n") == []


def test_a_quotation_mark_that_is_left_open_over_everything_is_named() -> None:
    with pytest.raises(UnreadableDocument, match=r"line \d+: .*quotation mark"):
        table_of('a;b\n1;"' + "long text\n" * 200_000)


@pytest.mark.parametrize(("name", "between"), [("plans.csv", ";"), ("plans.tsv", "\t")])
def test_every_chunk_of_a_file_repeats_the_header(tmp_path: Path, name: str, between: str) -> None:
    path = tmp_path / name
    rows = [["Product", "Price", "Stock"], *([f"Product number {n}", f"{n},50", str(n * 3)] for n in range(60))]
    path.write_bytes("\n".join(between.join(row) for row in rows).encode("utf-8-sig"))

    chunks = Chunker(WordPieceCounter(), 64).chunks(Converter().convert(path))

    assert len(chunks) > 3
    assert all(chunk.content.startswith("| Product | Price | Stock |") for chunk in chunks)
    assert "| Product number 59 | 59,50 | 177 |" in chunks[-1].content
