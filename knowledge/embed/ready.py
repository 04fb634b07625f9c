"""Finds a model that was made ready for ONNX Runtime, or has it made: once, by one process, in a process of its own.

What is made lies under a name of its own until it is whole and checked. Whoever else wants the same model waits for the
lock, which the kernel takes back from a process that is killed, and finds it made.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import os
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from core.domain.errors import ConfigError
from knowledge.embed.exported import SHIPPED, Precision, description_of, find, folder_name
from knowledge.embed.model_files import ModelFiles, locate, refuse_without_model
from knowledge.process.frames import Frame, encode, read
from knowledge.process.programs import PACKAGES, command

_log = logging.getLogger("switchboard.knowledge")

_MAKERS = ("torch", "sentence-transformers", "transformers", "onnxscript", "onnxruntime")
"""Whose versions decide whether a model can be made ready: what one of them refused, the next may not."""


class NotReady(Exception):
    """The model cannot be run by ONNX Runtime; the text says why."""


def make_ready(model: str | None, precision: Precision, cache: Path, shipped: Path = SHIPPED) -> Path:
    """The folder of the model. Takes up to a minute the first time. Raises ConfigError for no such model, NotReady."""
    files = locate(model)
    folder = find((cache, shipped), files.name, files.digest, precision)
    if folder is not None:
        return folder
    refuse_without_model(files)
    if precision is Precision.INT8:
        fp32 = make_ready(model, Precision.FP32, cache, shipped)
        return _made(model, files, precision, cache, fp32)
    return _made(model, files, precision, cache, None)


def _made(model: str | None, files: ModelFiles, precision: Precision, cache: Path, fp32: Path | None) -> Path:
    try:
        with _lock(cache, files, precision):
            files = locate(model)
            made = find((cache,), files.name, files.digest, precision)
            return made or _make(model, files, precision, cache, fp32)
    except OSError as error:
        raise NotReady(f"{cache} cannot be written: {error.strerror or error}") from error


def _make(model: str | None, files: ModelFiles, precision: Precision, cache: Path, fp32: Path | None) -> Path:
    refusals = _Refusals(cache / f"{_label(files)}-{precision.value}.refused.json")
    if reason := refusals.known():
        raise NotReady(reason)
    _log.warning("%s is made ready for ONNX Runtime (%s); this is done once", files.name, precision.value)
    part = cache / f".part-{_label(files)}-{precision.value}"
    shutil.rmtree(part, ignore_errors=True)  # left by a process that was killed; the lock is ours
    part.mkdir(parents=True)
    try:
        order = {"model": model, "precision": precision.value, "folder": str(part), "fp32": str(fp32 or "")}
        answer = _asked(order)
        if "config" in answer:
            raise ConfigError(answer["config"])
        if "refused" in answer:
            refusals.remember(answer["refused"])
            raise NotReady(answer["refused"])
        return _named(part, cache / folder_name(answer["digest"], precision))
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _asked(order: Frame) -> Frame:
    """A process that ends without a word was killed, most often for want of memory: that is no judgment on the model."""
    with subprocess.Popen(  # noqa: S603 - a program of ours
        command("knowledge.embed.export_worker"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=PACKAGES,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            child.stdin.write(encode(order))
            child.stdin.flush()
        answer = read(child.stdout)  # type: ignore[arg-type]
        with contextlib.suppress(BrokenPipeError):
            child.stdin.close()  # what could not be written is tried once more here
    if answer is None:
        raise NotReady(f"the process that made it ready ended with status {child.returncode}")
    if "trace" in answer:
        _log.error("%s", answer["trace"])
    return answer


def _named(part: Path, folder: Path) -> Path:
    """Everything is on the disk before the name says so."""
    for path in part.iterdir():
        with path.open("rb+") as content:
            os.fsync(content.fileno())
    if folder.exists() and description_of(folder) is None:
        shutil.rmtree(folder)
    part.rename(folder)
    return folder


@contextlib.contextmanager
def _lock(cache: Path, files: ModelFiles, precision: Precision) -> Iterator[None]:
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f".{_label(files)}-{precision.value}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _label(files: ModelFiles) -> str:
    return files.digest or "".join(letter if letter.isalnum() else "-" for letter in files.name)


class _Refusals:
    """A model that cannot be made ready is not tried again at each start, but with other versions of what makes it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def known(self) -> str | None:
        """Why it was refused by these very versions."""
        try:
            noted = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return str(noted["reason"]) if noted.get("versions") == _versions() else None

    def remember(self, reason: str) -> None:
        """For the next start."""
        self._path.write_text(json.dumps({"reason": reason, "versions": _versions()}, indent=1), encoding="utf-8")


def _versions() -> dict[str, str]:
    return {name: _version(name) for name in _MAKERS}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
