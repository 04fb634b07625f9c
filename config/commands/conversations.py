"""``switchboard evaluate --conversations``: transcripts through the agent, and what of each answer customers would read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import click
import numpy as np

from config.agent_parts import agent_settings, make_uncounted_model
from config.commands.evaluate import knowledge_roots
from config.commands.safe_echo import echo_line
from config.company_tools import company_tools
from config.conversations.recorded_model import Noise, RecordedVerifier
from config.conversations.replay import Replay, VerifierFor
from config.conversations.report import as_json, as_lines
from config.conversations.transcript import read_transcripts
from config.knowledge import knowledge_parts
from config.settings import Settings, read_settings
from core.agent.tokens import estimate
from core.clock import SystemClock
from core.domain.errors import ConfigError
from core.domain.knowledge import Passage
from knowledge.chunk.chunker import Chunker
from knowledge.evaluation.question_set import chunk_files
from knowledge.open import SAMPLE
from knowledge.search.memory import memory_corpus
from knowledge.settings import KnowledgeSettings
from knowledge.sources import Catalog, scan


class _EstimatedTokens:
    """Implements TokenCounter without the model: passages are about as long as in the index."""

    limit = 254

    def count(self, texts: Sequence[str]) -> list[int]:
        """See TokenCounter."""
        return [estimate(text) for text in texts]


def run(file: Path, verifier: str, noise: Noise, *, as_data: bool) -> int:
    """0 where nothing failed. Raises ConfigError for a broken file."""
    settings = read_settings()
    known, transcripts = read_transcripts(file)

    async def replay() -> int:
        async with AsyncExitStack() as closing:
            tools = list(company_tools(settings).values())
            judge = _verifier(settings, verifier, noise, closing)
            replay = Replay(known, knowledge_passages(settings), agent_settings(settings), judge, tools)
            found = as_json(await replay.run(transcripts))
        if as_data:
            click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        else:
            for line in as_lines(found):
                echo_line(line)
        return 1 if found["failed"] else 0

    return asyncio.run(replay())


def _verifier(settings: Settings, kind: str, noise: Noise, closing: AsyncExitStack) -> VerifierFor:
    if kind == "scripted":
        return lambda case, turn: RecordedVerifier(case.id, turn, noise)
    if kind == "none":
        return lambda case, turn: None
    if not settings.has_model:
        raise ConfigError("--verifier model needs a model: set OPENAI_API_KEY or OPENAI_BASE_URL.")

    model = make_uncounted_model(settings, SystemClock(), closing)
    return lambda case, turn: model


def knowledge_passages(settings: Settings) -> list[Passage]:
    """What the hub answers from, else the sample."""
    knowledge: KnowledgeSettings = knowledge_parts.knowledge_settings(settings)
    catalog = Catalog(knowledge.sources, knowledge.mirrors, knowledge.learned)
    files = scan(knowledge_roots(settings, knowledge) or [str(SAMPLE)], catalog).files
    chunks = chunk_files(files, Chunker(_EstimatedTokens(), knowledge.chunk_tokens))
    return list(memory_corpus(chunks, lambda texts: np.zeros((len(texts), 1), np.float32)).held)
