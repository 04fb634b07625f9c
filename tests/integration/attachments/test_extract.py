"""Real child processes read real files; the ones that misbehave are ended, and take nothing with them."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from core.attachments import extract
from core.attachments.extract import ChildExtractor
from core.attachments.formats import DOCX, XLSX
from core.attachments.limits import ExtractionLimits
from core.domain.errors import ExtractionFailed
from tests.unit.attachments.files import PNG, pdf, written, zipped

_ROOT = str(Path(__file__).resolve().parents[3])


def _workbook() -> bytes:
    from openpyxl import Workbook

    book, target = Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Plan", "Price"])
    sheet.append(["Team", 12])
    book.save(target)
    return target.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "media_type", "holds"),
    [
        ("a.pdf", pdf("Invoice total: 42.50 EUR"), "application/pdf", "42.50 EUR"),
        ("a.xlsx", _workbook(), XLSX, "| Team | 12 |"),
        ("a.txt", "Größe: 10 Stück, überprüft am Mittwoch. ".encode("cp1252") * 3, "text/plain", "überprüft"),
        ("a.html", b"<html><body><h1>Terms</h1><script>evil()</script></body></html>", "text/html", "# Terms"),
        ("a.csv", b"name,age\nAda,36\n", "text/csv", "| Ada | 36 |"),
        (
            "a.zip",
            zipped({"notes/read me.txt": b"inside the archive", "x.bin": b"\0"}),
            "application/zip",
            "inside the archive",
        ),
    ],
)
async def test_text_is_taken_out(tmp_path: Path, name: str, content: bytes, media_type: str, holds: str) -> None:
    text = await ChildExtractor().extract(written(tmp_path, name, content), name=name, media_type=media_type)
    assert holds in text
    assert "evil" not in text


async def test_pictures_have_no_text_and_cost_no_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(extract, "_START", "raise SystemExit('a child was started')")
    assert await ChildExtractor().extract(written(tmp_path, "a.png", PNG), name="a.png", media_type="image/png") == ""


@pytest.mark.parametrize(
    ("content", "media_type", "says"),
    [
        (b"%PDF-1.7 broken", "application/pdf", "damaged"),
        (b"PK\x03\x04 broken", DOCX, "broken"),
        (zipped({"a.zip": zipped({"b.txt": b"x"})}), "application/zip", "another archive"),
        (b"words", "audio/mpeg", "No text can be read"),
    ],
)
async def test_what_cannot_be_read_says_why(tmp_path: Path, content: bytes, media_type: str, says: str) -> None:
    with pytest.raises(ExtractionFailed, match=says):
        await ChildExtractor().extract(written(tmp_path, "f", content), name="f", media_type=media_type)


async def test_a_document_that_unpacks_to_far_more_is_refused(tmp_path: Path) -> None:
    bomb = zipped({"word/document.xml": b"0" * 200_000_000})
    with pytest.raises(ExtractionFailed, match=r"too large|tightly"):
        await ChildExtractor().extract(written(tmp_path, "f", bomb), name="f", media_type=DOCX)


async def test_what_a_library_prints_is_not_taken_for_the_text(tmp_path: Path) -> None:
    """xlrd prints its warnings about a damaged workbook on standard output."""
    broken = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 20 + b"\x03\x00\xfe\xff\x09\x00" + b"\x00" * 1500
    path = written(tmp_path, "a.xls", broken)
    with pytest.raises(ExtractionFailed, match="damaged"):
        await ChildExtractor().extract(path, name="a.xls", media_type="application/vnd.ms-excel")


async def test_printing_goes_nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    printing = (
        "import os, sys; sys.path.append(sys.argv[1]); from core.attachments import child\n"
        "def convert(*_):\n    print('WARNING'); os.write(1, b'native'); os.write(2, b'native'); return 'words'\n"
        "child.convert = convert; child.main(sys.argv[2])"
    )
    monkeypatch.setattr(extract, "_START", printing)
    path = written(tmp_path, "f.txt", b"x")
    assert await ChildExtractor().extract(path, name="f.txt", media_type="text/plain") == "words"


async def test_a_child_that_answers_nonsense_is_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for nonsense in ("WARNING *** file size", "7", "[1]"):
        with pytest.raises(ExtractionFailed, match="nonsense"):
            await _run(monkeypatch, tmp_path, f"print({nonsense!r})")


async def test_output_is_limited_and_says_so(tmp_path: Path) -> None:
    extractor = ChildExtractor(ExtractionLimits(output_chars=100))
    path = written(tmp_path, "long.txt", b"word " * 1000)
    text, _, note = (await extractor.extract(path, name="long.txt", media_type="text/plain")).partition("\n\n")
    assert text == ("word " * 20).strip()
    assert "only its first 100 characters" in note
    short = written(tmp_path, "short.txt", b"word")
    assert await extractor.extract(short, name="short.txt", media_type="text/plain") == "word"


@pytest.mark.parametrize(("isolation", "level"), [("namespace", "INFO"), ("process", "WARNING")])
async def test_how_readers_are_confined_is_logged_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture, isolation: str, level: str
) -> None:
    monkeypatch.setattr(extract, "_START", f"""print('{{"isolation": "{isolation}"}}')""")
    caplog.set_level("INFO", "core.attachments.extract")
    extractor, path = ChildExtractor(), written(tmp_path, "f.txt", b"x")
    for _ in range(2):
        await extractor.extract(path, name="f.txt", media_type="text/plain")
    assert [record.levelname for record in caplog.records if "network" in record.message] == [level]


async def _run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str, **limits: float) -> str:
    """The real extractor with a child that misbehaves after it confined itself."""
    prologue = (
        "import sys, json, os, time; sys.path.append(sys.argv[1]);"
        "from core.attachments.confine import confine; from core.attachments.limits import ExtractionLimits;"
        "job = json.loads(sys.argv[2]); confine(ExtractionLimits(**job['limits']));"
    )
    monkeypatch.setattr(extract, "_START", f"{prologue}\n{code}")
    extractor = ChildExtractor(ExtractionLimits(**limits))  # type: ignore[arg-type]
    return await extractor.extract(written(tmp_path, "f.txt", b"words"), name="f.txt", media_type="text/plain")


async def test_a_child_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    started = time.perf_counter()
    with pytest.raises(ExtractionFailed, match="too long"):
        await _run(monkeypatch, tmp_path, "time.sleep(600)", wall_seconds=1.0)
    assert time.perf_counter() - started < 120
    assert _children() == 0


async def test_a_child_that_spins_is_ended_by_the_kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ExtractionFailed, match="processor time"):
        await _run(monkeypatch, tmp_path, "while True: pass", cpu_seconds=1, wall_seconds=60)


async def test_a_child_that_takes_memory_fails_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    code = "held = [bytearray(10_000_000) for _ in range(10_000)]"
    with pytest.raises(ExtractionFailed, match="stopped"):
        await _run(monkeypatch, tmp_path, code, memory=512 * 1024 * 1024)


async def test_a_child_that_writes_without_end_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    code = "while True: sys.stdout.write('x' * 100_000)"
    with pytest.raises(ExtractionFailed, match="more text than is allowed"):
        await _run(monkeypatch, tmp_path, code, output_chars=1000)


@pytest.mark.parametrize(
    "attempt",
    [
        "import socket; socket.create_connection(('127.0.0.1', int(sys.argv[3])), timeout=2)",
        "import socket; socket.getaddrinfo('localhost', 80)",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
        "import os; os.fork()",
        "with open(sys.argv[4], 'w') as file: file.write('x' * 10)",
    ],
)
async def test_the_child_reaches_nothing(tmp_path: Path, attempt: str) -> None:
    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    code = (
        "import sys, json; sys.path.append(sys.argv[1]); from core.attachments.confine import confine;"
        "from core.attachments.limits import ExtractionLimits; print(confine(ExtractionLimits()), flush=True)\n"
        f"try:\n    {attempt}\nexcept OSError as error:\n    print('refused', type(error).__name__)\nelse:\n    print('reached')"
    )
    written_to = tmp_path / "out"
    written_to.mkdir()
    target = str(written_to / "file")
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-I", "-B", "-c", code, _ROOT, "", str(port), target],
        capture_output=True,
        text=True,
    )
    server.close()
    await server.wait_closed()
    assert done.stdout.splitlines()[0] in ("namespace", "process")
    assert "refused" in done.stdout, done.stdout + done.stderr
    assert [path.stat().st_size for path in written_to.iterdir()] in ([], [0])


async def test_confine_tells_the_truth_about_the_namespace() -> None:
    """Native code does not ask Python's audit hook, so what counts is whether a connection is really impossible."""
    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    code = (
        "import sys; sys.path.append(sys.argv[1]); from core.attachments import confine\n"
        "isolated = confine._leave_the_network()\n"
        "import socket\n"
        "try:\n    socket.create_connection(('127.0.0.1', int(sys.argv[2])), timeout=2)\n    reached = True\n"
        "except OSError:\n    reached = False\n"
        "import json; print(json.dumps([isolated, reached]))"
    )
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-I", "-B", "-c", code, _ROOT, str(port)],
        capture_output=True,
        text=True,
        check=True,
    )
    server.close()
    await server.wait_closed()
    isolated, reached = json.loads(done.stdout)
    assert isolated is not reached


async def test_only_so_many_run_at_once(tmp_path: Path) -> None:
    """Counted by the kernel: children of this process while six files are being read by two at most."""
    extractor = ChildExtractor(concurrency=2)
    path = written(tmp_path, "a.txt", b"words")
    jobs = [asyncio.create_task(extractor.extract(path, name="a.txt", media_type="text/plain")) for _ in range(6)]
    most = 0
    while not all(job.done() for job in jobs):
        most = max(most, _children())
        await asyncio.sleep(0.005)
    assert [job.result() for job in jobs] == ["words"] * 6
    assert 1 <= most <= 2


async def test_cancelling_ends_the_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extract, "_START", "import time; time.sleep(600)")
    job = asyncio.create_task(
        ChildExtractor().extract(written(tmp_path, "a.txt", b"words"), name="a.txt", media_type="text/plain")
    )
    await _until_a_child_runs()
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert _children() == 0


async def _until_a_child_runs() -> None:
    """Processes send no event when they start, so they are looked for."""
    async with asyncio.timeout(20):
        while _children() == 0:  # noqa: ASYNC110 # see above
            await asyncio.sleep(0.01)


def _children() -> int:
    """Readers that run now; one that has just ended no longer counts."""
    count = 0
    for child in psutil.Process().children():
        try:
            count += "-I" in child.cmdline() and "-B" in child.cmdline()
        except psutil.Error:
            continue
    return count
