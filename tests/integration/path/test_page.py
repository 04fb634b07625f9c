"""The page about the path says what the tests hold the path to."""

from __future__ import annotations

from tests.integration.path.limits import LONE, STREAMED
from tests.servers.programs import ROOT


def test_the_page_states_the_limits() -> None:
    page = (ROOT / "docs" / "reference" / "message-path.md").read_text(encoding="utf-8")
    stated = [line for line in page.splitlines() if line.startswith("| ") and line.count("|") == 5]
    limits = [*LONE.items(), *STREAMED.items()]
    wanted = [f"| {name} | {one.transactions} | {one.statements} | {one.calls} |" for name, one in limits]
    assert [line for line in stated if line[2:].split(" ")[0] in LONE] == wanted
