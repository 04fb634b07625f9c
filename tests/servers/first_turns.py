"""``python -m tests.servers.first_turns DATA_DIR``: a hub's first turns; prints which expressions they compile, as JSON."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import sys
import traceback
from pathlib import Path
from typing import Any

from config.hub import Hub
from config.settings import Settings
from tests.architecture.sources import PACKAGES

_MESSAGES = (
    "hello, my name is Ada",
    "How do I cancel, and what does it cost in 2 months, 5 EUR or 10%?",
    "and in Germany?",
    "This is USELESS, it doesn't work :-(",
    "What are my tickets?",
    "Was steht in dem Dokument? Ich brauche das nicht mehr.",
    "Please call me back: +49 170 1234567",
    "thanks, that solved it",
    "I want to talk to a human",
)


def _note_expressions(found: list[str]) -> None:
    """From now on note what the hub's own modules have ``re`` compile; libraries are left out."""
    compiler: Any = vars(re)["_compiler"]
    compile_anew = compiler.compile

    def noted(pattern: str, flags: int = 0) -> object:
        if _caller().partition(".")[0] in PACKAGES:
            found.append(str(pattern))
        return compile_anew(pattern, flags)

    compiler.compile = noted


def _caller() -> str:
    """The module that called a function of ``re``."""
    names = (frame.f_globals["__name__"] for frame, _ in traceback.walk_stack(None))
    return next(name for name in names if name not in (__name__, re.__name__))


async def _first_turns(data_dir: Path) -> list[str]:
    hub = Hub(Settings(_env_file=None, data_dir=data_dir, knowledge_sources=()))
    await hub.start(listen=False)
    compiled: list[str] = []
    _note_expressions(compiled)
    for message in _MESSAGES:
        await _ask(hub, message)
    await hub.stop()
    return compiled


async def _ask(hub: Hub, message: str) -> None:
    """The console leaves when the answer has come."""
    customer, terminal = socket.socketpair()
    with customer:
        customer.sendall(f"{message}\n/quit\n".encode())
        customer.shutdown(socket.SHUT_WR)
        await hub.console.serve(*await asyncio.open_connection(sock=terminal))
        assert b": " in customer.recv(1 << 16)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_first_turns(Path(sys.argv[1])))))
