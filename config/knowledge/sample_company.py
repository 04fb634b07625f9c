"""The fictional company's name goes when the sample documents gave way to a company's own in the index."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence

from sqlalchemy.exc import DBAPIError

from config.knowledge import knowledge_parts
from config.settings import Settings
from knowledge.index.indexed_roots import IndexedRoot, indexed_roots
from knowledge.index.manifest_file import manifest_file, open_manifest


def without_sample_company(settings: Settings) -> Settings:
    """The same settings without the sample's name, where documents were indexed by hand and COMPANY_NAME is not set."""
    if "company_name" in settings.model_fields_set or settings.chroma_url or not settings.company_name:
        return settings
    told = knowledge_parts.knowledge_settings(settings)
    if not manifest_file(told.directory).exists():
        return settings
    with contextlib.suppress(DBAPIError):
        database = open_manifest(told)
        try:
            if sample_left(settings, indexed_roots(database, time.time())):
                return settings.model_copy(update={"company_name": ""})
        finally:
            database.close()
    return settings


def sample_left(settings: Settings, held: Sequence[IndexedRoot]) -> bool:
    """Whether the sample is configured, and gave way to documents of a company's own."""
    stands_in = knowledge_parts.sample_stands_in(settings)
    return stands_in is not None and bool(held) and all(one.root != stands_in for one in held)
