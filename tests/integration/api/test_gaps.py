"""What is not answered, over HTTP: for operators alone, as it is documented."""

from __future__ import annotations

import pytest

from core.domain.gaps import Nearest, StaffAnswer, Why
from knowledge.gaps.book import StoredGapBook
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.api.rig import serve
from tests.unit.knowledge.test_gap_sorting import MemoryGaps, gap


@pytest.fixture
def memory_gaps() -> MemoryGaps:
    """Two that ask the same, and one more."""
    near = Nearest("Hire", 0.4, "https://example.com/hire")
    made = MemoryGaps(
        gap(0, "Do you rent bicycles?", nearest=(near,)),
        gap(1, "Can I rent a bicycle?", whys=(Why.THUMB_DOWN,), language="de"),
        gap(2, "Is there parking?"),
    )
    made.staff = {"c1": [StaffAnswer("TKT-1", proposed=True)]}
    return made


async def test_it_is_answered_in_the_documented_shape(memory_gaps: MemoryGaps) -> None:
    book = StoredGapBook(memory_gaps, ManualClock())
    async with serve(gaps=book) as rig, rig.http.get(f"{rig.url}/api/gaps") as response:
        assert response.status == 200
        assert response.headers["Cache-Control"] == "no-store"
        found = await response.json()
    assert found["by_words"] == 3
    first, second = found["gaps"]
    assert first == {
        "id": "m0",
        "count": 2,
        "example": "Do you rent bicycles?",
        "first_at": "2026-11-21T09:00:00+00:00",
        "last_at": "2026-11-21T10:00:00+00:00",
        "languages": ["en", "de"],
        "counts": {"not_found": 1, "thumb_down": 1},
        "nearest": {"title": "Hire", "score": 0.4, "url": "https://example.com/hire"},
        "closed_at": None,
        "answer": None,
        "staff": [{"case": "TKT-1", "resolved": False, "proposed": True, "learned": False}],
    }
    assert (second["id"], second["nearest"], second["staff"]) == ("m2", None, [])


async def test_since_and_limit(memory_gaps: MemoryGaps) -> None:
    clock = ManualClock()
    clock.move(2.5 * 3600)
    async with serve(gaps=StoredGapBook(memory_gaps, clock)) as rig:
        for query, ids in (
            ("since=1h", ["m2"]),
            ("since=2026-11-21T09:30Z", ["m2", "m0"]),
            ("limit=1", ["m0"]),
            ("since=", ["m0", "m2"]),
        ):
            async with rig.http.get(f"{rig.url}/api/gaps?{query}") as response:
                found = await response.json()
                assert [one["id"] for one in found["gaps"]] == ids, query
                assert found["more"] == (1 if query == "limit=1" else 0)
        for query in ("since=soon", "limit=0", "limit=x", "limit=-1", "limit=99999999999999999999", "limit=%D9%A3"):
            async with rig.http.get(f"{rig.url}/api/gaps?{query}") as response:
                assert response.status == 400, query
                assert (await response.json(content_type=None))["code"] == "invalid_input"


async def test_what_is_answered_is_closed_and_shown_only_when_asked_for(memory_gaps: MemoryGaps) -> None:
    async with serve(gaps=StoredGapBook(memory_gaps, ManualClock())) as rig:
        close = f"{rig.url}/api/gaps/m0/close"
        for url, body, status in (
            (f"{rig.url}/api/gaps/nothing/close", {}, 404),
            (close, {"answer": "x" * 1001}, 400),
            (close, {"more": 1}, 400),
            (close, {"answer": " See the page "}, 204),
        ):
            async with rig.http.post(url, json=body) as response:
                assert response.status == status, await response.text()
        async with rig.http.get(f"{rig.url}/api/gaps") as response:
            assert [one["id"] for one in (await response.json())["gaps"]] == ["m2"]
        async with rig.http.get(f"{rig.url}/api/gaps?closed=1") as response:
            (first, _) = (await response.json())["gaps"]
        assert first["answer"] == "See the page"
        assert first["closed_at"]


async def test_nobody_else_may(memory_gaps: MemoryGaps) -> None:
    async with serve(gaps=StoredGapBook(memory_gaps, ManualClock())) as rig:
        away = {"X-Forwarded-For": "203.0.113.9"}
        async with rig.http.get(f"{rig.url}/api/gaps", headers=away) as response:
            assert response.status == 403
        async with rig.http.post(f"{rig.url}/api/gaps/m0/close", json={}, headers=away) as response:
            assert response.status == 403
    assert not memory_gaps.leaders
