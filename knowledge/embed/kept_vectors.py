"""Vectors of texts that stay the same: embedded once for each model, and kept in a folder for the next start."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge.embed.embedder import Vectors

_AT_ONCE = 32


class KeptVectors:
    """``embed`` takes any texts; of those that stay the same it embeds none again."""

    def __init__(
        self, embed: Callable[[Sequence[str]], Vectors], folder: Path, fingerprint: str, texts: Sequence[str]
    ) -> None:
        self._model = embed
        self._texts = list(dict.fromkeys(texts))
        said = json.dumps([fingerprint, self._texts])
        self._file = folder / f"talk-{sha256(said.encode()).hexdigest()[:16]}.npy"
        self._known: dict[str, NDArray[np.float32] | None] = dict.fromkeys(self._texts)

    def prepare(self) -> None:
        """Reads the vectors, or makes and keeps them. Raises what the model raises."""
        vectors = _read(self._file, len(self._texts))
        if vectors is None:
            starts = range(0, len(self._texts), _AT_ONCE)
            vectors = np.concatenate([self.embed(self._texts[start : start + _AT_ONCE]) for start in starts])
            _write(self._file, vectors)
        self._known.update(zip(self._texts, vectors, strict=True))

    def embed(self, texts: Sequence[str]) -> Vectors:
        """The vectors of these texts. Raises what the model raises."""
        found = {text: self._known.get(text) for text in texts}
        new = [text for text, vector in found.items() if vector is None]
        for text, vector in zip(new, self._model(new) if new else (), strict=True):
            found[text] = vector
            if text in self._known:
                self._known[text] = vector
        return np.array([found[text] for text in texts], np.float32)


def _read(path: Path, rows: int) -> Vectors | None:
    try:
        found: Vectors = np.load(path)
    except (OSError, ValueError, EOFError):
        return None
    return found if found.ndim == 2 and len(found) == rows else None


def _write(path: Path, vectors: Vectors) -> None:
    """As well as can be: without the file the next start embeds them again."""
    part = path.with_suffix(".part.npy")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(part, vectors)
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
