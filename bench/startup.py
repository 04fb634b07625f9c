"""From the start of the process to the first accepted message, and to the first answer from the documents."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.load import SECRET, customers, exchange, request
from bench.report import Figure, Report
from bench.servers import ROOT
from knowledge.embed.exported import Precision
from knowledge.embed.ready import make_ready
from tests.servers.models import MODELS
from tests.servers.process import ServerProcess, free_port


async def _first(port: int, message: bytes, expected: int, began: float) -> float:
    """Seconds since ``began`` until the first answer with the expected status."""
    while time.perf_counter() - began < 120:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            status = await exchange(reader, writer, message)
            writer.close()
            if status == expected:
                return time.perf_counter() - began
        except (OSError, asyncio.IncompleteReadError):
            await asyncio.sleep(0.01)
    raise TimeoutError("the server never answered")


def run(report: Report) -> None:
    """First starts, each with an empty data folder on a machine that was prepared, and later ones, as after a deployment."""
    floor, model_floor = _floor(), _model_floor()
    with tempfile.TemporaryDirectory(prefix="switchboard-bench-") as place:
        folder = Path(place)
        subprocess.run([sys.executable, "-m", "config.cli", "prepare"], env=_env(folder, 0), cwd=folder, check=True)
        firsts = [_start(folder, number) for number in range(3)]
        later = [_start(folder, 0) for _ in range(3)]
    accepted, first, answered = (
        sorted(taken)[1] for taken in ([one[0] for one in later], [one[1] for one in firsts], [one[1] for one in later])
    )
    report.add(Figure("start to first accepted message", accepted, "s", floor, "importing aiohttp, sqlalchemy", "2 s"))
    report.add(Figure("first start to first answer", first, "s", model_floor, "loading the model", "5 s"))
    report.add(Figure("start to first answer from the documents", answered, "s", model_floor, "loading the model"))


def _env(folder: Path, number: int, port: int = 0) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
        "PORT": str(port),
        "DATA_DIR": str(folder / f"var{number}"),
        "SECRET_KEY": SECRET,
        "LOG_LEVEL": "warning",
    }


def _start(folder: Path, number: int) -> tuple[float, float]:
    """Seconds to the first accepted message and to the first answer."""
    port = free_port()
    server = ServerProcess(
        [sys.executable, "-m", "config.cli", "serve"], log=folder / "log", cwd=folder, env=_env(folder, number, port)
    )
    began = time.perf_counter()
    person = customers(1)[0]
    server.start()
    try:
        accepted = asyncio.run(_first(port, request(person, "one", wait=0), 202, began))
        return accepted, asyncio.run(_first(port, request(person, "one", wait=30), 200, began))
    finally:
        server.end()


def _floor() -> float:
    took = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import aiohttp.web, sqlalchemy.ext.asyncio"], check=True)
        took.append(time.perf_counter() - began)
    return sorted(took)[1]


def _model_floor() -> float:
    """Seconds to load the embedding model and embed one question, with nothing else around."""
    make_ready(None, Precision.FP32, MODELS)
    code = f"from bench.embedding import open_model; open_model('fp32', {tempfile.gettempdir()!r})"
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}, check=True)
    return time.perf_counter() - began
