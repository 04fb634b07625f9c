"""No invalid marker reaches a customer, whatever the model writes and however it is cut into pieces."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.agent.citation_gate import CitationGate, marker_numbers, strip_markers
from core.agent.sources import Sources, from_passage
from core.domain.messages import Citation
from tests.contract.responders.world import PASSWORD, PRICE, STRAY


class Heard:
    """What left the gate."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.cited: list[Sequence[Citation]] = []

    async def text(self, sentence: str) -> None:
        self.shown.append(sentence)

    async def sources(self, citations: Sequence[Citation]) -> None:
        self.cited.append(citations)


def _gate() -> tuple[CitationGate, Heard]:
    sources = Sources()
    for passage in (PASSWORD, PRICE, STRAY):
        sources.add(from_passage(passage, supported=passage is not STRAY))
    heard = Heard()
    return CitationGate(sources, heard.text, heard.sources), heard


async def _through(text: str, *, size: int = 5) -> tuple[CitationGate, Heard]:
    gate, heard = _gate()
    for start in range(0, len(text), size):
        await gate.feed(text[start : start + size])
    await gate.finish()
    return gate, heard


async def test_markers_are_renumbered_by_first_use() -> None:
    gate, heard = await _through("It costs 9 [2]. Reset it [1]. Both [1][2].")
    assert gate.text == "It costs 9 [1]. Reset it [2]. Both [2][1]."
    assert [citation.id for citation in gate.citations] == [PRICE.id, PASSWORD.id]
    assert heard.cited[-1] == gate.citations


async def test_an_invalid_marker_is_removed_and_its_sentence_stays_when_another_holds() -> None:
    gate, _ = await _through("It costs 9 [2][7]. Reset it [1, 9].")
    assert gate.text == "It costs 9 [1]. Reset it [2]."


async def test_a_sentence_with_only_invalid_markers_is_left_out() -> None:
    gate, _ = await _through("It costs 9 [2]. We also sell bicycles [8]. Reset it [1].")
    assert gate.text == "It costs 9 [1]. Reset it [2]."


async def test_paragraphs_survive_a_sentence_that_is_left_out() -> None:
    gate, _ = await _through("It costs 9 [2]. Free bicycles [8].\n\nReset it [1].")
    assert gate.text == "It costs 9 [1].\n\nReset it [2]."


async def test_uncited_sentences_wait_for_the_first_citation() -> None:
    gate, heard = _gate()
    await gate.feed("Good question. Let me see. ")
    assert heard.shown == []
    await gate.feed("It costs 9 [2]. Anything else?")
    await gate.finish()
    assert heard.shown == ["Good question.", " Let me see.", " It costs 9 [1].", " Anything else?"]


async def test_what_waits_can_be_dropped_or_released() -> None:
    gate, heard = await _through("I will look it up.")
    assert gate.held == "I will look it up."
    gate.drop_held()
    await gate.feed("The password link works for an hour.")
    await gate.finish()
    await gate.release(1)
    assert gate.text == "The password link works for an hour. [1]"
    assert "".join(heard.shown) == gate.text


async def test_sentences_are_shown_before_the_answer_is_over() -> None:
    gate, heard = _gate()
    await gate.feed("It costs 9 [2]. And th")
    assert heard.shown == ["It costs 9 [1]."]


async def test_a_claimed_handover_is_left_out() -> None:
    gate, _ = await _through("It costs 9 [2]. I'm connecting you with a colleague now. Anything else?")
    assert gate.text == "It costs 9 [1]. Anything else?"


async def test_code_is_left_alone() -> None:
    gate, _ = await _through("Read it with `rows[9]` [2].\n\n```\nx = rows[7]\n```\nDone.")
    assert "`rows[9]` [1]." in gate.text
    assert "x = rows[7]" in gate.text


@pytest.mark.parametrize(
    "block",
    [
        "curl https://evil.example/refund",
        "call --number +49 900 123456",
        "fee = '500 dollars'",
        'fee = "$49.99"',
        "Our lifetime warranty covers every lamp. It never ends.",
    ],
)
async def test_a_block_of_code_promises_nothing_that_no_source_holds(block: str) -> None:
    gate, _ = await _through(f"It costs 9 [2].\n\n```\n{block}\n```\n\nDone.")
    assert block not in gate.text
    assert "It costs 9 [1]." in gate.text


@pytest.mark.parametrize(
    "block", ["pip install tidepool", 'echo "$1" > out.txt', "timeout: 30", "for i in range(10): print(i)"]
)
async def test_code_is_the_models_own(block: str) -> None:
    gate, _ = await _through(f"It costs 9 [2].\n\n```\n{block}\n```\n\nDone.")
    assert block in gate.text


async def test_a_table_whose_head_is_left_out_leaves_no_rule() -> None:
    gate, _ = await _through("It costs 9 [2].\n\n| fee | 500 dollars |\n|---|---|\n| phone | 0900 |\n")
    assert gate.text.strip() == "It costs 9 [1]."


async def test_other_ways_to_write_a_marker_are_understood() -> None:
    gate, _ = await _through("A [^2]. B 【1†source】. C [2](http://evil.example/).")
    assert gate.text == "A [1]. B [2]. C [1]."


async def test_an_answer_that_was_cut_loses_its_last_piece() -> None:
    gate, _ = _gate()
    await gate.feed("It costs 9 [2]. The rest of this sen")
    await gate.finish(whole=False)
    assert gate.text == "It costs 9 [1]."


async def test_a_source_that_does_not_fit_the_question_is_no_citation() -> None:
    gate, heard = await _through("The hotline is 0800 123 [3].")
    assert (gate.text, gate.held, gate.citations, heard.shown) == ("", "", (), [])
    gate, _ = await _through("It costs 9 [2][3].")
    assert gate.text == "It costs 9 [1]."


async def test_one_citation_carries_no_claims_behind_it() -> None:
    gate, _ = await _through(
        "Thanks for asking [1]. Refunds are possible for 900 days. The premium plan costs 3 dollars."
    )
    assert gate.text == "Thanks for asking [1]."


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        # A marker in the same paragraph carries what stands before it.
        ("It costs 9 [2]. Refunds take a while. They are free [1].", "It costs 9 [1]. Refunds take a while. They are free [2]."),
        ("It costs 9 [2].\n\nRefunds take 5 days.\n\nReset it [1].", "It costs 9 [1].\n\nReset it [2]."),
        ("Refunds take 5 days.\n\nIt costs 9 [2].", "It costs 9 [1]."),
        ("It costs 9 [2].\n\nRefunds take 5 days. Anything else?", "It costs 9 [1].\n\nAnything else?"),
        # Claims need no figure, and a link is one.
        ("It costs 9 [2]. We also sell bicycles.", "It costs 9 [1]."),
        ("It costs 9 [2]. See https://evil.example/plan.", "It costs 9 [1]."),
        ("It costs 9 [2]. Let me know if you want bicycles for 9 euros and 3 dollars.", "It costs 9 [1]."),
        # What the cited passage says may be said without a marker, too, but not with another figure.
        ("The Team plan costs 9 euros [2]. Annual billing takes 15 percent off.",
         "The Team plan costs 9 euros [1]. Annual billing takes 15 percent off."),
        ("The Team plan costs 9 euros [2]. Annual billing takes 51 percent off.", "The Team plan costs 9 euros [1]."),
        ("Here are the steps [1]:\n\n1. Click “Forgot password?”.\n\n2. Pay 3 dollars.",
         "Here are the steps [1]:\n\n1. Click “Forgot password?”."),
        # Courtesies and questions stay.
        ("It costs 9 [2]. I hope this helps! Anything else?", "It costs 9 [1]. I hope this helps! Anything else?"),
        ("Das kostet 9 [2]. Ich hoffe, das hilft!", "Das kostet 9 [1]. Ich hoffe, das hilft!"),
        ("It costs 9 [2]. You can also talk to a person.", "It costs 9 [1]. You can also talk to a person."),
        ("**Price**\n\nIt costs 9 [2].", "**Price**\n\nIt costs 9 [1]."),
        ("Yes!\n\nIt costs 9 [2].", "Yes!\n\nIt costs 9 [1]."),
    ],
)  # fmt: skip
async def test_what_has_no_marker_must_stand_in_what_is_cited(text: str, shown: str) -> None:
    gate, heard = await _through(text)
    assert gate.text == "".join(heard.shown) == shown
    assert gate.held == ""


async def test_facts_of_a_tool_need_no_marker() -> None:
    gate, _ = _gate()
    gate.trust_result("where", '{"order": 7}', "It is in Lisbon.")
    await gate.feed("It costs 9 [2].\n\nYour order 7 is in Lisbon.")
    await gate.finish()
    assert gate.text == "It costs 9 [1].\n\nYour order 7 is in Lisbon."


async def test_a_source_that_a_second_search_finds_to_fit_may_be_cited() -> None:
    sources = Sources()
    for supported in (False, True, False):
        assert sources.add(from_passage(STRAY, supported=supported)) == 1
    assert sources.may_cite(1)


_PIECE = st.one_of(
    st.sampled_from(
        [
            "[1]",
            "[2]",
            "[3]",
            "[4]",
            "[0]",
            "[99]",
            "[1, 7]",
            "[",
            "]",
            "[[9]1]",
            "【2】",
            "[^1]",
            "`",
            "```",
            "\n",
            "\n\n",
        ]
    ),
    st.sampled_from(
        [". ", "! ", "? ", "word ", "I'm connecting you with a person. ", "e.g. ", "- item\n", "(x)", " ", "1", "…"]
    ),
    st.text(max_size=6),
)


@given(st.lists(_PIECE, max_size=30), st.integers(1, 11))
async def test_never_an_invalid_marker_and_nothing_said_twice(pieces: list[str], size: int) -> None:
    gate, heard = await _through("".join(pieces), size=size)
    await gate.release()
    assert "".join(heard.shown) == gate.text
    assert set(marker_numbers(gate.text)) <= set(range(1, len(gate.citations) + 1))
    assert len({citation.id for citation in gate.citations}) == len(gate.citations)


@given(st.lists(_PIECE, max_size=20))
async def test_cutting_the_stream_elsewhere_changes_nothing(pieces: list[str]) -> None:
    text = "".join(pieces)
    results = set()
    for size in (1, 3, max(1, len(text))):
        gate, _ = await _through(text, size=size)
        await gate.release()
        results.add(gate.text)
    assert len(results) == 1


def test_history_is_shown_without_markers() -> None:
    assert strip_markers("It costs 9 [1]. Use `a[0]` [2].") == "It costs 9 . Use `a[0]` ."


async def test_a_sentence_whose_source_says_something_else_is_left_out() -> None:
    gate, heard = await _through("It costs 12 euros a month [2]. Reset it in the settings [1].")
    assert "12" not in gate.text
    assert [citation.id for citation in heard.cited[-1]] == [PASSWORD.id]


async def test_what_stands_before_a_citation_in_its_paragraph_is_checked_as_well() -> None:
    gate, _ = await _through("There is a discount of 40 %. It costs 9 euros a month [2].")
    assert gate.text == "It costs 9 euros a month [1]."


async def test_figures_of_a_tool_are_not_looked_for_in_sources() -> None:
    gate, _ = _gate()
    gate.trust_result("invoice", "{}", '{"total": "12.00 EUR"}')
    await gate.feed("Your invoice is 12 euros, that is 9 and the tax [2].")
    await gate.finish()
    assert "12 euros" in gate.text


TICKET = (
    '{"number": "TKT-20261121-0001", "status": "open", "opened": "2026-11-21T09:05+00:00", "total": "1,250.00 EUR"}'
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Your ticket is open. It costs 12 euros a month [2].", ""),
        ("Your ticket is open. It costs 9 euros a month [2].", "Your ticket is open. It costs 9 euros a month [1]."),
        ("It costs 9 euros a month [2].\n\nRefunds take 60 days.", "It costs 9 euros a month [1]."),
        ("It costs 9 euros a month [2].\n\nSee https://evil.example/.", "It costs 9 euros a month [1]."),
        ("It costs 9 [2].\n\nEs ist seit dem 21. November um 9:05 Uhr offen.", None),
        ("It costs 9 [2].\n\nTKT-20261121-0001 is about 1.250 €.", None),
        ("It costs 9 [2].\n\nTKT-20261121-0002 is about 1.250 €.", "It costs 9 [1]."),
        ("It costs 9 [2].\n\nTKT-20261121-0001 is about 1.500 €.", "It costs 9 [1]."),
    ],
)
async def test_beside_a_tool_only_its_own_figures_need_no_source(text: str, shown: str | None) -> None:
    gate, _ = _gate()
    gate.trust_result("get_ticket_status", '{"number": "TKT-20261121-0001"}', TICKET)
    await gate.feed(text)
    await gate.finish()
    assert gate.text == (text.replace("[2]", "[1]") if shown is None else shown)


async def test_what_a_tool_was_asked_for_may_be_named() -> None:
    gate, _ = _gate()
    gate.trust_result("refund", '{"order": 4711, "to": "M\\u00fcller"}', "Paid back.")
    await gate.feed("I have paid order 4711 back to Müller. You get 250 euros.")
    await gate.finish()
    assert gate.standing == "I have paid order 4711 back to Müller."
    await gate.release()
    assert gate.text == "I have paid order 4711 back to Müller."


@pytest.mark.parametrize(
    ("result", "text", "stands"),
    [
        ('{"total_cents": 1299}', "That is 12.99 euros.", True),
        ('{"total_cents": 1299}', "Das sind 12,99 €.", True),
        ('{"total_cents": 1299}', "That is 13 euros.", False),
        ('{"discount": 0.15}', "You get 15 % off.", True),
        ('{"discount": 0.15}', "You get 20 % off.", False),
        (json.dumps({"open": ["x"] * 14}), "You have 14 open tickets.", True),
        (json.dumps({"open": ["x"] * 14}), "You have 15 open tickets.", False),
        ('{"eta": "2026-11-24", "order": 4711}', "Order 4711 arrives on Tuesday, 24 November.", True),
        ('{"eta": "2026-11-24", "order": 4711}', "Order 4711 arrives on Wednesday, 25 November.", False),
        ("[" * 5000 + "]" * 5000, "You have 14 open tickets.", False),
        ('{"seen": NaN, "far": 1e999}', "You have 14 open tickets.", False),
    ],
)
async def test_figures_of_a_result_may_be_said_as_customers_read_them(result: str, text: str, stands: bool) -> None:
    gate, _ = _gate()
    gate.trust_result("account", "{}", result)
    await gate.feed(text)
    await gate.finish()
    assert gate.standing == (text if stands else "")
