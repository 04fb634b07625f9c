"""The index of the sample documents, made when the hub is installed: an empty data folder starts with a copy of it.

Reading the sample takes some ten seconds of a processor, in which the first question would wait. The copy is an index like any
other: the first run compares it with the documents and indexes again what differs.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from pathlib import Path

from knowledge.index.manifest_file import manifest_file
from knowledge.index.run import FORMAT
from knowledge.settings import KnowledgeSettings

_log = logging.getLogger("switchboard.knowledge")

_COPYING = ".sample-part"
_WORDS = Path("knowledge") / "words"


def prepared_folder(settings: KnowledgeSettings, model: Path) -> Path | None:
    """Where the sample's index for a model that was made ready lies, or has to be put: beside the model.

    Named by all that decides what is in it. None where the sample is not what is configured, or the index is on a server.
    """
    sample = settings.sample
    if sample is None or settings.chroma_url is not None:
        return None
    said = [FORMAT, model.name, settings.query_prompt, settings.document_prompt, settings.chunk_tokens, str(sample)]
    digest = hashlib.sha256(json.dumps(said).encode())
    for path in sorted(path for path in sample.rglob("*") if path.is_file()):
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return model.with_name(f"sample-{digest.hexdigest()[:16]}")


def start_with_sample(settings: KnowledgeSettings, model: Path) -> bool:
    """Copies the prepared index into a data folder that has none; tells whether it did.

    The manifest comes last: an index without one holds no documents. It is left by a process that was killed here, and replaced.
    Where the copy fails, the first run reads the documents.
    """
    manifest = manifest_file(settings.directory)
    data = manifest.parent
    part = data / _COPYING
    shutil.rmtree(part, ignore_errors=True)  # left by a process that was killed
    prepared = prepared_folder(settings, model)
    if prepared is None or not prepared.is_dir() or manifest.exists():
        return False
    try:
        copy_durably(prepared, part)
        for place in (_WORDS, Path(settings.directory.name), Path(manifest.name)):
            _replace(part / place, data / place)
    except OSError as error:
        _log.warning("the prepared index of the sample is not used: %s", error)
        return False
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return True


def copy_durably(source: Path, target: Path) -> None:
    """Copies a folder, as files of this process's own, which are on the disk when this returns."""
    target.mkdir(parents=True)
    for path in sorted(source.rglob("*")):
        copy = target / path.relative_to(source)
        if path.is_dir():
            copy.mkdir()
            continue
        shutil.copyfile(path, copy)
        with copy.open("rb+") as content:
            os.fsync(content.fileno())


def _replace(source: Path, target: Path) -> None:
    if source.exists():
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
