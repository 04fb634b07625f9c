"""The floor of a message on Slack: verify its signature, commit it, acknowledge, post an answer, and nothing else."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import sqlite3
import sys
from collections.abc import Awaitable, Callable

import aiohttp
import asyncpg
from aiohttp import web

from config.commands.event_loop import run_async

_TABLE = "CREATE TABLE IF NOT EXISTS bare_event (id TEXT PRIMARY KEY, body TEXT NOT NULL)"
Commit = Callable[[str, str], Awaitable[None]]


async def _committing(url: str) -> Commit:
    """Each event in a transaction of its own, durable as the hub's are."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(_TABLE)

        async def to_file(key: str, body: str) -> None:
            connection.execute("INSERT OR IGNORE INTO bare_event VALUES (?, ?)", (key, body))

        return to_file
    pool = await asyncpg.create_pool(url.replace("postgresql+asyncpg", "postgresql"), max_size=10)
    await pool.execute(_TABLE)

    async def to_server(key: str, body: str) -> None:
        await pool.execute("INSERT INTO bare_event VALUES ($1, $2) ON CONFLICT DO NOTHING", key, body)

    return to_server


async def _serve(port: int) -> None:
    secret, token = os.environ["SLACK_SIGNING_SECRET"].encode(), os.environ["SLACK_BOT_TOKEN"]
    post_to = f"{os.environ['SLACK_API_BASE_URL'].rstrip('/')}/chat.postMessage"
    commit = await _committing(os.environ["DATABASE_URL"])
    session = aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"})
    posting: set[asyncio.Task[None]] = set()

    async def answer(channel: str) -> None:
        async with session.post(post_to, json={"channel": channel, "text": "Noted."}) as response:
            assert (await response.json())["ok"]

    async def handle(request: web.Request) -> web.Response:
        body, stamp = await request.read(), request.headers["X-Slack-Request-Timestamp"]
        mac = hmac.new(secret, f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(f"v0={mac}", request.headers["X-Slack-Signature"]):
            return web.Response(status=401)
        event = json.loads(body)
        await commit(event["event_id"], body.decode())
        posting.add(task := asyncio.create_task(answer(event["event"]["channel"])))
        task.add_done_callback(posting.discard)
        return web.Response()

    async def live(_request: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.router.add_get("/health/live", live)
    app.router.add_post("/webhooks/slack", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    run_async(_serve(int(sys.argv[1])))
