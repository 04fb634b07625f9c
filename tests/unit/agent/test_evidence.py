"""What code proves and refutes of a sentence, so that no verifier is asked about it."""

from __future__ import annotations

import pytest

from core.ports.verifier import Verdict
from tests.unit.agent.gate_world import Oracle, World

LIMITS = (
    "The link works for 60 minutes. Money takes 5 to 10 business days. A file can have up to 25 MB on Free, 100 MB on Team "
    "and 1 GB on Business.\n\nOpen **Settings → Security**, scan the code and enter the six digits; then sign in again.\n\n"
    "| Limit | Free | Team |\n| --- | --- | --- |\n| Guests | 0 | 40 |"
)


@pytest.mark.parametrize(
    "clause",
    [
        "Open **Settings → Security**, scan the code and enter the six digits.",
        "No, the link works for 60 minutes.",
        "Sorry. Money takes 5 to 10 business days.",
    ],
)
async def test_a_statement_of_a_source_costs_no_call(clause: str) -> None:
    world = World(oracle := Oracle(), texts=(LIMITS,))
    assert (await world.show(clause)).startswith(clause.rstrip("."))
    assert oracle.requests == []


@pytest.mark.parametrize(
    "part",
    ["Scan the code and enter the six digits.", "A file can have up to 25 MB on Free.", "Digits; then sign in again."],
)
async def test_words_cut_out_of_a_sentence_are_no_statement(part: str) -> None:
    world = World(oracle := Oracle({"": Verdict.UNSUPPORTED}), texts=(LIMITS,))
    assert await world.show(part) == ""
    assert oracle.asked == [[part]]


async def test_a_row_of_a_given_table_costs_no_call() -> None:
    world = World(oracle := Oracle(), texts=(LIMITS,))
    table = "| Limit | Free | Team |\n|---|---|---|\n| Guests | 0 | 40 |"
    assert await world.show(table) == table
    assert oracle.requests == []


async def test_what_only_asks_or_opens_costs_no_call() -> None:
    said = "I was charged $108 twice, and my tasks are gone!"
    questions = ["When were the two charges of $108?", "Which plan is it: Free, Team or Business?"]
    for answer in questions:
        world = World(oracle := Oracle(), said=said, texts=(LIMITS,))
        assert await world.show(answer) == answer
        assert oracle.requests == []
    world = World(oracle := Oracle({"": Verdict.UNSUPPORTED}), said=said, texts=(LIMITS,))
    assert await world.show(f"Oh no! {questions[0]}") == f"Oh no! {questions[0]}"
    assert oracle.requests == []
    assert await World(oracle, said=said, texts=(LIMITS,)).show("All done!") == ""
    assert oracle.asked == [["All done!"]]


async def test_a_refuted_opening_at_the_end_stays_refuted() -> None:
    for opening in ("evil.example!", "Try evil.example!", "Yes."):
        world = World(oracle := Oracle(), texts=(LIMITS,))
        assert await world.show(opening) == ""
        assert oracle.requests == []
