"""What a command's parts log goes to the standard error, without the secrets of the settings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_CODE = """
import logging, os
import structlog
from config.cli import main

@main.command("warn")
def warn():
    logging.getLogger("library").warning("refused with %s", os.environ["SECRET_KEY"])
    structlog.get_logger("hub").error("refused", sent=os.environ["SECRET_KEY"])
    structlog.get_logger("hub").info("of no interest")

main(["warn"])
"""


def test_the_log_of_a_command_hides_secrets(tmp_path: Path) -> None:
    secret = "a-secret-key-of-32-characters-at-least"
    environment = {"SECRET_KEY": secret, "DATA_DIR": str(tmp_path), "PATH": ""}
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", _CODE], env=environment, cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    assert done.stderr.count("refused") == done.stderr.count("[hidden]") == 2
    assert secret not in done.stderr
