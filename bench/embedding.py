"""The embedding model alone: as the server runs it, rounded to int8, and as sentence-transformers runs it.

The same weights, the same texts, each in a process of its own, one after the other.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.report import Figure, Report
from bench.servers import ROOT
from knowledge.open import SAMPLE
from tests.servers.models import MODELS

PASSAGES, QUESTIONS = 300, 300
_WORDS = 85
"""Of a passage: about as many tokens as the index cuts."""
_SUBJECTS = ("sentence-transformers", "fp32", "int8")


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds, passages per second, milliseconds, megabytes. ``start`` is from nothing to the first vector."""

    start: float
    rate: float
    p50: float
    p99: float
    peak: float


def run(report: Report) -> None:
    """Times are of the processor, so that what else the machine does counts little."""
    _make_ready()
    found = {subject: _measured(subject) for subject in _SUBJECTS}
    reference = found["sentence-transformers"]
    for name in ("fp32", "int8"):
        own, beside = found[name], "sentence-transformers"
        report.add(
            Figure(f"embedding, {name}: start to first vector", own.start, "s", reference.start, beside, "0.3 s")
        )
        report.add(Figure(f"embedding, {name}: passages", own.rate, "/s", reference.rate, beside, "2.6 of it"))
        report.add(Figure(f"embedding, {name}: a question, p50", own.p50, "ms", reference.p50, beside))
        report.add(Figure(f"embedding, {name}: a question, p99", own.p99, "ms", reference.p99, beside))
        report.add(Figure(f"embedding, {name}: peak memory", own.peak, "MB", reference.peak, beside))


def _make_ready() -> None:
    from knowledge.embed.exported import Precision
    from knowledge.embed.ready import make_ready

    for precision in Precision:
        make_ready(None, precision, MODELS)


def _measured(subject: str) -> Measured:
    with tempfile.TemporaryDirectory(prefix="switchboard-bench-") as folder:
        began = time.perf_counter()
        child = subprocess.run(
            [sys.executable, "-m", "bench.embedding", subject, folder],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        said = json.loads(child.stdout.splitlines()[-1])
        return Measured(said["first"] - began, said["rate"], said["p50"], said["p99"], said["peak"])


def open_model(subject: str, folder: str) -> Any:
    """The embedder of this name, ready for a question."""
    if subject == "sentence-transformers":
        from knowledge.embed.sentence_transformer import SentenceTransformerEmbedder

        return SentenceTransformerEmbedder()
    from knowledge.embed.opening import open_embedder
    from knowledge.settings import KnowledgeSettings

    return open_embedder(
        KnowledgeSettings(directory=Path(folder) / "chroma", models=MODELS, embedding_precision=subject)
    )


def _texts() -> tuple[list[str], list[str]]:
    """Passages and questions from the documents of the sample."""
    words = " ".join(path.read_text("utf-8") for path in sorted(SAMPLE.rglob("*.md"))).split()
    words = words * (PASSAGES * _WORDS // len(words) + 1)
    passages = [" ".join(words[number * _WORDS : (number + 1) * _WORDS]) for number in range(PASSAGES)]
    return passages, [f"How about {' '.join(passage.split()[:6])}?" for passage in passages[:QUESTIONS]]


def _child(subject: str, folder: str) -> None:
    """One subject. ``first`` is on the clock that all processes of a machine share."""
    embedder = open_model(subject, folder)
    embedder.embed_questions(["first"])
    first = time.perf_counter()
    passages, questions = _texts()
    began = time.process_time()
    embedder.embed_documents(passages)
    rate = len(passages) / (time.process_time() - began)
    took = []
    for question in questions:
        began = time.process_time()
        embedder.embed_questions([question])
        took.append((time.process_time() - began) * 1000)
    took.sort()
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    p50, p99 = took[len(took) // 2], took[len(took) * 99 // 100]
    print(json.dumps({"first": first, "rate": rate, "p50": p50, "p99": p99, "peak": peak}))


if __name__ == "__main__":
    _child(*sys.argv[1:3])
