"""The wire between our processes carries any value and recognises what is not a frame."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.knowledge import IndexProgress, IndexReport, KnowledgeAudience, Passage
from knowledge.documents import Block, BlockKind, Document, FaqEntry
from knowledge.process.frames import LENGTH, MOST_BYTES, BrokenFrame, body_length, decode, encode, read
from knowledge.process.wire import (
    document_frame,
    document_from,
    passage_frame,
    passage_from,
    progress_frame,
    progress_from,
    report_frame,
    report_from,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(st.lists(st.dictionaries(st.text(), JSON, max_size=4), max_size=4))
def test_frames_come_back_as_they_were_sent(frames: list[dict[str, object]]) -> None:
    stream = io.BytesIO(b"".join(encode(frame) for frame in frames))

    assert [read(stream) for _ in frames] == frames
    assert read(stream) is None


@given(st.integers(0, 30))
def test_a_frame_that_was_cut_off_is_an_end(length: int) -> None:
    data = encode({"query": "How do I reset my password?"})

    assert read(io.BytesIO(data[:length])) is None


@pytest.mark.parametrize("body", [b"[1]", b"{", b"\xff"])
def test_what_is_not_a_frame_is_refused(body: bytes) -> None:
    with pytest.raises(BrokenFrame):
        decode(body)


def test_a_length_that_no_frame_has_is_refused_before_it_is_read() -> None:
    with pytest.raises(BrokenFrame):
        body_length(LENGTH.pack(MOST_BYTES + 1))


def test_values_come_back_equal() -> None:
    passage = Passage("i", "d", "t", "c", "s", 0.5, page=3, audience=KnowledgeAudience.STAFF)
    document = Document("t", (Block(BlockKind.TABLE, "| a |", page=1),), (FaqEntry("q", "a", keywords=("k",)),))
    report = IndexReport(1, 2, 3, 4, (("file", "reason"),), 0.5)
    progress = IndexProgress(1, 2, "doc")

    def through(frame: dict[str, object]) -> dict[str, object]:
        return decode(encode(frame)[LENGTH.size :])

    assert passage_from(through(passage_frame(passage))) == passage
    assert document_from(through(document_frame(document))) == document
    assert report_from(through(report_frame(report))) == report
    assert progress_from(through(progress_frame(progress))) == progress
