"""Index runs in processes of their own, made quickly: ``python -m tests.faults.knowledge.indexer SETTINGS``.

For a line on its input, which names an order, it forks a process that looks at the index, says which version it saw, runs, and
says which version is in the index now. The parent kills that process whenever it likes; at the next line it is waited for.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import chromadb

from core.domain.knowledge import KnowledgeAudience
from knowledge.index.client import Chroma
from knowledge.index.database import open_database
from knowledge.index.order import IndexOrder, Origin
from knowledge.index.reader import Reader
from knowledge.index.snapshot import EpochGone, Snapshot
from knowledge.sources import Catalog, SourceOptions
from tests.faults.knowledge.world import ask, version_of
from tests.integration.knowledge.index_bench import Bench

assert chromadb.__version__, "imported before the fork, since that takes seconds"


def tell(**what: Any) -> None:
    """One line, whole."""
    os.write(1, (json.dumps(what) + "\n").encode())


def opened(settings: dict[str, str]) -> Bench:
    """The index of the settings, as one process has it."""
    directory = Path(settings["directory"])
    client = Chroma(directory, settings.get("chroma_url"))
    database = open_database(directory.with_name("knowledge.db"), settings.get("database_url"))
    return Bench(Path(settings["docs"]), directory, client, database)


def read(reader: Reader[Snapshot], ended: threading.Event, look: Callable[[int], None] = lambda epoch: None) -> int:
    """Asks without pause, and takes every epoch that comes; how many questions were answered. ``look`` hears of each epoch."""
    answered = 0
    while not ended.is_set():
        look(reader.current.epoch)
        try:
            version_of(reader.current)
            for number in range(5):
                ask(reader.current, number)
                answered += 1
        except EpochGone:
            reader.refresh()
        except AssertionError as fault:
            tell(fault=str(fault))
        ended.wait(0.01)
    return answered


def order_of(settings: dict[str, str], name: str) -> tuple[IndexOrder, Catalog]:
    """What a run is asked for: not always the same, since each must be right about what the one before it left behind."""
    docs, aside = settings["docs"], settings["aside"]
    closed = Catalog((SourceOptions(aside, audience=KnowledgeAudience.STAFF),))
    return {
        "all": (IndexOrder([docs], Origin.CONFIGURED), Catalog()),
        "more": (IndexOrder([docs, aside], Origin.CONFIGURED), Catalog()),
        "closed": (IndexOrder([docs, aside], Origin.CONFIGURED), closed),
        "aside": (IndexOrder([aside], Origin.NAMED), Catalog()),
    }[name]


def one_run(settings: dict[str, str], name: str) -> None:
    """With a reader in the same process, as the knowledge process has it."""
    bench = opened(settings)
    order, bench.catalog = order_of(settings, name)
    reader = bench.reader()
    tell(begin=version_of(reader.current))
    ended = threading.Event()
    reading = threading.Thread(target=read, args=(reader, ended))
    reading.start()
    bench.committed = reader.refresh
    report = bench.run(order=order)
    tell(done=version_of(reader.current), unchanged=report.unchanged, embedded=len(bench.embedded))
    ended.set()
    reading.join()


def main() -> None:
    """Forks for each other line until the input ends."""
    settings = json.loads(sys.argv[1])
    while name := sys.stdin.readline():
        child = os.fork()
        if child == 0:
            try:
                one_run(settings, name.strip())
            except BaseException as error:
                tell(fault=f"{type(error).__name__}: {error}")
                os._exit(1)
            os._exit(0)
        tell(pid=child)
        sys.stdin.readline()
        tell(ended=os.waitpid(child, 0)[1])


if __name__ == "__main__":
    main()
