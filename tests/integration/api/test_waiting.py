"""Who waits for a person, over HTTP: for operators alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from core.ports.cases import WaitingCustomer
from tests.integration.api.rig import serve

_ADA = WaitingCustomer(
    "c1", datetime(2026, 11, 21, tzinfo=UTC), "web", "Ada", "ada@example.com", None, None, "Asked.", "A person please"
)


class Line:
    """Ada waits until somebody says that it is done."""

    def __init__(self) -> None:
        self.open = [_ADA]

    async def waiting(self, limit: int) -> Sequence[WaitingCustomer]:
        """The first ones."""
        return self.open[:limit]

    async def mark_done(self, request_id: str) -> bool:
        """Once."""
        before, self.open = self.open, [one for one in self.open if one.id != request_id]
        return len(before) > len(self.open)


async def test_it_is_listed_and_marked_done() -> None:
    async with serve(requests=Line()) as rig:
        async with rig.http.get(f"{rig.url}/api/waiting") as response:
            assert (response.status, response.headers["Cache-Control"]) == (200, "no-store")
            assert (await response.json())["waiting"] == [
                {
                    "id": "c1",
                    "since": "2026-11-21T00:00:00+00:00",
                    "channel": "web",
                    "name": "Ada",
                    "email": "ada@example.com",
                    "phone": None,
                    "address": None,
                    "reason": "Asked.",
                    "last_words": "A person please",
                }
            ]
        for status in (204, 404):
            async with rig.http.post(f"{rig.url}/api/waiting/c1/done") as response:
                assert response.status == status
        async with rig.http.get(f"{rig.url}/api/waiting?limit=x") as response:
            assert response.status == 400


async def test_others_are_refused() -> None:
    async with serve(requests=Line()) as rig:
        for call in (
            rig.http.get(f"{rig.url}/api/waiting", headers={"Authorization": ""}),
            rig.http.post(f"{rig.url}/api/waiting/c1/done", headers={"Authorization": "Bearer wrong"}),
        ):
            async with call as response:
                assert response.status in (401, 403)
