"""Values of the domain as JSON and back, for the pipe between our own processes."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any, TypeVar

from pydantic import TypeAdapter

from core.domain.knowledge import IndexProgress, IndexReport, Passage
from knowledge.documents import Document
from knowledge.embed.wellformed import well_formed
from knowledge.process.frames import Frame
from knowledge.settings import KnowledgeSettings

T = TypeVar("T")

_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {
    kind: TypeAdapter(kind) for kind in (Document, IndexReport, KnowledgeSettings, Passage)
}


_OF_PASSAGE = tuple(each.name for each in fields(Passage))


def settings_frame(settings: KnowledgeSettings) -> Frame:
    """Settings for the child process."""
    return _dump(settings)


def settings_from(frame: Frame) -> KnowledgeSettings:
    """Settings as the parent process was given them."""
    return _load(KnowledgeSettings, frame)


def passage_frame(passage: Passage) -> Frame:
    """Its fields as they are: passages are on the path of every question, so nothing is checked or copied."""
    return {name: getattr(passage, name) for name in _OF_PASSAGE}


def passage_from(frame: Frame) -> Passage:
    """A passage that the knowledge process found."""
    return _load(Passage, frame)


def progress_frame(progress: IndexProgress) -> Frame:
    """How far a run is."""
    return asdict(progress)


def progress_from(frame: Frame) -> IndexProgress:
    """How far a run is."""
    return IndexProgress(**frame)


def report_frame(report: IndexReport) -> Frame:
    """What a run did."""
    return _dump(report)


def report_from(frame: Frame) -> IndexReport:
    """What a run did."""
    return _load(IndexReport, frame)


def document_frame(document: Document) -> Frame:
    """A converted document, in characters that every store takes: PostgreSQL has no NUL in texts, UTF-8 no half of a pair."""
    frame: Frame = _storable(_dump(document))
    return frame


def document_from(frame: Frame) -> Document:
    """A converted document."""
    return _load(Document, frame)


def _storable(value: Any) -> Any:
    match value:
        case str():
            return well_formed([value.replace("\0", "\ufffd")])[0]
        case list():
            return [_storable(each) for each in value]
        case dict():
            return {key: _storable(each) for key, each in value.items()}
        case _:
            return value


def _dump(value: Any) -> Frame:
    dumped: Frame = _ADAPTERS[type(value)].dump_python(value, mode="json")
    return dumped


def _load(kind: type[T], frame: Frame) -> T:
    loaded: T = _ADAPTERS[kind].validate_python(frame)
    return loaded
