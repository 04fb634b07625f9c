"""``python -m bench beside``: the figures of docs/reference/retrieval-compared.md."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, quantiles

from bench.beside.contract import read
from bench.beside.watch import ROOT, Watched, watch
from bench.report import Report, commit_of, machine
from knowledge.embed.exported import Precision
from knowledge.embed.ready import make_ready
from knowledge.evaluation.measures import hit, ndcg
from tests.servers.models import MODELS

PAGE = ROOT / "docs" / "reference" / "retrieval-compared.md"
RIVALS = ROOT / "bench" / ".venv"
OURS = "Switchboard"
_PROGRAMS = {OURS: "switchboard", "LangChain": "langchain", "LlamaIndex": "llamaindex", "Haystack": "haystack"}
_LENGTHS = {"its own default": 0, "passages of 128 tokens": 128}


@dataclass(frozen=True, slots=True)
class Row:
    """One program on one set with one way of cutting."""

    name: str
    lengths: str
    passages: int
    characters_per_second: float
    p50_ms: float
    p99_ms: float
    peak_mb: float
    hit: float
    ndcg: float

    def cells(self) -> list[str]:
        """For a table."""
        return [
            self.name,
            self.lengths,
            f"{self.passages:,}",
            f"{self.characters_per_second / 1000:,.1f}",
            f"{self.p50_ms:.1f}",
            f"{self.p99_ms:.1f}",
            f"{self.peak_mb:,.0f}",
            f"{self.hit:.3f}",
            f"{self.ndcg:.3f}",
        ]


def run(_report: Report) -> None:
    """All programs on all sets of CORPUS_DIR, one after the other; writes the page."""
    folder = os.environ.get("CORPUS_DIR")
    if folder is None:
        sys.exit("Set CORPUS_DIR to a folder that holds retrieval/<set>/{docs,queries}.jsonl.")
    _install_rivals()
    make_ready(None, Precision.FP32, MODELS)
    sets = sorted(path.parent for path in Path(folder, "retrieval").glob("*/docs.jsonl"))
    tables = {path.name: list(_rows(path)) for path in sets}
    _write(tables)
    print(f"Written to {PAGE}.")


def _rows(corpus: Path) -> Iterator[Row]:
    for lengths, tokens in _LENGTHS.items():
        for name, program in _PROGRAMS.items():
            if name == OURS and tokens:
                continue
            with tempfile.TemporaryDirectory(prefix="switchboard-bench-") as folder:
                python = sys.executable if name == OURS else str(RIVALS / "bin" / "python")
                questions = _questions(corpus, Path(folder))
                paths = (str(corpus / "docs.jsonl"), str(questions), folder, str(tokens))
                watched = watch([python, "-m", f"bench.beside.programs.with_{program}", *paths])
            row = _row(name, lengths if name != OURS else "128 tokens, its default", corpus, watched)
            print(" | ".join(row.cells()), flush=True)
            yield row


def _questions(corpus: Path, folder: Path) -> Path:
    """Of the test split, 200 at most: ranking is judged on them, and latency needs no more."""
    lines = [line for line in (corpus / "queries.jsonl").read_text().splitlines() if '"split": "dev"' not in line]
    step = max(1, len(lines) // 200)
    path = folder / "questions.jsonl"
    path.write_text("\n".join(lines[::step][:200]))
    return path


def _row(name: str, lengths: str, corpus: Path, watched: Watched) -> Row:
    measured = watched.measured
    characters = sum(len(document.whole) for document in read(corpus / "docs.jsonl"))
    relevant = _relevant(corpus / "queries.jsonl")
    ranked: Mapping[str, Sequence[str]] = measured["ranked"]
    points = quantiles((seconds * 1000 for seconds in measured["question_seconds"]), n=100)
    return Row(
        name=name,
        lengths=lengths,
        passages=measured["passages"],
        characters_per_second=characters / measured["index_seconds"],
        p50_ms=points[49],
        p99_ms=points[98],
        peak_mb=watched.peak_mb,
        hit=mean(hit(found, relevant[question], 5) for question, found in ranked.items()),
        ndcg=mean(ndcg(found, relevant[question]) for question, found in ranked.items()),
    )


def _relevant(path: Path) -> Mapping[str, frozenset[str]]:
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    return {str(row["id"]): frozenset(map(str, row["relevant"])) for row in rows}


def _install_rivals() -> None:
    """Into an environment of their own, so that ours stays what the lock says."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["bench"]
    stamp = RIVALS / ".installed"
    if stamp.exists() and stamp.read_text().splitlines() == wanted:
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(RIVALS)], check=True)
    subprocess.run([str(RIVALS / "bin" / "pip"), "install", "-qq", "--no-compile", *wanted], check=True)
    stamp.write_text("\n".join(wanted))


_LIMITS = (
    "## What limits it",
    "",
    "- Indexing is the model: on two cores without VNNI it embeds about 20 passages of 128 tokens a second in fp32, and 24",
    "  in int8 (`make bench ARGS=embedding`), whoever runs it. Several times as much as another program with the same",
    "  weights is not to be had there; programs that look faster cut passages off unread. Around the model, ours reads each",
    "  file in a process that may die over it, measures its threshold with about 300 questions, writes a manifest that a",
    "  crash leaves whole, and gives way to whoever asks. With many short documents, as in banking77, that is more than the",
    "  model.",
    "- Of a question's time the bare model is about 7 ms of a processor. The rest is the search for words in three fields,",
    "  and the way to the process of the model and back: it is another one, so that a document that breaks it does not end",
    "  the server.",
    "- Memory is at most half of the others' because nothing of ours loads PyTorch.",
    "",
)


def _write(tables: Mapping[str, Sequence[Row]]) -> None:
    head = "| program | passages | of them | 1,000 characters/s indexed | question p50 ms | p99 ms | peak MB | hit@5 | nDCG@10 |"
    lines = [
        "# Retrieval beside LangChain, LlamaIndex and Haystack",
        "",
        "Made by `CORPUS_DIR=... make bench ARGS=beside`. Each program runs alone, in its own process, with the same documents,",
        "the same weights (all-MiniLM-L6-v2) and its own recommended parts; the others also with passages as long as ours.",
        "Passages that are longer than the model reads are cut off unread, which is quick. A question's time includes its",
        "embedding. Memory is that of all processes together. Rankings are of the test split.",
        "",
        f"- date: {datetime.now(UTC):%Y-%m-%d}",
        f"- commit: {commit_of()}",
        f"- machine: {machine()}",
        "",
    ]
    for name, rows in tables.items():
        lines += [f"## {name}", "", head, "|---|---|---|---|---|---|---|---|---|"]
        lines += ["| " + " | ".join(row.cells()) + " |" for row in rows]
        lines += ["", *_ratios(rows), ""]
    PAGE.write_text("\n".join([*lines, *_LIMITS]))


def _ratios(rows: Sequence[Row]) -> list[str]:
    """Ours against the best of the others, figure by figure, also where another one is the best in each."""
    ours = next(row for row in rows if row.name == OURS)
    others = [row for row in rows if row.name != OURS]
    throughput = ours.characters_per_second / max(row.characters_per_second for row in others)
    whole = [row for row in others if row.lengths != "its own default"]
    alike = ours.characters_per_second / max(row.characters_per_second for row in whole)
    return [
        f"- index throughput: {throughput:.2f} times the best of them, {alike:.2f} times with passages like ours (aim: 3.5)",
        f"- question p50: {ours.p50_ms / min(row.p50_ms for row in others):.2f} of the best (aim: 0.5)",
        f"- question p99: {ours.p99_ms / min(row.p99_ms for row in others):.2f} of the best (aim: 0.5)",
        f"- peak memory: {ours.peak_mb / min(row.peak_mb for row in others):.2f} of the best (aim: 0.75)",
        f"- nDCG@10: {ours.ndcg:.3f} against {max(row.ndcg for row in others):.3f} (aim: no worse than any)",
    ]
