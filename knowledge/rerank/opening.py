"""Finds the cross-encoder of RERANKER_MODEL; one without a graph for ONNX Runtime is exported, once, in a process of its own."""

from __future__ import annotations

import logging
import shutil
import subprocess
from pathlib import Path

from core.domain.errors import ConfigError
from knowledge.embed.model_files import locate
from knowledge.process.programs import PACKAGES, command
from knowledge.rerank.cross_encoder import CrossEncoder, graph_in
from knowledge.settings import KnowledgeSettings

_log = logging.getLogger("switchboard.knowledge")

_PATIENCE = 600.0


def open_reranker(settings: KnowledgeSettings) -> CrossEncoder | None:
    """None where none is configured. Raises ConfigError."""
    name = settings.reranker_model
    if name is None:
        return None
    files = locate(name)
    if files.folder is None:
        raise ConfigError(
            f"RERANKER_MODEL {name!r} is not on this machine. Give a folder that holds the model, set RERANKER_URL to a "
            "server that runs it, or leave the setting out."
        )
    if graph_in(files.folder) is not None:
        return CrossEncoder(files.folder, name)
    made = (settings.models or settings.directory.parent / "models") / f"reranker-{files.digest}"
    if graph_in(made) is None:
        _export(files.folder, made, name)
    return CrossEncoder(made, name)


def _export(source: Path, made: Path, name: str) -> None:
    """It has its name only when it is whole."""
    _log.warning("%s is made ready for ONNX Runtime; this is done once", name)
    part = made.with_name(f".part-{made.name}")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        order = [*command("knowledge.rerank.export"), str(source), str(part)]
        done = subprocess.run(order, cwd=PACKAGES, capture_output=True, timeout=_PATIENCE, check=False)  # noqa: S603 - ours
        if done.returncode:
            said = (done.stderr.decode(errors="replace").strip().splitlines() or ["it ended without a word"])[-1]
            raise ConfigError(f"RERANKER_MODEL {name!r} cannot be run: {said[:300]}")
        part.rename(made)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(f"RERANKER_MODEL {name!r} cannot be made ready: {error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
