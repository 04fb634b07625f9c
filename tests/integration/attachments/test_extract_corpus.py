"""Other people's files: each is read, found empty, or refused with a reason. None of them takes the hub down."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from config import parts
from core.attachments.extract import ConfinedExtractor
from core.attachments.media_type import AttachmentPolicy, identify
from core.domain.errors import InvalidInput
from core.ports.confined import ConfinedCalls
from tests.corpus import corpus_files

_FILES = corpus_files("attachments")
_REFUSED = {"random.bin"}
_SLOW_FILES = {"MEDRPT-2024-PAT-3847_medical_report_scan.pdf", "test_files.zip"}
_RECORDED = {"test.m4a": "audio/mp4", "test.mp3": "audio/mpeg", "test.wav": "audio/wav"}
_EMPTY = {*_RECORDED}
_HOLDS = {
    "test.docx": "AutoGen",
    "test.pdf": "Large language models",
    "test.pptx": "AutoGen",
    "test.xlsx": "Alpha",
    "test.xls": "Alpha",
    "test_mskanji.csv": "佐藤太郎",
    "test_outlook_msg.msg": "test.sender@example.com",
    "test.epub": "Test EPUB Document",
    "test_notebook.ipynb": "Test Notebook",
    "MEDRPT-2024-PAT-3847_medical_report_scan.pdf": "PAT-3847",
    "test.jpg": "AutoGen",
    "RECEIPT-2024-TXN-98765_retail_purchase.pdf": "TECHMART",
}


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def calls() -> AsyncIterator[ConfinedCalls]:
    async with AsyncExitStack() as closing:
        yield parts.make_confined(closing).files


def _marked(path: Path) -> Any:
    """Two that take ten seconds each are left to the soak; scans of our own are in test_pictures.py."""
    return pytest.param(path, marks=pytest.mark.soak(small=False)) if path.name in _SLOW_FILES else path


@pytest.mark.parametrize("path", [_marked(path) for path in _FILES], ids=lambda path: path.name)
async def test_each_file_is_read_or_refused_for_a_reason(path: Path, calls: ConfinedCalls) -> None:
    try:
        media_type = identify(path, name=path.name, declared_type=None, policy=AttachmentPolicy())
    except InvalidInput:
        media_type = None
    assert (media_type is None) is (path.name in _REFUSED)
    if media_type is None:
        return
    assert _RECORDED.get(path.name, media_type) == media_type
    text = await ConfinedExtractor(calls).extract(path, name=path.name, media_type=media_type)
    assert (text == "") is (path.name in _EMPTY)
    assert _HOLDS.get(path.name, "") in text
