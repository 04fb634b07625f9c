"""Commands that only look load no library that they do not use: people wait for them, and each costs time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_RUN = """
import sys
from config.cli import main
try:
    main({arguments!r})
except SystemExit:
    pass
import json
print(json.dumps(sorted(name for name in sys.modules if name in {heavy!r})))
"""
_MODELS = ("torch", "transformers", "sentence_transformers", "chromadb", "onnxruntime", "openai", "markitdown", "numpy")
_SERVER = ("aiohttp", "obstore", "handoff.slack_desk", "channels.web.adapter", "core.agent.loop", "alembic")
_DATABASE = ("sqlalchemy", "asyncpg", "core.storage.store")


@pytest.mark.parametrize(
    ("command", "needless"),
    [
        ("doctor", (*_MODELS, *_SERVER, *_DATABASE)),
        ("gaps", (*_MODELS, *_SERVER)),
        ("index --status", (*_MODELS, *_SERVER)),
    ],
)
def test_a_command_that_only_looks_loads_only_what_it_uses(
    tmp_path: Path, sqlite_url: str, command: str, needless: tuple[str, ...]
) -> None:
    (tmp_path / "var").mkdir(mode=0o700)
    Path(sqlite_url.partition(":///")[2]).rename(tmp_path / "var/switchboard.db")
    program = _RUN.format(arguments=command.split(), heavy=needless)
    environment = {"DATA_DIR": str(tmp_path / "var"), "PATH": os.environ["PATH"]}
    ran = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout.splitlines()[-1]) == [], ran.stdout
