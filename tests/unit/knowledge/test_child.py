"""The near end of the knowledge process."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from knowledge.process import child
from knowledge.process.child import KnowledgeProcess, _Call
from knowledge.process.frames import Frame
from knowledge.settings import KnowledgeSettings


async def test_who_fails_at_showing_progress_gets_the_answer_all_the_same(tmp_path: Path) -> None:
    process = KnowledgeProcess(KnowledgeSettings(directory=tmp_path / "chroma"))
    told: list[Frame] = []

    def show(progress: Frame) -> None:
        told.append(progress)
        raise BrokenPipeError("the terminal is gone")

    call = process._calls[1] = _Call(asyncio.get_running_loop().create_future(), show)
    for frame in ({"id": 1, "progress": {"done": 1}}, {"id": 1, "progress": {"done": 2}}, {"id": 1, "result": "done"}):
        process._on_answer(frame)

    assert told == [{"done": 1}], "and is not told again"
    assert await call.answer == "done"


def test_whoever_answers_late_is_not_stuck(tmp_path: Path) -> None:
    """A burst of questions makes answers late; replacing the process would make all of them none."""
    process = KnowledgeProcess(KnowledgeSettings(directory=tmp_path / "chroma"))
    process._silences = 2

    process._on_answer({"id": 7, "progress": {"done": 1}})
    assert process._silences == 2, "what indexes may go on while questions are stuck"
    process._on_answer({"id": 8, "error": "nobody waits any more"})
    assert process._silences == 0


async def test_what_the_process_complains_of_goes_into_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """There secrets are hidden; on the standard error they are not."""
    code = "import sys; print('cannot open s3://key:hunter22@bucket', file=sys.stderr)"
    monkeypatch.setattr(child, "command", lambda _module: [sys.executable, "-c", code])
    process = KnowledgeProcess(KnowledgeSettings(directory=tmp_path / "chroma"))
    assert not await process._one_life()
    assert "cannot open s3://key:hunter22@bucket" in caplog.text
