"""The process in which a model is made ready: ``python -m knowledge.embed.export_worker``. Its memory ends with it.

The first frame says what is wanted, one frame goes back. When its parent is gone, so is it.
"""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

from core.domain.errors import ConfigError
from knowledge.embed.exported import Precision
from knowledge.embed.model_files import locate
from knowledge.process.frames import Frame
from knowledge.process.memory import keep_few_heaps
from knowledge.process.programs import confine
from knowledge.process.stdio import Pipe, leave


def make(order: Frame) -> Frame:
    """One export. What is wrong with the model is an answer and not an error."""
    from knowledge.embed.export import NotExportable, export_fp32, export_int8

    folder = Path(order["folder"])
    try:
        if Precision(order["precision"]) is Precision.INT8:
            made = export_int8(Path(order["fp32"]), folder)
        else:
            made = export_fp32(locate(order["model"]), folder)
    except ConfigError as error:
        return {"config": error.detail}
    except NotExportable as error:
        return {"refused": str(error)}
    return {"digest": made.digest}


def main() -> None:
    """Reads, exports, answers."""
    pipe = Pipe()
    confine(patient=False)
    keep_few_heaps()
    pipe.watch()
    logging.disable(logging.WARNING)  # what exporters advise each time is nothing that the hub's owner can act on
    order = pipe.receive()
    if order is not None:
        pipe.send(_answer(order))
    leave()


def _answer(order: Frame) -> Frame:
    try:
        return make(order)
    except Exception as error:
        return {"refused": f"{type(error).__name__}: {error}"[:300], "trace": traceback.format_exc()}


if __name__ == "__main__":
    main()
