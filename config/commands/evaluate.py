"""``switchboard evaluate``: how well a question set is answered by the search, with the model that is configured."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from config.knowledge import knowledge_parts
from config.settings import Settings, read_settings
from core.domain.errors import ConfigError
from knowledge.calibrate.labelled import read_labelled
from knowledge.documents import SourceFile
from knowledge.embed.opening import open_embedder
from knowledge.evaluation.evaluate import Evaluation
from knowledge.evaluation.question_set import SAMPLE_QUESTIONS, QuestionSet, question_sets
from knowledge.evaluation.report import compared, described, keep, last_run
from knowledge.index.indexed_roots import indexed_roots
from knowledge.index.manifest_file import manifest_file, open_manifest
from knowledge.open import SAMPLE
from knowledge.settings import KnowledgeSettings
from knowledge.sources import Catalog, resolve, scan


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
        _files(settings, knowledge, sets),
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


def _files(settings: Settings, knowledge: KnowledgeSettings, sets: Sequence[QuestionSet]) -> Sequence[SourceFile]:
    """What sets without documents ask: what this hub answers from. The questions to the sample ask the sample."""
    if all(each.brings_documents for each in sets):
        return ()
    own = () if any(each.folder == SAMPLE_QUESTIONS for each in sets) else knowledge_roots(settings, knowledge)
    found = scan(own or [str(SAMPLE)], Catalog(knowledge.sources, knowledge.mirrors, knowledge.learned))
    for place, reason in found.failures:
        click.echo(f"not asked: {place}: {reason}", err=True)
    click.echo(f"Sets without documents ask {len(found.files)} of {'your own' if own else 'the sample'}.", err=True)
    return found.files


def knowledge_roots(settings: Settings, knowledge: KnowledgeSettings) -> list[str]:
    """What is configured, and what somebody named on the command line, to which the sample gives way."""
    configured = resolve(knowledge_parts.knowledge_sources(settings))
    named: list[str] = []
    if knowledge.chroma_url or manifest_file(knowledge.directory).exists():
        database = open_manifest(knowledge)
        try:
            named = [one.root for one in indexed_roots(database, time.time()) if one.named]
        finally:
            database.close()
    stand_in = knowledge_parts.sample_stands_in(settings) if named else None
    return [one for one in dict.fromkeys([*configured, *named]) if one != stand_in]


def _sets(settings: Settings, folder: str | None, split: str | None) -> list[QuestionSet]:
    """What is named, else CORPUS_DIR, else the questions to the sample knowledge."""
    chosen = Path(folder) if folder else settings.corpus_dir or SAMPLE_QUESTIONS
    if not chosen.is_dir():
        raise ConfigError(f"{chosen} is no folder.")
    return question_sets(chosen, split)
