"""By what vectors are known: those of two fingerprints are never compared."""

from __future__ import annotations

import hashlib
import json

from knowledge.embed.exported import Precision
from knowledge.embed.prompts import Prompts


def fingerprint_of(digest: str, precision: Precision, longest: int, dimensions: int, prompts: Prompts) -> str:
    """Of a model under these prompts, whichever library runs it. ``digest`` is that of its files, pooling included.

    The folder in which the model lies does not matter, so that it may be moved.
    """
    parts = [digest, precision.value, longest, dimensions, prompts.question, prompts.document]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]
