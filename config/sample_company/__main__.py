"""``python -m config.sample_company``: MCP on the standard input and output; with ``--port``, HTTP and MCP on loopback."""

from __future__ import annotations

import argparse
import os
import socket
import sys
import threading
from pathlib import Path

import uvicorn

from config.sample_company.books import Books
from config.sample_company.server import make_server


def main() -> None:
    """Serve until it is stopped."""
    parser = argparse.ArgumentParser(prog="python -m config.sample_company", description=__doc__)
    parser.add_argument("--port", type=int, help="Listen on this port of this machine instead; 0: a free one.")
    parser.add_argument("--data", type=Path, help="A SQLite file that keeps the refunds; else they are forgotten.")
    parser.add_argument("--end-with-input", action="store_true", help="End when the standard input ends.")
    given = parser.parse_args()
    server = make_server(Books(given.data))
    if given.port is None:
        server.run("stdio")
        return
    if given.end_with_input:
        threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        listening = socket.create_server(("127.0.0.1", given.port))
    except (OSError, OverflowError) as error:
        parser.error(f"cannot listen on 127.0.0.1:{given.port}: {error}")
    with listening:
        print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
        uvicorn.Server(uvicorn.Config(server.streamable_http_app(), log_level="error")).run(sockets=[listening])


def _end_with_input() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
