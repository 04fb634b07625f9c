"""From inside a confined child: no file but its own, no environment, no socket, no program, no signal, nothing written.

It is tried in native code, with each set of measures. What a kernel lacks is not in force, and whatever is in force must hold.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from core.confined import landlock
from core.confined.measures import ALL, Measure
from core.confined.runner import ConfinedRunner
from core.domain.errors import CallDied, CallFailed
from tests.integration.confined import attempts, functions

pytestmark = pytest.mark.asyncio(loop_scope="module")

_FILES = {Measure.LANDLOCK, Measure.UID}
_CALLS = {Measure.SECCOMP}
_SETS = {
    "all": ALL,
    "no namespace": ALL - {Measure.NETWORK_NAMESPACE},
    "no Landlock": ALL - {Measure.LANDLOCK},
    "no seccomp": ALL - {Measure.SECCOMP},
    "no Landlock, no namespace, no other user": ALL - {Measure.LANDLOCK, Measure.NETWORK_NAMESPACE, Measure.UID},
    "audit hook": frozenset({Measure.AUDIT_HOOK}),
}


@pytest.fixture(scope="module", params=_SETS.values(), ids=_SETS.keys())
def measures(request: pytest.FixtureRequest) -> frozenset[Measure]:
    chosen: frozenset[Measure] = request.param
    return chosen


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runner(measures: frozenset[Measure]) -> AsyncIterator[ConfinedRunner]:
    made = ConfinedRunner((attempts.__name__, functions.__name__), measures=measures)
    await made.call(f"{functions.__name__}:reverse", b"")
    yield made
    await made.close()


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("words")
    path.chmod(0o600)
    return path


@pytest.fixture
def open_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture(params=["abstract", "path"])
def unix_socket(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[bytes]:
    name = b"\0switchboard-test-%d" % os.getpid() if request.param == "abstract" else os.fsencode(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name)
        server.listen()
        yield name


def _environ(process: int) -> bytes:
    """Nothing where even this account may not look."""
    try:
        return Path(f"/proc/{process}/environ").read_bytes()
    except PermissionError:
        return b""


async def _template(runner: ConfinedRunner) -> int:
    return int(await runner.call(f"{functions.__name__}:parent", b""))


async def _attempt(runner: ConfinedRunner, name: str, target: object) -> str:
    payload = target if isinstance(target, bytes) else str(target).encode()
    try:
        return (await runner.call(f"{attempts.__name__}:{name}", payload)).decode()
    except CallDied:
        return "reached: another program took the child's place"


def _holds(runner: ConfinedRunner, outcome: str, defences: set[Measure]) -> bool:
    """Refused wherever one of the measures that stand against it is in force."""
    assert runner.isolation is not None
    return outcome.startswith("refused") or not defences & runner.isolation


async def test_what_is_in_force_is_what_was_asked_for_and_the_kernel_has(
    runner: ConfinedRunner, measures: frozenset[Measure]
) -> None:
    assert runner.isolation is not None
    assert runner.isolation <= measures
    assert Measure.AUDIT_HOOK in runner.isolation
    assert (Measure.LANDLOCK in runner.isolation) is (Measure.LANDLOCK in measures and landlock.version() > 0)


@pytest.mark.parametrize("what", ["read_file", "write_file", "remove_file", "open_up_file"])
async def test_no_file_of_the_account(runner: ConfinedRunner, secret: Path, what: str) -> None:
    defences = {"read_file": _FILES, "open_up_file": _CALLS | {Measure.UID}}.get(what, _FILES | _CALLS)
    assert _holds(runner, await _attempt(runner, what, secret), defences)


@pytest.mark.parametrize("path", ["/etc/passwd", "/etc/hosts", "/proc/self/environ", "/proc/1/cmdline"])
async def test_no_file_of_the_machine(runner: ConfinedRunner, path: str) -> None:
    assert _holds(runner, await _attempt(runner, "read_file", path), {Measure.LANDLOCK})


async def test_no_folder(runner: ConfinedRunner, secret: Path) -> None:
    for path in (secret.parent, Path(__file__).parents[3], "/", "/proc"):
        assert _holds(runner, await _attempt(runner, "list_folder", path), {Measure.LANDLOCK})


async def test_no_environment_its_own_or_its_ancestors(runner: ConfinedRunner) -> None:
    assert json.loads(await _attempt(runner, "environment", b"")).keys() <= {"LC_CTYPE"}, "Python sets it (PEP 538)"
    assert _environ(await _template(runner)) == b"", "reading it would not help"
    assert _holds(runner, await _attempt(runner, "read_file", f"/proc/{os.getpid()}/environ"), _FILES)


async def test_no_socket(runner: ConfinedRunner, open_port: int) -> None:
    outcome = await _attempt(runner, "connect_tcp", open_port)
    assert _holds(runner, outcome, {Measure.SECCOMP, Measure.NETWORK_NAMESPACE})


async def test_no_unix_socket(runner: ConfinedRunner, unix_socket: bytes) -> None:
    outcome = await _attempt(runner, "connect_unix", unix_socket)
    abstract = {Measure.NETWORK_NAMESPACE} | ({Measure.LANDLOCK} if landlock.version() >= 6 else set())
    assert _holds(runner, outcome, _CALLS | (abstract if unix_socket.startswith(b"\0") else {Measure.UID}))


async def test_no_program_and_no_process(runner: ConfinedRunner) -> None:
    assert _holds(runner, await _attempt(runner, "start_program", b"/bin/true"), {Measure.SECCOMP, Measure.LANDLOCK})
    assert _holds(runner, await _attempt(runner, "fork", b""), _CALLS)


@pytest.mark.parametrize(
    "what", ["send_signal", "trace", "read_memory", "limit_process", "slow_down", "signal_by_file"]
)
async def test_nothing_is_done_to_another_process(runner: ConfinedRunner, what: str) -> None:
    for process in (os.getpid(), await _template(runner)):
        assert _holds(runner, await _attempt(runner, what, process), _CALLS)


async def test_no_call_that_opens_another_way(runner: ConfinedRunner) -> None:
    """x86-64: mount, keyctl, unshare, perf_event_open, bpf, userfaultfd, io_uring_setup, clone3, pidfd_getfd; and by x32."""
    for number in (165, 250, 272, 298, 321, 323, 425, 435, 438, 0x40000000 + 41):
        if os.uname().machine == "x86_64":
            assert _holds(runner, await _attempt(runner, "call", number), _CALLS)


async def test_python_itself_refuses(runner: ConfinedRunner, secret: Path, open_port: int) -> None:
    for code in (
        f"open({str(secret)!r})",
        f"open({str(secret.parent / 'new')!r}, 'w')",
        "import os; os.listdir('/')",
        "import os; os.system('true')",
        "import os; os.fork()",
        "import os; os.kill(os.getppid(), 0)",
        f"import socket; socket.socket().connect(('127.0.0.1', {open_port}))",
        "import socket; socket.getaddrinfo(b'localhost', 80)",
    ):
        with pytest.raises(CallFailed) as raised:
            await runner.call(f"{functions.__name__}:run", code.encode())
        assert raised.value.kind in ("Forbidden", "PermissionError"), code
    assert not (secret.parent / "new").exists()


async def test_what_computing_needs_is_there(runner: ConfinedRunner, secret: Path) -> None:
    """Threads, and the one file that was handed in."""
    assert await _attempt(runner, "use_threads", b"") == "8"
    with secret.open("rb") as file:
        assert await runner.call(f"{functions.__name__}:read_file", b"", file=file) == b"words"


async def test_one_call_leaves_nothing_for_the_next(runner: ConfinedRunner) -> None:
    kept = "import builtins; print(getattr(builtins, 'kept', None)); builtins.kept = 'of a stranger'"
    for _ in range(2):
        assert await runner.call(f"{functions.__name__}:run", kept.encode()) == b"None\n"
    assert len(set(await asyncio.gather(*(runner.call(f"{functions.__name__}:process", b"") for _ in range(4))))) == 4
