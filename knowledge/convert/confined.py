"""What the confined child does with a document: open for reading in, blocks of text out."""

from __future__ import annotations

import json
import logging
from pathlib import PurePath
from typing import BinaryIO

from knowledge.convert.converter import Converter
from knowledge.documents import UnreadableDocument
from knowledge.process.frames import Frame
from knowledge.process.wire import document_frame


def convert(payload: bytes, file: BinaryIO) -> bytes:
    """``payload`` is the file's name. Answers JSON: ``document``, or ``unreadable`` with a reason. Raises MemoryError."""
    logging.getLogger("pdfminer").setLevel(logging.ERROR)
    return json.dumps(_answer(PurePath(payload.decode()), file.read())).encode()


def _answer(name: PurePath, content: bytes) -> Frame:
    try:
        return {"document": document_frame(Converter().convert_content(name, content))}
    except UnreadableDocument as error:
        return {"unreadable": str(error)}
    except MemoryError:
        raise
    except RecursionError:
        return {"unreadable": "the document is nested too deeply"}
    except Exception as error:
        return {"unreadable": f"the document is broken: {type(error).__name__}: {error}"[:300]}
