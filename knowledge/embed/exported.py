"""A model made ready for ONNX Runtime: a folder with the graph, the weights, the tokenizer and ``model.json``.

``model.json`` is written last, and the folder gets its name only then: what is named is whole.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

FORMAT = 1
"""Raise it when models must be made ready anew."""
GRAPH, WEIGHTS, TOKENIZER, DESCRIPTION = "model.onnx", "weights.bin", "tokenizer.json", "model.json"
SHIPPED = Path(sys.prefix) / "share" / "switchboard" / "models"
"""Models that were made ready when an image was built. Only read."""


class Precision(StrEnum):
    """Of the weights and products. ``INT8`` is smaller and faster, and its vectors are a little off."""

    FP32 = "fp32"
    INT8 = "int8"


@dataclass(frozen=True, slots=True)
class Description:
    """``longest``: tokens of a text that the model reads, its special tokens included. ``source``: what was asked for.

    ``likeness``: the lowest cosine to the reference that was seen when the model was checked.
    """

    source: str
    digest: str
    precision: Precision
    longest: int
    dimensions: int
    prompts: Mapping[str, str]
    likeness: float
    sizes: Mapping[str, int]
    format: int = FORMAT


def folder_name(digest: str, precision: Precision) -> str:
    """Under which a model lies in a cache."""
    return f"{digest}-{precision.value}"


def describe(folder: Path, description: Description) -> None:
    """Marks a folder as complete."""
    (folder / DESCRIPTION).write_text(json.dumps(asdict(description), indent=1), encoding="utf-8")


def description_of(folder: Path) -> Description | None:
    """None for a folder that is no complete model, or one of another version of ours."""
    try:
        values = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        found = Description(**{**values, "precision": Precision(values["precision"])})
        if found.format != FORMAT or any((folder / name).stat().st_size != size for name, size in found.sizes.items()):
            return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return found


def find(places: tuple[Path, ...], source: str, digest: str | None, precision: Precision) -> Path | None:
    """The model in one of these caches. Without a digest, what was once made ready under the name is taken."""
    if digest is not None:
        named = (place / folder_name(digest, precision) for place in places)
        return next((folder for folder in named if description_of(folder) is not None), None)
    for folder in _folders(places):
        found = description_of(folder)
        if found is not None and found.source == source and found.precision is precision:
            return folder
    return None


def _folders(places: tuple[Path, ...]) -> Iterator[Path]:
    for place in places:
        if place.is_dir():
            yield from sorted(path for path in place.iterdir() if not path.name.startswith("."))
