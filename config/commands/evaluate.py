"""``switchboard evaluate``: how well a question set is answered by the search, with the model that is configured."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from config.knowledge import knowledge_parts
from config.settings import Settings, read_settings
from core.domain.errors import ConfigError
from knowledge.calibrate.labelled import read_labelled
from knowledge.embed.opening import open_embedder
from knowledge.evaluation.evaluate import Evaluation
from knowledge.evaluation.question_set import SAMPLE_QUESTIONS, QuestionSet, question_sets
from knowledge.evaluation.report import compared, described, keep, last_run
from knowledge.open import SAMPLE


def run(folder: str | None, split: str) -> int:
    """0 when every set was asked. Raises ConfigError for a folder that holds no question set."""
    settings = read_settings()
    sets = _sets(settings, folder, None if split == "all" else split)
    kept = settings.data_dir / "evaluations"
    before = last_run(kept)
    knowledge = knowledge_parts.knowledge_settings(settings)
    embedder = open_embedder(knowledge)
    evaluation = Evaluation(
        embedder,
        knowledge.chunk_tokens,
        SAMPLE,
        tell=lambda line: click.echo(f"{line} …", err=True),
        labelled=read_labelled(knowledge.labelled) if knowledge.labelled is not None else None,
    )
    results = []
    for each in sets:
        result = evaluation.run(each, settings.knowledge_threshold)
        lines = [*described(result), compared(result, before)]
        click.echo("\n".join(line for line in lines if line))
        results.append(result)
    about = {"model": embedder.name, "fingerprint": embedder.fingerprint, "split": split}
    figures, drawn = keep(results, about, kept, datetime.now(UTC))
    click.echo(f"Kept in {figures} and {drawn}")
    return 0


def _sets(settings: Settings, folder: str | None, split: str | None) -> list[QuestionSet]:
    """What is named, else CORPUS_DIR, else the questions to the sample knowledge."""
    chosen = Path(folder) if folder else settings.corpus_dir or SAMPLE_QUESTIONS
    if not chosen.is_dir():
        raise ConfigError(f"{chosen} is no folder.")
    return question_sets(chosen, split)
