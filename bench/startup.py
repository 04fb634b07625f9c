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
    """A first start would index; what is measured is the second, as after every deployment."""
    floor = _floor()
    with tempfile.TemporaryDirectory(prefix="switchboard-bench-") as folder:
        port = free_port()
        env = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOME": folder,
            "PORT": str(port),
            "DATA_DIR": f"{folder}/var",
            "SECRET_KEY": SECRET,
            "LOG_LEVEL": "warning",
        }
        subprocess.run([sys.executable, "-m", "config.cli", "index"], env=env, cwd=folder, check=True)
        accepted, answered = [], []
        for _ in range(3):
            person = customers(1)[0]
            server = ServerProcess(
                [sys.executable, "-m", "config.cli", "serve"], log=Path(folder) / "log", cwd=Path(folder), env=env
            )
            began = time.perf_counter()
            server.start()
            try:
                accepted.append(asyncio.run(_first(port, request(person, "one", wait=0), 202, began)))
                answered.append(asyncio.run(_first(port, request(person, "one", wait=30), 200, began)))
            finally:
                server.end()
    report.add(
        Figure(
            "start to first accepted message", sorted(accepted)[1], "s", floor, "importing aiohttp, sqlalchemy", "2 s"
        )
    )
    report.add(
        Figure(
            "start to first answer from the documents", sorted(answered)[1], "s", _model_floor(), "loading the model"
        )
    )


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
