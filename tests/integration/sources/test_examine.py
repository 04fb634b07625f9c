"""The doctor says of each source whether it is there and may be read, and what to change where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.sources import Catalog, SourceOptions
from knowledge.sources.examine import Examined, examine
from tests.integration.sources.site import Site, page


async def _look(options: SourceOptions) -> Examined:
    return await examine(options, Catalog())


async def test_a_site_that_can_be_read(site: Site) -> None:
    site.pages = {"/": "-> /en/", "/en/": page("Help", "/en/more")}

    found = await _look(SourceOptions(f"{site.address}/"))

    assert found == Examined(True, "answers, and its robots.txt allows us to read it")
    assert site.asked == ["/", "/en/"], "it is looked at, and not read"


@pytest.mark.parametrize(
    ("start", "robots", "detail"),
    [
        (500, "", "answers 500"),
        (404, "", "answers 404"),
        ("-> https://elsewhere.example/", "", "leads to https://elsewhere.example/"),
        ("fine", "User-agent: *\nDisallow: /", "does not allow us"),
        ("fine", 500, "robots.txt answers 500"),
    ],
)
async def test_a_site_that_cannot_be_read(site: Site, start: str | int, robots: str | int, detail: str) -> None:
    site.pages, site.robots = {"/": start}, robots

    found = await _look(SourceOptions(f"{site.address}/"))

    assert not found.ok
    assert detail in found.detail
    assert found.fix


async def test_other_kinds(tmp_path: Path) -> None:
    (tmp_path / "guide.md").write_text("# Guide")

    assert (await _look(SourceOptions(str(tmp_path)))).detail == "holds 1 document"
    tickets = await _look(SourceOptions("tickets://closed"))
    assert (tickets.ok, tickets.detail) == (True, "is read from the hub's own database, for staff alone")
    for address, detail in (
        (str(tmp_path / "nowhere"), "no such file or folder"),
        ((tmp_path / "nowhere.git").as_uri(), "fatal:"),
        ("unheard://of", "no source of the kind unheard"),
        ("http://127.0.0.1:1/", "cannot be fetched"),
    ):
        found = await _look(SourceOptions(address))
        assert not found.ok
        assert detail in found.detail
        assert found.fix
