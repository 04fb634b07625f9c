"""A program at a real terminal: what it shows, what is typed, and Ctrl-C."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_CHUNK = 65_536
CTRL_C, CTRL_D = "\x03", "\x04"


class Terminal:
    """``screen`` is all that was shown so far."""

    def __init__(self, command: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> None:
        self._master, slave = pty.openpty()
        self._process = subprocess.Popen(
            command,
            cwd=cwd,
            env={**env, "TERM": "xterm"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=take_terminal,
        )
        os.close(slave)
        self.screen = ""
        self._waited = 0

    def type(self, text: str) -> None:
        """As keys are pressed."""
        os.write(self._master, text.encode())

    def wait_for(self, text: str, seconds: float = 60.0) -> None:
        """Until it is shown behind what was waited for before. Raises AssertionError with the screen."""
        ends = time.monotonic() + seconds
        while (place := self.screen.find(text, self._waited)) < 0:
            assert self._read(ends - time.monotonic()), f"{text!r} was not shown:\n{self.screen}"
        self._waited = place + len(text)

    def end(self, seconds: float = 60.0) -> int:
        """Everything that is still shown, and the exit code."""
        ends = time.monotonic() + seconds
        while self._read(ends - time.monotonic()):
            pass
        return self._process.wait(max(0.1, ends - time.monotonic()))

    def press(self, key: str, until: str, seconds: float = 60.0) -> int:
        """Again each second until the program shows the text: Python loses a Ctrl-C that comes as it begins to read, and one
        that comes while the interpreter ends kills it. The exit code."""
        ends = time.monotonic() + seconds
        while until not in self.screen and self._process.poll() is None and time.monotonic() < ends:
            self.type(key)
            pressed = time.monotonic()
            while until not in self.screen and self._read(pressed + 1.0 - time.monotonic()):
                pass
        return self.end()

    def close(self) -> None:
        """Ends the program where it is still there."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
        os.close(self._master)

    def _read(self, seconds: float) -> bool:
        if not is_readable(self._master, max(0.0, seconds)):
            return False
        try:
            chunk = os.read(self._master, _CHUNK)
        except OSError:  # Linux: nobody has the other end open any more
            return False
        self.screen += chunk.decode(errors="replace")
        return bool(chunk)


def is_readable(descriptor: int, seconds: float) -> bool:
    """Whether there is something to read within so many seconds. Unlike ``select``, it takes descriptors above 1,023."""
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(seconds * 1_000))


def take_terminal() -> None:
    """In the child, before it runs: its terminal is in charge of it, and ^C reaches it also where a script ignores that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@contextmanager
def terminal(command: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> Iterator[Terminal]:
    """Ended with the block."""
    opened = Terminal(command, cwd=cwd, env=env)
    try:
        yield opened
    finally:
        opened.close()
