"""Chroma for knowledge.index.chroma_process: ``python -m knowledge.index.chroma_worker``.

The first frame names the folder or the server; each further one is a call, answered in order. Ends with its input.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.index.client import Chroma, ChromaFailed
from knowledge.process.frames import Frame
from knowledge.process.programs import confine
from knowledge.process.stdio import Pipe, leave


def main() -> None:
    """Serves one parent."""
    pipe = Pipe()
    confine(patient=False)
    if (first := pipe.receive()) is not None:
        chroma = Chroma(Path(first["directory"]), first["url"])
        while (request := pipe.receive()) is not None:
            pipe.send(_answer(chroma, request["call"], request["with"]))
    leave()


def _answer(chroma: Chroma, method: str, given: Frame) -> Frame:
    """Vectors are float32 in base64."""
    try:
        if method == "put":
            given["vectors"] = np.frombuffer(b64decode(given["vectors"]), np.float32).reshape(len(given["ids"]), -1)
        result: Any = getattr(chroma, method)(**given)
    except ChromaFailed as error:
        return {"error": error.kind, "detail": str(error.__cause__)}
    if method == "get":
        result = result[0], b64encode(result[1].tobytes()).decode()
    return {"result": result}


if __name__ == "__main__":
    main()
