"""The passages and files that the model was given in this turn, each under the one number it may be cited by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from core.agent.excerpt import clip
from core.agent.files import cite_file
from core.agent.tokens import estimate, trim
from core.domain.attachments import Attachment
from core.domain.knowledge import Passage, Retrieval
from core.domain.messages import Citation

_TAG = re.compile(r"<(?=\s*/?\s*(?:source|sources|customer_file)\b)", re.IGNORECASE)
_SECTIONS = 2
"""What stands around the best passages is often the answer's other half; around more of them it is only more to read."""
_SPACE = re.compile(r"\s+")
_BLOCK_TOKENS = 180
"""At most, what the frame of a source takes beside its text: its number and the names of its place."""


@dataclass(frozen=True, slots=True)
class Source:
    """What may be cited, and the ``text`` of it that the model reads. ``supported``: good enough to answer from.

    ``of_company``: it is from the company's documents, and not a customer's own.
    """

    citation: Citation
    text: str
    supported: bool = True
    of_company: bool = field(default=False, compare=False)

    def with_more_of(self, other: Source) -> Source:
        """The same source found twice: of both what holds more, good enough to answer from when one of them is."""
        longer = other if len(other.text) > len(self.text) else self
        return replace(longer, supported=self.supported or other.supported)


def from_passage(passage: Passage, *, supported: bool, section: str | None = None) -> Source:
    """A FAQ entry is read with its question; a passage of a document as it stands, or with the ``section`` around it.

    What is read is what is cited, so that a source shows all that may have been taken from it.
    """
    if passage.question and passage.answer:
        return Source(passage.cite(), f"Q: {passage.question}\nA: {passage.answer}", supported, of_company=True)
    if section is not None:
        return Source(replace(passage.cite(), content=section), section, supported, of_company=True)
    return Source(passage.cite(), passage.content, supported, of_company=True)


def from_retrieval(found: Retrieval) -> tuple[Source, ...]:
    """All passages of a search, best first; the best with the sections that they stand in, each section once."""
    supported = {passage.id for passage in found.supported}
    sections = list(dict.fromkeys(one.parent for one in found.supported if one.parent and not one.answer))[:_SECTIONS]
    sources: list[Source] = []
    for passage in found.passages:
        section = passage.parent if passage.parent in sections and passage.id in supported else None
        if section is not None:
            sections.remove(section)
        sources.append(from_passage(passage, supported=passage.id in supported, section=section))
    return tuple(sources)


def from_file(file: Attachment, text: str) -> Source:
    """A customer's file, or the part of it that fits."""
    return Source(cite_file(file, text, 1.0), text)


def _attribute(value: str) -> str:
    return clip(_SPACE.sub(" ", value).replace('"', "'").replace("<", "‹").replace(">", "›").strip(), 160)


def defuse(text: str) -> str:
    """Text that cannot close the block it stands in, nor open another."""
    return _TAG.sub("‹", text)


class Sources:
    """Numbers sources from 1 in the order in which the model gets them; the same source keeps its number."""

    def __init__(self) -> None:
        self._by_number: dict[int, Source] = {}
        self._numbers: dict[str, int] = {}

    def __contains__(self, number: int) -> bool:
        return number in self._by_number

    def __iter__(self) -> Iterator[tuple[int, Source]]:
        return iter(self._by_number.items())

    def is_of_company(self, number: int) -> bool:
        """Whether it is from the company's documents."""
        return self._by_number[number].of_company

    def text(self, number: int) -> str:
        """Everything that the model read of it."""
        citation = self._by_number[number].citation
        names = (citation.title, citation.section, citation.url)
        return "\n".join([*(name for name in names if name), self._by_number[number].text])

    def passage(self, number: int) -> str:
        """The same with its names as a heading: what is said there, and what of."""
        citation = self._by_number[number].citation
        names = " › ".join(dict.fromkeys(name for name in (citation.title, citation.section) if name))
        return f"# {names}\n{self._by_number[number].text}"

    def citation(self, number: int) -> Citation:
        """What the number stands for."""
        return self._by_number[number].citation

    def add(self, source: Source) -> int:
        """Its number, new or old. What a second search finds to fit is good enough from then on."""
        known = self._numbers.get(source.citation.id)
        if known is not None:
            self._by_number[known] = self._by_number[known].with_more_of(source)
            return known
        number = len(self._by_number) + 1
        self._by_number[number] = source
        self._numbers[source.citation.id] = number
        return number

    def show(self, sources: Iterable[Source], *, budget: int | None = None) -> str:
        """The sources as blocks of data for the model, numbered. One that does not fit into ``budget`` tokens gets no number."""
        blocks: list[str] = []
        for source in sources:
            room = None if budget is None else budget - sum(map(estimate, blocks))
            if room is not None and estimate(source.text) + _BLOCK_TOKENS > room:
                if blocks or room <= _BLOCK_TOKENS:
                    break
                text = trim(source.text, room - _BLOCK_TOKENS)
                source = replace(source, text=text, citation=replace(source.citation, content=text))
            number = self.add(source)
            blocks.append(self._block(number, self._by_number[number]))
        return "\n".join(blocks)

    def _block(self, number: int, source: Source) -> str:
        citation = source.citation
        names = {"title": citation.title, "section": citation.section, "page": citation.page and str(citation.page)}
        attributes = "".join(f' {key}="{_attribute(value)}"' for key, value in names.items() if value)
        return f'<source number="{number}"{attributes}>\n{defuse(source.text)}\n</source>'
