"""``switchboard chat`` in a real terminal: no line is lost, and the terminal is afterwards as it was before."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import sqlite3
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.commands.standard_streams import LONGEST_TYPED_LINE
from tests.e2e.knowledge_copy import LOADED_SECONDS, command_environment
from tests.fixtures.hub import MakeHub
from tests.servers.hub import Hub
from tests.servers.pty_terminal import is_readable, take_terminal

_END_OF_INPUT, _INTERRUPT = b"\x04", b"\x03"
_WELCOME, _ANSWER = "Write a question", "Agent: "


class Terminal:
    """A terminal with the command as its foreground process, as a shell starts one."""

    def __init__(self, data_dir: Path, *arguments: str, **environment: str) -> None:
        self._ours, self._theirs = pty.openpty()
        self.shown = ""
        self._left = b""
        self.before = self.state()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "config.cli", *arguments],
            cwd=data_dir.parent,
            env={**command_environment(data_dir), "TERM": "xterm", **environment},
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=self._theirs,
            start_new_session=True,
            preexec_fn=take_terminal,
        )

    def state(self) -> tuple[object, int]:
        """The terminal's modes, and the flags that everybody shares who has it open."""
        return termios.tcgetattr(self._theirs), fcntl.fcntl(self._theirs, fcntl.F_GETFL)

    def type(self, keys: bytes) -> None:
        """Presses keys, or pastes."""
        while keys:
            keys = keys[os.write(self._ours, keys) :]
            self._read(0)

    def until(self, text: str, times: int = 1) -> None:
        """Waits until ``text`` was shown so many times."""
        deadline = time.monotonic() + LOADED_SECONDS
        while self.shown.count(text) < times:
            assert time.monotonic() < deadline, self.shown
            assert self.process.poll() is None, self.shown
            self._read(0.1)

    def ended(self) -> int:
        """Its exit code, once it has ended."""
        deadline = time.monotonic() + LOADED_SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.shown
            self._read(0.1)
        self._read(0)
        return self.process.returncode

    def close(self) -> None:
        """Ends what still runs."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self._ours)
        os.close(self._theirs)

    def _read(self, seconds: float) -> None:
        while is_readable(self._ours, seconds):
            self._left += os.read(self._ours, 65536)
            seconds = 0
        self.shown = self._left.decode(errors="replace")


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "var"


@pytest.fixture
def terminal(data_dir: Path) -> Iterator[Terminal]:
    terminal = Terminal(data_dir, "chat", KNOWLEDGE_SOURCES="none")
    yield terminal
    terminal.close()


def _stored(data_dir: Path) -> list[str]:
    """What the customer said, as the hub has it."""
    database = sqlite3.connect(data_dir / "switchboard.db")
    rows = database.execute("SELECT text FROM message WHERE author = 'customer' ORDER BY seq").fetchall()
    database.close()
    return [text for (text,) in rows]


def test_each_line_is_answered(terminal: Terminal, data_dir: Path) -> None:
    terminal.until(_WELCOME)
    lines = [f"What is question {number}?" for number in range(8)]
    for number, line in enumerate(lines, 1):
        terminal.type(f"{line}\n".encode())
        terminal.until(_ANSWER, number)
    terminal.type(b"/quit\n")
    assert terminal.ended() == 0, terminal.shown
    assert _stored(data_dir) == lines
    assert terminal.state() == terminal.before


_PASTED = [f"{number}: Wie lange dauert’s? 何日かかりますか。 🙂 {'é' * 40}" for number in range(20)]


def test_a_paste_arrives_whole_and_in_order(terminal: Terminal, data_dir: Path) -> None:
    terminal.until(_WELCOME)
    terminal.type("".join(f"{line}\n" for line in _PASTED).encode())
    terminal.until(_ANSWER)
    terminal.type(_END_OF_INPUT)
    assert terminal.ended() == 0, terminal.shown
    assert _stored(data_dir) == _PASTED
    assert terminal.state() == terminal.before


def test_what_is_typed_before_it_listens_is_not_lost(terminal: Terminal, data_dir: Path) -> None:
    terminal.type(b"Is somebody there?\n" + _END_OF_INPUT)
    assert terminal.ended() == 0, terminal.shown
    assert _stored(data_dir) == ["Is somebody there?"]
    assert _ANSWER in terminal.shown


def test_through_a_server_it_is_the_same(make_hub: MakeHub, tmp_path: Path) -> None:
    hub: Hub = make_hub()
    terminal = Terminal(hub.data_dir, "chat")
    try:
        terminal.until(_WELCOME)
        terminal.type("".join(f"{line}\n" for line in _PASTED).encode())
        terminal.until(_ANSWER)
        terminal.type(_END_OF_INPUT)
        assert terminal.ended() == 0, terminal.shown
        assert _stored(hub.data_dir) == _PASTED
        assert terminal.state() == terminal.before
    finally:
        terminal.close()


def test_a_line_that_the_terminal_cut_off_is_not_sent(terminal: Terminal, data_dir: Path) -> None:
    """The system keeps the start of it and drops the rest; whoever pasted it would not notice."""
    terminal.until(_WELCOME)
    terminal.type(b"x" * (LONGEST_TYPED_LINE + 905) + b"\n")
    terminal.until("too long for a terminal")
    terminal.type(b"And a short one?\n")
    terminal.until(_ANSWER)
    terminal.type(_END_OF_INPUT)
    assert terminal.ended() == 0, terminal.shown
    assert _stored(data_dir) == ["And a short one?"]


def test_the_longest_line_is_sent(terminal: Terminal, data_dir: Path) -> None:
    terminal.until(_WELCOME)
    line = "y" * (LONGEST_TYPED_LINE - 1)
    terminal.type(line.encode() + b"\n")
    terminal.until(_ANSWER)
    terminal.type(_END_OF_INPUT)
    assert terminal.ended() == 0, terminal.shown
    assert _stored(data_dir) == [line]


def test_an_interrupt_ends_it_and_leaves_the_terminal_as_it_was(terminal: Terminal) -> None:
    terminal.until(_WELCOME)
    terminal.type(b"half a li" + _INTERRUPT)
    assert terminal.ended() == 1, terminal.shown
    assert "Traceback" not in terminal.shown
    assert terminal.state() == terminal.before


def test_so_does_an_error(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file")
    terminal = Terminal(tmp_path / "var", "chat", KNOWLEDGE_SOURCES="none")
    try:
        assert terminal.ended() == 2, terminal.shown
        assert "Traceback" not in terminal.shown
        assert terminal.state() == terminal.before
    finally:
        terminal.close()
