"""Calls end within their limits, in processes that end with them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from core.confined.measures import ALL, Measure
from core.confined.runner import ConfinedRunner
from core.domain.errors import (
    CallDied,
    CallFailed,
    CallTookTooLong,
    CallTookTooMuch,
    ConfinedError,
    ExtractionFailed,
    Resource,
)
from core.ports.confined import DEFAULT, CallLimits
from tests.integration.confined import functions
from tests.servers.programs import ROOT

_HERE = functions.__name__


@pytest.fixture
async def runner() -> AsyncIterator[ConfinedRunner]:
    made = ConfinedRunner((_HERE,))
    yield made
    await made.close()


async def _run(runner: ConfinedRunner, code: str, limits: CallLimits = DEFAULT) -> str:
    return (await runner.call(f"{_HERE}:run", code.encode(), limits=limits)).decode()


async def _template(runner: ConfinedRunner) -> psutil.Process:
    """It has no children when this returns."""
    return psutil.Process(int(await runner.call(f"{_HERE}:parent", b"")))


async def _until_a_child_runs(template: psutil.Process) -> None:
    """Processes send no event when they start, so they are looked for."""
    while not template.children():  # noqa: ASYNC110 - see above
        await asyncio.sleep(0)


async def _until_gone(process: psutil.Process) -> None:
    while process.is_running():  # noqa: ASYNC110 - see above
        await asyncio.sleep(0)


async def test_large_payloads_pass_both_ways(runner: ConfinedRunner) -> None:
    payload = os.urandom(1 << 20) * 50
    limits = replace(DEFAULT, output_bytes=len(payload))
    assert await runner.call(f"{_HERE}:reverse", payload, limits=limits) == payload[::-1]


async def test_what_the_function_raises_is_told(runner: ConfinedRunner) -> None:
    with pytest.raises(CallFailed, match="may be damaged") as raised:
        await _run(runner, "raise ValueError('line 3')")
    assert (raised.value.kind, raised.value.reason) == ("ValueError", "'line 3'")
    ours = f"from core.domain.errors import {ExtractionFailed.__name__} as E; raise E('It is protected.')"
    with pytest.raises(CallFailed, match=r"^It is protected\.$"):
        await _run(runner, ours)
    with pytest.raises(CallFailed):
        await runner.call("no.such.module:function", b"")
    with pytest.raises(CallFailed):
        await _run(runner, "def deep(): deep()\ndeep()")


@pytest.mark.parametrize(
    ("code", "limits", "error"),
    [
        ("import time; time.sleep(600)", replace(DEFAULT, wall_seconds=0.5), CallTookTooLong),
        ("while True: pass", replace(DEFAULT, cpu_seconds=1, wall_seconds=100), CallTookTooLong),
        ("held = bytearray(1 << 30)", replace(DEFAULT, memory=1 << 27), CallTookTooMuch),
        ("print('x' * 2000)", replace(DEFAULT, output_bytes=1000), CallTookTooMuch),
        ("import os, signal; os.abort()", DEFAULT, CallDied),
        ("import os; os._exit(0)", DEFAULT, CallDied),
    ],
)
async def test_each_limit_ends_the_call(
    runner: ConfinedRunner, code: str, limits: CallLimits, error: type[ConfinedError]
) -> None:
    template = await _template(runner)
    with pytest.raises(error):
        await _run(runner, code, limits)
    assert template.children() == []
    assert await _run(runner, "print('next')") == "next\n"


@pytest.mark.parametrize("said", [b'{"size": 100000000000}', b'{"size": -1}', b'{"size": "many"}', b"[1]", b"{"])
async def test_a_child_that_was_taken_over_may_say_anything(runner: ConfinedRunner, said: bytes) -> None:
    """Its pipe is the lowest number that is a socket."""
    frame = len(said).to_bytes(4, "big") + said
    code = (
        "import os, stat\n"
        "pipe = next(n for n in range(3, 64) if stat.S_ISSOCK(os.fstat(n).st_mode))\n"
        f"os.write(pipe, {frame!r})\nos._exit(0)"
    )
    find = code.replace("os.fstat(n)", "look(n)").replace(
        "import os, stat\n",
        "import os, stat\ndef look(n):\n try: return os.fstat(n)\n except OSError: return os.stat('/dev/null')\n",
    )
    with pytest.raises(ConfinedError):
        await _run(runner, find)


async def test_too_large_a_payload_says_so_at_once(runner: ConfinedRunner) -> None:
    with pytest.raises(CallTookTooMuch) as raised:
        await runner.call(f"{_HERE}:reverse", b"x" * 1000, limits=replace(DEFAULT, memory=100))
    assert raised.value.resource is Resource.MEMORY


async def test_only_so_many_run_at_once() -> None:
    runner, most = ConfinedRunner((_HERE,)), 0
    template = await _template(runner)
    calls = [asyncio.create_task(_run(runner, f"print({n})")) for n in range(50)]
    while not all(call.done() for call in calls):
        most = max(most, len(template.children()))
        await asyncio.sleep(0)
    assert [call.result() for call in calls] == [f"{n}\n" for n in range(50)]
    assert 1 <= most <= 4
    await runner.close()


async def test_a_template_that_dies_is_replaced(runner: ConfinedRunner) -> None:
    template = await _template(runner)
    template.kill()
    await _until_gone(template)
    with contextlib.suppress(OSError):  # its end may not have been noticed yet
        await _run(runner, "")
    assert await _run(runner, "print('again')") == "again\n"


async def test_a_call_whose_template_dies_says_so(runner: ConfinedRunner) -> None:
    template = await _template(runner)
    call = asyncio.create_task(_run(runner, "import time; time.sleep(600)"))
    await _until_a_child_runs(template)
    template.kill()
    with pytest.raises(CallDied):
        await call


async def test_a_child_that_does_not_start_is_not_the_files_fault() -> None:
    runner = ConfinedRunner((_HERE,), start_seconds=0.0)
    with pytest.raises(CallDied):
        await _run(runner, "")
    await runner.close()


async def test_cancelling_ends_the_child(runner: ConfinedRunner) -> None:
    template = await _template(runner)
    call = asyncio.create_task(_run(runner, "import time; time.sleep(600)"))
    await _until_a_child_runs(template)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert template.children() == []


async def test_an_idle_template_ends() -> None:
    runner = ConfinedRunner((_HERE,), idle_seconds=0.0)
    await _until_gone(await _template(runner))
    assert await _run(runner, "print('again')") == "again\n"
    await runner.close()


@pytest.mark.parametrize("measures", [ALL, ALL - {Measure.LANDLOCK}], ids=["all", "another user"])
def test_a_parent_that_is_killed_leaves_nobody_behind(measures: frozenset[Measure]) -> None:
    """The child spins, so that nothing in it can notice."""
    script = (
        "import asyncio\n"
        "from core.confined.runner import ConfinedRunner\n"
        "from core.confined.measures import Measure\n"
        "async def main():\n"
        f"    runner = ConfinedRunner(({_HERE!r},), measures=frozenset(map(Measure, {sorted(map(str, measures))!r})))\n"
        f"    template = await runner.call({_HERE + ':parent'!r}, b'')\n"
        "    print(template.decode(), flush=True)\n"
        f"    asyncio.create_task(runner.call({_HERE + ':run'!r}, b'while True: pass'))\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE) as hub:
        assert hub.stdout is not None
        template = psutil.Process(int(hub.stdout.readline()))
        while not (children := template.children()):
            os.sched_yield()
        hub.kill()
    gone, alive = psutil.wait_procs([template, *children], timeout=60)
    assert (len(gone), alive) == (2, [])


def test_no_file_of_ours_is_among_the_places() -> None:
    """A checkout holds DATA_DIR and .env beside the packages."""
    from core.confined.places import ROOT as PACKAGES
    from core.confined.places import readable

    places = readable()
    for outside in (
        PACKAGES,
        PACKAGES / "var",
        PACKAGES / ".env",
        Path.home(),
        Path("/etc"),
        Path("/proc"),
        Path("/tmp"),
    ):
        assert not any(outside == place or place in outside.parents for place in places), outside
