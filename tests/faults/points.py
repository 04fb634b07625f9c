"""The places at which a process can be stopped, and the plan that says where it will be.

A plan is a file that the process reads when it starts: the test writes it, so nothing has to be timed.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import psutil

from tests.patience import PATIENCE
from tests.servers.hub import Hub

OPERATIONS = ("accept", "claim", "finish", "claim_deliveries", "append", "settle")
"""Transactions of the message path. Each can be cut before it begins, when its rows are written and not committed, and
when they are committed and nobody knows yet."""

STAGES = ("before", "written", "after")

RESPONDER_POINTS = ("respond.started", "respond.streamed")
"""A turn has begun; a turn has shown part of its answer, which is in the log."""

POINTS = tuple(f"{operation}.{stage}" for operation in OPERATIONS for stage in STAGES) + RESPONDER_POINTS

PLAN_VARIABLE = "FAULT_PLAN"
LIMIT_VARIABLE = "FAULT_SQLITE_LIMIT"
HOLD_VARIABLE = "FAULT_HOLD"
GIVES_UP_VARIABLE = "FAULT_GIVES_UP"
"""When it is set, a turn that lost its lease too often is given up as in the product."""

AGENT_VARIABLE = "FAULT_AGENT"
"""When it is set, the product's own agent answers."""

LAUNCHER = ("-m", "tests.faults.hub_process")


@dataclass(frozen=True)
class Plan:
    """Send ``number`` to this very process when ``point`` is reached for the ``count``-th time."""

    point: str
    count: int = 1
    number: int = signal.SIGKILL

    def write(self, path: Path) -> None:
        """For the next start."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")


class Faults:
    """The process's side of a plan."""

    def __init__(self, plan: Plan | None) -> None:
        self._plan = plan
        self._left = plan.count if plan else 0
        self._lock = threading.Lock()

    @classmethod
    def read(cls, path: Path) -> Faults:
        """The plan of this start; without one nothing happens."""
        return cls(Plan(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None)

    def are_in(self, operation: str) -> bool:
        """Whether the plan is for this operation."""
        return self._plan is not None and self._plan.point.startswith(f"{operation}.")

    def reach(self, point: str) -> None:
        """The process is here. With SIGKILL this does not return; with SIGSTOP it returns when somebody continues it."""
        if self._plan is None or self._plan.point != point:
            return
        with self._lock:
            self._left -= 1
            now = self._left == 0
        if now and self._plan.number == signal.SIGKILL:
            os.kill(os.getpid(), signal.SIGKILL)
        elif now:
            # To this thread: sent to the process, another thread might take it and this one run on for a moment.
            signal.pthread_kill(threading.get_ident(), self._plan.number)


@dataclass(frozen=True)
class Switches:
    """The files by which a test steers a running process: its plan, its turns that wait, the size of its database."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What the process has to be told."""
        return {
            PLAN_VARIABLE: str(self.plan),
            HOLD_VARIABLE: str(self.hold),
            LIMIT_VARIABLE: str(self.limit),
            "KNOWLEDGE_SOURCES": "none",
        }

    @property
    def plan(self) -> Path:
        """Read at each start."""
        return self.folder / "plan.json"

    @property
    def hold(self) -> Path:
        """While it is there, turns do not end."""
        return self.folder / "hold"

    @property
    def limit(self) -> Path:
        """While it is there, a SQLite database does not grow."""
        return self.folder / "limit"

    def plan_next(self, plan: Plan | None) -> None:
        """What happens in the next start."""
        if plan is None:
            self.plan.unlink(missing_ok=True)
        else:
            plan.write(self.plan)


class Writers(Protocol):
    """Customers who write as many messages as they are allowed to, up to ``each``."""

    each: int

    @property
    def is_idle(self) -> bool:
        """Whether everything that may be written was answered."""
        ...

    async def allow(self, more: int) -> None:
        """Everybody may write so many more."""
        ...


async def until_reached(place: str, is_reached: Callable[[], bool], writers: Writers, within: float = PATIENCE) -> None:
    """Until the process is at its place; what was written may have shared too few commits, then everybody writes more."""
    started = time.monotonic()
    while not is_reached():
        assert time.monotonic() < started + within, f"{place} was not reached"
        await asyncio.sleep(0.05)
        if time.monotonic() > started + 1.5 and writers.is_idle:
            await writers.allow(1)


def stands_still(hub: Hub) -> bool:
    """Whether the process has stopped itself."""
    return hub.running and psutil.Process(hub.pid).status() == psutil.STATUS_STOPPED


def died(hub: Hub) -> bool:
    """Whether it was killed with -9 (and did not end for a reason of its own)."""
    return not hub.running and hub.stop() == -signal.SIGKILL
