"""The process that reads documents: ``python -m knowledge.convert.worker``.

A file that makes a converter spin, crash or fill the memory takes this process with it and nothing else.
"""

from __future__ import annotations

import logging
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.documents import UnreadableDocument
from knowledge.process.frames import Frame
from knowledge.process.programs import confine, work_at_most
from knowledge.process.stdio import Pipe, leave
from knowledge.process.wire import document_frame

if TYPE_CHECKING:
    from knowledge.convert.converter import Converter

_MEMORY_BYTES = 4 * 1024**3


def main() -> None:
    """Answers one path after the other until the pipe closes."""
    pipe = Pipe()
    confine(_MEMORY_BYTES, network=False)
    pipe.watch()
    warnings.simplefilter("ignore")
    logging.getLogger("pdfminer").setLevel(logging.ERROR)
    from knowledge.convert.converter import Converter

    converter = Converter()
    while (request := pipe.receive()) is not None:
        work_at_most(request["work"])
        pipe.send(_answer(converter, Path(request["path"])))
    leave()


def _answer(converter: Converter, path: Path) -> Frame:
    try:
        return {"document": document_frame(converter.convert(path))}
    except UnreadableDocument as error:
        return {"unreadable": str(error)}
    except OSError as error:
        return {"unreadable": f"cannot be read: {error.strerror or error}"}
    except MemoryError:
        return {"unreadable": "the document needs more memory than a document may"}
    except RecursionError:
        return {"unreadable": "the document is nested too deeply"}
    except Exception as error:
        return {
            "unreadable": f"the document is broken: {type(error).__name__}: {error}"[:300],
            "trace": traceback.format_exc(),
        }


if __name__ == "__main__":
    main()
