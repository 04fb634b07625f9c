"""What is shown without a model answers the question, or says that it does not know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest

from knowledge.open import Knowledge
from tests.integration.knowledge.keyless_judging import PAGE, Judged, Verdict, judged, read, wait_for_talk

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]


def _with_verdict(found: Sequence[Judged], verdict: Verdict) -> str:
    return "\n".join(f"{one.row['text']}: {one.reply.text[:120]}" for one in found if one.verdict is verdict)


@pytest.mark.parametrize(("name", "right", "wrong"), [("questions", 90, 3), ("held_out", 37, 3)])
async def test_few_answers_are_wrong_and_most_are_right(sample: Knowledge, name: str, right: int, wrong: int) -> None:
    await wait_for_talk(sample)
    found = await judged(sample, read(name))
    counts = Counter(one.verdict for one in found)
    assert counts[Verdict.WRONG] <= wrong, _with_verdict(found, Verdict.WRONG)
    assert counts[Verdict.RIGHT] >= right, _with_verdict(found, Verdict.HONEST)


async def test_the_page_shows_every_question() -> None:
    page = PAGE.read_text("utf-8")
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| ")]
    asked = [cells[1] for cells in rows if cells[1] != "asked"]
    expected = [
        " → ".join([*row.get("before", ()), row["text"]]) for name in ("questions", "held_out") for row in read(name)
    ]
    assert asked == expected


async def test_no_answer_begins_with_where_it_is_from(sample: Knowledge) -> None:
    found = await judged(sample, read("questions")[:8])
    assert not [one.reply.text for one in found if one.reply.text.startswith(("From ", "Source"))]
