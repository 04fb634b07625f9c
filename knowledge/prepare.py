"""Does at installation what a first start would otherwise do while customers wait."""

from __future__ import annotations

import asyncio
import fcntl
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from core.domain.errors import KnowledgeUnavailable
from knowledge.embed.opening import is_ready, model_folder
from knowledge.index.manifest_file import manifest_file
from knowledge.index.order import Origin
from knowledge.open import open_knowledge
from knowledge.process.prepared_sample import copy_durably, prepared_folder
from knowledge.settings import KnowledgeSettings


async def prepare(settings: KnowledgeSettings, tell: Callable[[str], None]) -> None:
    """Makes the model ready and indexes the sample with it, unless that was done before. Any number may do it at once.

    ``tell`` gets a sentence before each. Raises ConfigError, NotReady for a model that ONNX Runtime does not run,
    KnowledgeUnavailable, OSError where the cache cannot be written.
    """
    if not is_ready(settings):
        tell("Making the embedding model ready: once, for up to a minute")
    model = await asyncio.to_thread(model_folder, settings)
    folder = prepared_folder(settings, model)
    if folder is None or folder.is_dir():
        return
    tell("Reading the sample documents: once")
    with folder.with_name(".sample.lock").open("w") as lock:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            await _index_sample(settings, folder)


async def _index_sample(settings: KnowledgeSettings, folder: Path) -> None:
    """Beside the folder, which gets its name when all of it is on the disk."""
    work, part = folder.with_name(".sample-work"), folder.with_name(".sample-part")
    for left in (work, part):
        shutil.rmtree(left, ignore_errors=True)
    try:
        await _filled(replace(settings, directory=work / settings.directory.name, sample=None), str(settings.sample))
        await asyncio.to_thread(copy_durably, work, part)
        part.rename(folder)
    finally:
        for left in (work, part):
            shutil.rmtree(left, ignore_errors=True)


async def _filled(settings: KnowledgeSettings, sample: str) -> None:
    settings.directory.parent.mkdir(parents=True)
    knowledge = open_knowledge(settings)
    await knowledge.start()
    try:
        await knowledge.warm()
        report = await knowledge.writer.index([sample], origin=Origin.CONFIGURED, stand_in=sample)
    finally:
        await knowledge.close()
    if report.failures:
        raise KnowledgeUnavailable(f"the sample cannot be read: {report.failures[0][1]}")
    with closing(sqlite3.connect(manifest_file(settings.directory))) as manifest:
        manifest.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # one file, that can be copied
