"""A conversation by e-mail: what the budgets refuse is refused before anything is read for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from aiohttp import web
from aiohttp.test_utils import TestServer

from api.problems import problems
from channels.web.adapter import WebChannel
from core.attachments.file_store import FileStore
from core.budgets import BudgetLedger
from core.clock import SystemClock
from core.domain.keys import ConversationKey
from core.ports.event_log import EventLog, LoggedFrame
from core.storage.wake_local import LocalWake
from tests.integration.web.rig import ROOMY, Rig, with_limits


class CountedLog:
    """The hub's own log, and how often a history was read."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self.reads = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def history(self, conversation_id: str, *, after: int, limit: int) -> Sequence[LoggedFrame]:
        self.reads += 1
        return await self._log.history(conversation_id, after=after, limit=limit)


async def test_a_refused_mail_reads_nothing(rig: Rig, tmp_path: Path) -> None:
    session, log, sent, clock = await rig.session(), CountedLog(rig.store), list[str](), SystemClock()
    await rig.say(session, "Hi", "c1")

    async def send(
        address: str, home: ConversationKey, subject: str, text: str, locale: str | None, idempotency_key: str
    ) -> None:
        sent.append(address)

    channel = WebChannel(
        with_limits(ROOMY, transcripts_per_session=1),
        log=cast(EventLog, log),
        records=rig.store,
        files=FileStore(tmp_path),
        wake=LocalWake(),
        clock=clock,
        budgets=BudgetLedger(clock),
        send_mail=send,
    )
    app = web.Application(middlewares=[problems])
    app.add_routes(channel.routes())
    async with TestServer(app) as server:

        async def ask() -> int:
            url = server.make_url(f"/api/sessions/{session['session_id']}/transcript")
            headers = {"Authorization": f"Bearer {session['token']}"}
            async with rig.http.post(url, json={"email": "ann@customer.example"}, headers=headers) as answer:
                return answer.status

        assert await ask() == 204
        read = log.reads
        assert read > 0
        assert [await ask() for _ in range(3)] == [429] * 3
        assert log.reads == read
    assert sent == ["ann@customer.example"]
