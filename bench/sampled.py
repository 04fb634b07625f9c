"""``python -m bench.sampled FILE MODULE ARGUMENT ...``: runs a module, and writes how much processor each hop of it used.

From SIGUSR1 on the stack is looked at every few milliseconds of processor; SIGUSR2 writes the file. The innermost function
of ours that runs names the hop. What threads use beside the event loop is the database's.
"""

from __future__ import annotations

import json
import runpy
import signal
import sys
import time
from collections import defaultdict
from pathlib import Path
from types import FrameType

ROOT = f"{Path(__file__).parents[1]}/"
_EVERY = 0.002
_GATE = (
    "answer_gate answer_unit answer_layout answer_parts evidence exact_parts literal markers verifier batches orders"
)
_HOPS = {
    "core/llm/": "model's client",
    "knowledge/": "retrieval call",
    "core/agent/lookup": "retrieval call",
    **{f"core/agent/{name}": "gate" for name in (*_GATE.split(), "judged_unit", "sentences")},
    "core/agent/": "routing, language, prompt",
    "handoff/": "rules and mood",
    "core/storage/": "database",
    "core/intake": "accept",
    "core/group_commit": "accept",
    "core/delivery": "delivery",
    "core/stream": "delivery",
    "core/": "turn",
    "channels/": "channel",
    "api/": "HTTP in",
}
LOOP = "event loop and sockets"
THREADS = "database, in its threads"


class Sampler:
    """``hops``: seconds of processor of the event loop's thread."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.hops: dict[str, float] = defaultdict(float)
        self._at = self._began = self._whole = 0.0

    def begin(self, *_: object) -> None:
        """From now on."""
        self._at = self._began = time.thread_time()
        self._whole = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, _EVERY, _EVERY)

    def look(self, _signal: int, frame: FrameType | None) -> None:
        """What the thread has used since the last look belongs to what it does now."""
        now = time.thread_time()
        self.hops[hop_of(frame)] += now - self._at
        self._at = now

    def end(self, *_: object) -> None:
        """Write it down."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        used = time.process_time() - self._whole - (time.thread_time() - self._began)
        self._file.write_text(json.dumps({**self.hops, THREADS: used}))


def hop_of(frame: FrameType | None) -> str:
    """The hop of the innermost function of ours."""
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(ROOT):
            found = next((hop for path, hop in _HOPS.items() if name.startswith(path, len(ROOT))), None)
            if found is not None:
                return found
        frame = frame.f_back
    return LOOP


if __name__ == "__main__":
    sampler = Sampler(Path(sys.argv[1]))
    signal.signal(signal.SIGPROF, sampler.look)
    signal.signal(signal.SIGUSR1, sampler.begin)
    signal.signal(signal.SIGUSR2, sampler.end)
    module, sys.argv = sys.argv[2], sys.argv[2:]
    runpy.run_module(module, run_name="__main__")
