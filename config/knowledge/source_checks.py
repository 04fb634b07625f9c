"""What ``switchboard doctor`` says of each source of knowledge: whether it is there, and may be read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from config.knowledge import knowledge_parts
from config.settings import Settings
from core.ports.channel import Diagnosis
from knowledge.sources import Catalog, resolve
from knowledge.sources.examine import examine
from knowledge.sources.options import SourceOptions
from knowledge.sources.secrets import without_secret

KNOWLEDGE = "knowledge"
"""The name under which it is told, and by which it is asked for."""
_AT_ONCE = 8


async def check_sources(settings: Settings) -> Sequence[Diagnosis]:
    """One diagnosis for each source that is configured, in their order."""
    told = knowledge_parts.knowledge_settings(settings)
    catalog = Catalog(told.sources, told.mirrors, told.learned)
    slots = asyncio.Semaphore(_AT_ONCE)

    async def check(options: SourceOptions) -> Diagnosis:
        async with slots:
            found = await examine(options, catalog)
        return Diagnosis(without_secret(options.address), found.ok, found.detail, found.fix)

    roots = resolve(knowledge_parts.knowledge_sources(settings))
    return await asyncio.gather(*(check(catalog.options(root)) for root in dict.fromkeys(roots)))
