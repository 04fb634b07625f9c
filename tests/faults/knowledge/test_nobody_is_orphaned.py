"""A program of ours ends with whoever started it, also one that spins and never looks at its pipe again."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from knowledge.process.programs import command
from tests.faults.knowledge.programs import kill
from tests.servers.programs import ROOT

_PARENT = """
import subprocess, sys, time
child = subprocess.Popen(sys.argv[1:], close_fds=False)
print(child.pid, flush=True)
time.sleep(600)
"""
_SPINNING = """
import re
from knowledge.process.programs import confine
confine()
print("spinning", flush=True)
re.match("(a+)+$", "a" * 60 + "b")
"""


class Family:
    """A parent, and the program that it started. Its input and output are held by the test too: no end of a pipe tells it."""

    def __init__(self, program: tuple[str, ...]) -> None:
        self._in, self.write = os.pipe()
        self.read, self._out = os.pipe()
        self.parent = subprocess.Popen(
            [sys.executable, "-c", _PARENT, *program],
            cwd=ROOT,
            stdin=self._in,
            stdout=subprocess.PIPE,
            stderr=self._out,
            preexec_fn=lambda: resource.setrlimit(
                resource.RLIMIT_CORE, (1, resource.getrlimit(resource.RLIMIT_CORE)[1])
            ),
        )
        assert self.parent.stdout is not None
        self.child = psutil.Process(int(self.parent.stdout.readline()))

    def end(self) -> None:
        """Everything of it, whatever the test found."""
        for process in (self.parent, self.child):
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        self.parent.wait()
        for end in (self._in, self.write, self.read, self._out):
            os.close(end)
        assert self.parent.stdout is not None
        self.parent.stdout.close()


@pytest.fixture
def family() -> Iterator[Callable[[tuple[str, ...]], Family]]:
    made: list[Family] = []

    def make(program: tuple[str, ...]) -> Family:
        made.append(Family(program))
        return made[-1]

    yield make
    for one in made:
        one.end()


@pytest.mark.parametrize(
    "module",
    [
        "knowledge.process.worker",
        "knowledge.sources.worker",
        "knowledge.search.build_worker",
        "knowledge.embed.export_worker",
    ],
)
def test_each_ends_with_its_parent(family: Callable[[tuple[str, ...]], Family], module: str) -> None:
    one = family(command(module))
    while one.child.rlimit(psutil.RLIMIT_CORE)[0] != 0:  # it is about to be confined, or has an end of its own
        assert one.child.is_running()
        one.parent.poll()
        os.sched_yield()

    kill(one.parent.pid)

    assert one.child.wait(60) is None, "gone, without a word on its pipe"


def test_one_that_spins_ends_with_its_parent(family: Callable[[tuple[str, ...]], Family]) -> None:
    one = family((sys.executable, "-c", _SPINNING))
    assert one.parent.stdout is not None
    assert one.parent.stdout.readline() == b"spinning\n"

    kill(one.parent.pid)

    assert one.child.wait(60) is None


def test_the_work_of_a_document_is_limited_and_of_many_is_not(tmp_path: Path) -> None:
    """Seconds of the processor, for each by itself: where nothing else ends a reader that spins.

    The system counts them in ticks, and on a busy machine others than a process sees itself: the limit is thrice the work.
    """
    script = (
        "from knowledge.process.programs import work_at_most\n"
        "import time, sys\n"
        "for _ in range(int(sys.argv[1])):\n"
        "    work_at_most(2)\n"
        "    end = time.process_time() + 0.7\n"
        "    while time.process_time() < end: pass\n"
        "if sys.argv[1] == '1':\n"
        "    while True: pass\n"
    )
    ended = [subprocess.run([sys.executable, "-c", script, count], cwd=ROOT, check=False) for count in ("5", "1")]
    assert [one.returncode for one in ended] == [0, -24], "SIGXCPU"
