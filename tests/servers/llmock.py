"""A server that speaks the OpenAI protocol and answers from fixtures (@copilotkit/aimock), on loopback."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.servers import programs
from tests.servers.process import ServerProcess, free_port, listens


class LlMock:
    """``fixtures`` as in aimock's files: ``[{"match": {…}, "response": {…}}]``. Unmatched requests are errors."""

    def __init__(self, home: Path, fixtures: Sequence[Mapping[str, Any]], *flags: str) -> None:
        home.mkdir(parents=True, exist_ok=True)
        file = home / "fixtures.json"
        file.write_text(json.dumps({"fixtures": list(fixtures)}), encoding="utf-8")
        self.port = free_port()
        self._process = ServerProcess(
            [
                programs.node(),
                programs.peer("@copilotkit/aimock/dist/cli.js"),
                *("--host", "127.0.0.1", "--port", str(self.port), "--fixtures", str(file), "--strict", *flags),
            ],
            log=home / "llmock.log",
            cwd=home,
        )

    @property
    def url(self) -> str:
        """As in OPENAI_BASE_URL."""
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        """Start and wait until it takes connections."""
        self._process.start()
        self._process.wait_ready(lambda: listens(self.port))

    def stop(self) -> None:
        """End it."""
        self._process.end()

    def log_tail(self) -> str:
        """What it wrote last."""
        return self._process.log_tail()
