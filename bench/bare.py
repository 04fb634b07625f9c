"""The floor: an aiohttp server that reads a JSON body and answers, and echoes on a WebSocket, and does nothing else."""

from __future__ import annotations

import asyncio
import sys

from aiohttp import web

from config.commands.event_loop import run_async


async def _serve(port: int) -> None:
    async def handle(request: web.Request) -> web.Response:
        body = await request.json()
        return web.json_response({"id": body["client_id"], "status": "bot"}, status=202)

    async def echo(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data)
        return socket

    app = web.Application()
    app.router.add_get("/ws", echo)
    app.router.add_post("/{rest:.*}", handle)
    app.router.add_get("/health/live", lambda _request: _ok())
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


async def _ok() -> web.Response:
    return web.Response()


if __name__ == "__main__":
    run_async(_serve(int(sys.argv[1])))
