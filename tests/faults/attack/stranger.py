"""The client that attacks: one address, many sessions, and no manners."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.patience import PATIENCE
from tests.servers.hub import Hub

ADDRESS = "127.0.0.2"
_GONE = (aiohttp.ClientError, OSError, asyncio.TimeoutError)
Session = dict[str, Any]


class Stranger:
    """``answers``: by status, and "closed" where the hub hung up."""

    def __init__(self, hub: Hub, http: aiohttp.ClientSession, *, patient: bool) -> None:
        self.answers: Counter[str] = Counter()
        self._hub = hub
        self._http = http
        self._patient = patient

    async def session(self) -> Session | None:
        """A new one, or None where it gets none."""
        status, body = await self._post("/api/sessions", None, json={})
        return dict(body) if status == 200 else None

    async def sessions(self, count: int) -> list[Session]:
        """As many of them as it is given."""
        found = [await self.session() for _ in range(count)]
        return [one for one in found if one is not None]

    async def write(self, session: Session, text: str, client_id: str) -> int:
        """Post a message; the status of the answer, 0 for none."""
        path = f"/api/chat/sessions/{session['session_id']}/messages?wait=0"
        data = json.dumps({"message": text, "client_id": client_id}, ensure_ascii=False).encode()
        status, _ = await self._post(path, session, data=data, headers={"Content-Type": "application/json"})
        return status

    async def upload(self, session: Session, name: str, content: bytes | AsyncIterator[bytes]) -> tuple[int, Any]:
        """Send one file; the status of the answer and its body."""
        form = aiohttp.FormData()
        body = io.BytesIO(content) if isinstance(content, bytes) else content
        form.add_field("file", body, filename=name, content_type="application/octet-stream")
        return await self._post(f"/api/sessions/{session['session_id']}/attachments", session, data=form)

    async def send_file(self, session: Session, file_id: str, text: str) -> int:
        """Post a message with an uploaded file."""
        path = f"/api/chat/sessions/{session['session_id']}/messages?wait=0"
        status, _ = await self._post(path, session, json={"message": text, "attachments": [file_id]})
        return status

    async def is_answered(self, session: Session) -> bool:
        """Whether the newest message of the conversation is not its own."""
        found = await self.history(session)
        return bool(found) and found[-1]["author"] != "customer"

    async def history(self, session: Session) -> list[dict[str, Any]]:
        """All messages of a session, oldest first."""
        messages: list[dict[str, Any]] = []
        after, more = 0, True
        while more:
            url = f"{self._hub.url}/api/sessions/{session['session_id']}/history?after={after}"
            async with self._http.get(url, headers=_bearer(session)) as answer:
                assert answer.status == 200, answer.status
                page = await answer.json()
            messages += page["messages"]
            after, more = page["cursor"], page["has_more"]
        return messages

    def judge(self) -> None:
        """Whatever it does, it is answered or refused; nothing breaks."""
        broken = {status: count for status, count in self.answers.items() if status.startswith("5")}
        assert not broken, f"answers to the attacker: {dict(self.answers)}"

    async def _post(self, path: str, session: Session | None, **options: Any) -> tuple[int, Any]:
        """Once more after a 429 where it is patient, as often as it takes."""
        headers = {**(_bearer(session) if session else {}), **options.pop("headers", {})}
        while True:
            try:
                async with self._http.post(self._hub.url + path, headers=headers, **options) as answer:
                    self.answers[str(answer.status)] += 1
                    body = await answer.json(content_type=None)
                    if answer.status != 429 or not self._patient:
                        return answer.status, body
                    wait = float(answer.headers.get("Retry-After", "1"))
            except (*_GONE, ValueError):
                self.answers["closed"] += 1
                return 0, None
            await asyncio.sleep(wait)


def _bearer(session: Session) -> dict[str, str]:
    return {"Authorization": f"Bearer {session['token']}"}


@asynccontextmanager
async def stranger(hub: Hub, *, patient: bool = False, address: str = ADDRESS) -> AsyncIterator[Stranger]:
    """``patient``: waits as long as it is told to and goes on, so that all of its attack arrives."""
    connector = aiohttp.TCPConnector(local_addr=(address, 0), limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=120)) as http:
        yield Stranger(hub, http, patient=patient)


class Lines:
    """Connections of the attacker's that were opened and on which nothing sensible is said."""

    def __init__(self) -> None:
        self.refused = 0
        self._open: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def open(self, hub: Hub, count: int, address: str = ADDRESS) -> None:
        """So many more; those that are not taken are counted."""
        for start in range(0, count, 50):
            some = [_dial(hub.port, address) for _ in range(min(50, count - start))]
            for one in await asyncio.gather(*some, return_exceptions=True):
                if isinstance(one, BaseException):
                    self.refused += 1
                else:
                    self._open.append(one)

    @property
    def held(self) -> int:
        """How many the hub has not closed."""
        return sum(not reader.at_eof() and not writer.is_closing() for reader, writer in self._open)

    async def say(self, text: bytes) -> None:
        """The same on each line that is still there."""
        for reader, writer in self._open:
            if not reader.at_eof() and not writer.is_closing():
                with contextlib.suppress(OSError):
                    writer.write(text)
                    await writer.drain()

    async def close(self) -> None:
        """Hang up."""
        for _, writer in self._open:
            writer.transport.abort()
        self._open.clear()


async def _dial(port: int, address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(PATIENCE):
        return await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))


@asynccontextmanager
async def lines() -> AsyncIterator[Lines]:
    """Closed at the end, whatever happens."""
    found = Lines()
    try:
        yield found
    finally:
        await found.close()
