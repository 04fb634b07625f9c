"""Where the tests keep the embedding model that was made ready: once for all hubs, and for the next run as well.

An installation that was prepared has it already, and beside it the sample's index, with which an empty data folder starts. The
tests take the model alone, so that they find the same whether ``make run`` came before them or not.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path

from knowledge.embed.exported import SHIPPED, description_of
from tests.servers.programs import ROOT

MODELS = ROOT / "tests" / ".artifacts" / "models"


def _take_over() -> None:
    for model in SHIPPED.glob("*"):
        if description_of(model) is None or (MODELS / model.name).exists():
            continue
        MODELS.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=MODELS, prefix=".taken-") as place, contextlib.suppress(OSError):
            shutil.copytree(model, Path(place) / model.name).rename(MODELS / model.name)


_take_over()
