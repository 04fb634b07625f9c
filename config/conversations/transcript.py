"""Transcripts: what customers wrote, what a model answered, and what of it they should read.

``docs/reference/conversations-format.md`` describes the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from core.agent.sentences import sentences
from core.domain.errors import ConfigError

_KEY = re.compile(r"@([\w-]+)")
_MARKER = re.compile(r"[ \t]*\[(?:@[\w-]+|\d+)(?:\s*,\s*(?:@[\w-]+|\d+))*\]")


class Expected(StrEnum):
    """What should become of an answer. UNKNOWN: the customer should be told that the answer is not known."""

    SHOW = "SHOW"
    SHOW_PART = "SHOW-PART"
    WITHHOLD = "WITHHOLD"
    UNKNOWN = "UNKNOWN"


def _as_text(value: object) -> object:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True)


class RecordedCall(_Entry):
    """A call of a tool. Without a ``result`` an installed tool of that name is asked, if it changes nothing."""

    name: str
    args: Mapping[str, Any] = {}
    result: Annotated[str | None, BeforeValidator(_as_text)] = None
    effect: bool = False


class SentFile(_Entry):
    """A customer's file, as the text that was read in it."""

    name: str
    text: str


class RecordedQuote(_Entry):
    """Words of a source; ``source`` is its key, with or without ``@``."""

    source: str
    quote: str


class RecordedPart(_Entry):
    """A part of a structured answer."""

    kind: str
    text: str
    rests_on: tuple[RecordedQuote, ...] = ()


class RecordedTurn(_Entry):
    """A message and its answer. Without ``expect`` it is history.

    ``bad`` must not be shown, the loss of ``soft`` does not count, ``refused`` is what a verifier finds unsupported.
    ``given``: keys of sources that the model had and does not cite.
    """

    user: str
    reply: str = ""
    parts: tuple[RecordedPart, ...] = ()
    expect: Expected | None = None
    bad: tuple[str, ...] = ()
    soft: tuple[str, ...] = ()
    refused: tuple[str, ...] | None = Field(None, alias="false")
    calls: tuple[tuple[RecordedCall, ...], ...] = ()
    search: str = ""
    again: str = ""
    given: tuple[str, ...] = ()
    files: tuple[SentFile, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> RecordedTurn:
        if bool(self.reply) is bool(self.parts):
            raise ValueError("a turn needs either a reply or parts")
        return self

    @model_validator(mode="after")
    def _names_bad(self) -> RecordedTurn:
        if self.expect is Expected.SHOW_PART and not self.bad:
            raise ValueError("SHOW-PART needs bad: the sentences that must not be shown")
        return self

    @property
    def sentences(self) -> list[str]:
        """Of the answer, without markers."""
        texts = [part.text for part in self.parts] or [self.reply]
        return [bare for text in texts for one in sentences(without_markers(text)) if (bare := one.strip())]

    @property
    def unwanted(self) -> Sequence[str]:
        """What must not be shown."""
        return self.bad or (self.sentences if self.expect is Expected.WITHHOLD else ())

    @property
    def keys(self) -> list[str]:
        """Of the sources that the answer rests on, each once."""
        quoted = [quote.source for part in self.parts for quote in part.rests_on]
        marked = [key for mark in _MARKER.findall(self.reply) for key in _KEY.findall(mark)]
        return list(dict.fromkeys(key.removeprefix("@") for key in (*quoted, *marked, *self.given)))


class Transcript(_Entry):
    """One conversation; ``line`` is where it stands in the file."""

    id: str
    cat: str = "other"
    lang: str = "en"
    locale: str | None = None
    turns: tuple[RecordedTurn, ...]
    line: int = 0

    @model_validator(mode="after")
    def _judged(self) -> Transcript:
        if not any(turn.expect for turn in self.turns):
            raise ValueError("no turn has expect: nothing would be judged")
        return self


class Known(_Entry):
    """The file's first line: texts by which sources are found in the knowledge, and sources that the file brings."""

    anchors: Mapping[str, tuple[str, ...]] = {}
    sources: Mapping[str, str] = {}


def without_markers(text: str) -> str:
    """An answer as the customer reads it."""
    return _MARKER.sub("", text)


def read_transcripts(path: Path) -> tuple[Known, list[Transcript]]:
    """Raises ConfigError that names the line."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    known = Known()
    found: list[Transcript] = []
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line) if line.strip() else None
            if isinstance(row, dict) and "turns" not in row and not found:
                known = Known.model_validate(row)
            elif row is not None:
                found.append(Transcript.model_validate(row).model_copy(update={"line": number}))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise ConfigError(f"{path}, line {number}: {where or 'it'}: {first['msg']}") from None
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"{path}, line {number}: {error}") from None
    if not found:
        raise ConfigError(f"{path} holds no conversation.")
    return known, found
