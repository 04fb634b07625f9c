"""``python -m tests.faults.attack.watcher PORT PID``: asks a hub every 50 ms whether it lives, until its own input ends.

A process of its own, so that the tests do not delay it. Prints one JSON object at the end. ``blocked`` is the hub's own part
in the longest wait, however busy the machine is: the wait without the time in which the hub's threads or the asking one stood in
line for a processor, and at most the processor time that the hub used meanwhile. A loop that computes for a second blocks for
a second. One that gets no processor blocks for nothing.
"""

from __future__ import annotations

import http.client
import json
import select
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

_EVERY = 0.05
_LATE = 0.1
"""Seconds. What was answered sooner is not looked into."""
_PATIENCE = 60.0


@dataclass
class Watched:
    """Times in seconds. ``used``: processor time of the hub. ``failures``: what came instead of an answer."""

    asked: int = 0
    slowest: float = 0.0
    blocked: float = 0.0
    used: float = 0.0
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Clock:
    """Seconds until now. ``queued``: the asking thread and all of the hub's waited for a processor. ``used``: the hub had one."""

    wall: float
    queued: float
    used: float


def _clock(hub: psutil.Process) -> _Clock:
    times = hub.cpu_times()
    queued = _queued("thread-self") + _queued(f"{hub.pid}/task/*")
    return _Clock(time.monotonic(), queued, times.user + times.system)


def _queued(threads: str) -> float:
    """Seconds that they waited for a processor; ``threads`` is a pattern below /proc (Linux, scheduler/sched-stats.rst)."""
    waited = 0
    for place in Path("/proc").glob(f"{threads}/schedstat"):
        try:
            waited += int(place.read_text().split()[1])
        except (OSError, IndexError):  # the thread has ended
            continue
    return waited / 1e9


def _ask(port: int) -> str:
    """Empty when it lives. A connection of its own, as a load balancer opens one."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    try:
        connection.request("GET", "/health/live")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()
    return "" if status == 200 else str(status)


def look(port: int, hub: psutil.Process, seen: Watched) -> None:
    """Ask once, and note what came of it."""
    before = _clock(hub)
    failure = _ask(port)
    after = _clock(hub)
    wait = after.wall - before.wall
    seen.asked += 1
    seen.slowest = max(seen.slowest, wait)
    if failure:
        seen.failures.append(f"{failure} after {wait:.2f} s")
    if wait > _LATE:
        seen.blocked = max(seen.blocked, min(wait - (after.queued - before.queued), after.used - before.used))


def watch(port: int, hub: psutil.Process) -> Watched:
    """Until its input ends."""
    seen = Watched()
    began = _clock(hub).used
    while not select.select([sys.stdin], [], [], _EVERY)[0]:
        look(port, hub, seen)
    seen.used = _clock(hub).used - began
    return seen


if __name__ == "__main__":
    print(json.dumps(asdict(watch(int(sys.argv[1]), psutil.Process(int(sys.argv[2]))))))
