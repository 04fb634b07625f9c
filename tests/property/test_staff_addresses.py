"""A page of a source for staff is held by whatever address a crawl comes to it, rewritten in ways that servers understand."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.knowledge import KnowledgeAudience
from knowledge.sources.address import normal
from knowledge.sources.options import SourceOptions
from knowledge.sources.staff import StaffPlaces

STAFF = KnowledgeAudience.STAFF
_PARTS = st.lists(st.sampled_from(["handbook", "Prices", "a b", "größe", "v1.2", "日本"]), min_size=1, max_size=3)


_SPELLINGS: list[Callable[[str], str]] = [
    str.upper,
    lambda path: path.replace("/", "//"),
    lambda path: path.replace("/", "/./"),
    lambda path: path.replace("/", "%2Faway%2F..%2F"),
    lambda path: path.replace("/", "%2F"),
    lambda path: path.replace("/", "%5c"),
    lambda path: path.replace("/", ";v=1/"),
    lambda path: path.replace("a", "%61"),
    lambda path: path.replace("a", "\uff41"),
    lambda path: re.sub(r"(?<=\w)/", "./", path),
    lambda path: quote(path),
    lambda path: f"{path}/",
]


@settings(max_examples=100)
@given(
    parts=_PARTS,
    spellings=st.lists(st.sampled_from(_SPELLINGS), max_size=4),
    host=st.sampled_from(["", "www."]),
    away=st.sampled_from(["/", "/away/../", "/./"]),
    query=st.sampled_from(["", "?print=1", "?utm_source=mail"]),
)
def test_no_spelling_of_a_page_for_staff_is_another_page(
    parts: list[str], spellings: list[Callable[[str], str]], host: str, away: str, query: str
) -> None:
    page = "/internal/" + "/".join(parts)
    path = page
    for spelled in spellings:
        path = spelled(path)
    path = path.replace("/", away)
    address = f"https://{host}help.example.com/{path.removeprefix('/')}{query}"

    for described in (
        SourceOptions("https://help.example.com/internal/", audience=STAFF),
        SourceOptions(f"https://help.example.com{page}", kind="page", audience=STAFF),
    ):
        assert StaffPlaces([described], None).hold_address(address), normal(address)


@given(parts=_PARTS)
def test_what_lies_beside_is_not_held(parts: list[str]) -> None:
    places = StaffPlaces([SourceOptions("https://help.example.com/internal/", audience=STAFF)], None)

    for path in ("/internals/", "/help/internal/", "/"):
        assert not places.hold_address(f"https://help.example.com{path}{'/'.join(parts)}")
