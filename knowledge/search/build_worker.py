"""Builds an index of words apart from whoever answers questions: ``python -m knowledge.search.build_worker``.

The first line says where to and of how many passages, which follow as JSON lines. Whoever is served goes first.
"""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from knowledge.process.programs import confine
from knowledge.search.build import build_words
from knowledge.search.corpus import PassageText

_MEMORY_BYTES = 8 * 1024**3
_WORK = 3600.0
"""Seconds of the processor: minutes are what the largest index takes."""


def main(lines: Iterator[bytes]) -> int:
    """0 when the index is saved. A sender that dies leaves nothing behind that could be taken for whole."""
    confine(_MEMORY_BYTES, _WORK)
    head = json.loads(next(lines))
    documents = array("i")
    held: list[PassageText] = []
    for line in lines:
        *words, document = json.loads(line)
        held.append(PassageText(*words))
        documents.append(document)
    if len(held) != head["passages"]:
        return 1
    build_words(held, np.array(documents, np.int32)).save(Path(head["folder"]))
    return 0


if __name__ == "__main__":
    sys.exit(main(iter(sys.stdin.buffer)))
