"""A reader in a process of its own that lives through every kill: ``python -m tests.faults.knowledge.onlooker SETTINGS``."""

from __future__ import annotations

import json
import sys
import threading

import psutil

from tests.faults.knowledge.indexer import opened, read, tell
from tests.faults.knowledge.world import version_of


def main() -> None:
    """Asks until its input ends, then says what it saw."""
    reader = opened(json.loads(sys.argv[1])).reader()
    ended = threading.Event()
    epochs: set[int] = set()
    memory: list[int] = []

    def look(epoch: int) -> None:
        if epoch not in epochs:
            epochs.add(epoch)
            memory.append(psutil.Process().memory_info().rss)

    following = threading.Thread(target=reader.follow, args=(0.05, ended, lambda: None))
    following.start()
    answered: list[int] = []
    asking = threading.Thread(target=lambda: answered.append(read(reader, ended, look)))
    asking.start()
    tell(watching=True)
    for _ in sys.stdin:
        reader.refresh()
        tell(version=version_of(reader.current))
    ended.set()
    following.join()
    asking.join()
    early, late = memory[len(memory) // 4 : len(memory) // 2], memory[-len(memory) // 4 :]
    grown = max(late, default=0) - max(early, default=0)
    tell(answered=answered[0], epochs=len(epochs), grown=grown)


if __name__ == "__main__":
    main()
