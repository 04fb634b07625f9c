"""``python -m tests.servers.fork_server FD FD``: imports the product once, and forks a process for each order that it reads.

What begins here is a process of its own: killed, frozen and waited for as any other, with an environment, a directory and files
of its own, and the product's command runs in it from the first line to the last. Only the libraries are not read once more, the
words by which it understands languages not compiled, and installed packages not looked through.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib
import json
import os
import runpy
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO

from tests.servers.process import PR_SET_PDEATHSIG

_PREPARED = (
    *(f"config.commands.{name}" for name in ("case", "chat", "dead_letters", "doctor", "gaps", "index", "learned")),
    *(f"config.commands.{name}" for name in ("migrate", "serve")),
    "config.desk.rules",
    *(f"channels.web.{name}" for name in ("adapter", "messages", "connection", "users", "pages", "sessions", "socket")),
    *(f"channels.{name}.adapter" for name in ("email", "slack", "sms", "telegram")),
    "alembic.command",
    "core.llm.extractive",
    "core.llm.openai_chat",
    "core.storage.store",
    "fasttext",
    "uvloop",
)


def main() -> None:
    """Ends when nobody can order any more. Goes on below only in a process that was forked."""
    for name in _PREPARED:
        importlib.import_module(name)
    sys.modules["config.desk.rules"].compile_language()  # most of what a hub does until it listens
    sys.modules["channels.registry"].names()
    assert len(list(Path("/proc/self/task").iterdir())) == 1, "a thread would be missing in what is forked"
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # what ends the tests from the keyboard
    orders, answers = (os.fdopen(int(sys.argv[1]), "rb"), os.fdopen(int(sys.argv[2]), "wb"))
    order = _serve(orders, answers)
    if order is not None:
        orders.close()
        answers.close()
        _become(order)
        _run(order["module"], order["arguments"])


def _serve(orders: BinaryIO, answers: BinaryIO) -> dict[str, Any] | None:
    """The order, in a process that was forked for it; None when there are no more."""
    for line in orders:
        order = json.loads(line)
        if "wait" in order:
            answer = os.waitstatus_to_exitcode(os.waitpid(order["wait"], 0)[1])
        else:
            answer = os.fork()
            if answer == 0:
                return dict(order)
        answers.write(b"%d\n" % answer)
        answers.flush()
    return None


def _become(order: dict[str, Any]) -> None:
    """The process that was ordered, as ``exec`` would have made it."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, order["death_signal"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, (path, flags) in enumerate(order["files"]):
        opened = os.open(path, flags, 0o644)
        os.dup2(opened, number)
        os.close(opened)
    os.environ.clear()
    os.environ.update(order["environment"])
    time.tzset()
    os.chdir(order["cwd"])


def _run(module: str, arguments: list[str]) -> None:
    """As ``python -m`` does: what lies in the working directory is found first.

    A program that ends by itself leaves its memory as it is: to free what was imported copies it all from the process that was
    forked, which takes longer than most commands.
    """
    sys.argv = [module, *arguments]
    sys.path.insert(0, str(Path.cwd()))
    sys.modules.pop(module, None)  # imported by others here, and now the program itself
    code: object = 0
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        code = ended.code or 0
    if not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads, as the interpreter does
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
