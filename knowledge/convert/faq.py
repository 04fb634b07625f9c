"""Reads FAQ files: a list of ``{question, answer, category, keywords}`` in YAML or JSON, alone or under a head for all."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import yaml

from core.domain.knowledge import KnowledgeAudience
from knowledge.convert.audience import is_name, refused, says_staff
from knowledge.convert.data import load_json, load_yaml
from knowledge.convert.markdown import language_code
from knowledge.documents import Document, FaqEntry, UnreadableDocument

_KNOWN = frozenset({"question", "answer", "category", "keywords", "url", "section", "audience", "alternatives"})
_LISTS = frozenset({"faq", "faqs", "questions", "entries"})
_IN_HEAD = frozenset({"title", "audience", "category", "url", "language"})
_LONGEST = {"answer": 20_000}
_LONGEST_OTHER = 2_000
_MOST_WORDINGS = 200
"""Characters of a field, and keywords or alternatives of an entry. An entry is shown and given to the model as a whole, so
one that is as long as a book would leave no room for anything else."""
_NAMED_AT_ONCE = 5
_MOST_NAMED = 200


class _WrongEntry(Exception):
    """What is wrong with one entry."""


def is_faq(content: Any) -> bool:
    """Whether parsed content means to be a FAQ: a list in which something has a question."""
    entries = _entries(content)
    return bool(entries) and any(isinstance(entry, Mapping) and "question" in entry for entry in entries)


def parse_data(text: str, *, json_only: bool) -> Any:
    """The parsed file. Raises UnreadableDocument with the line of the first mistake."""
    try:
        return load_json(text) if json_only else load_yaml(text)
    except json.JSONDecodeError as error:
        raise UnreadableDocument(f"line {error.lineno}, column {error.colno}: not valid JSON: {error.msg}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise UnreadableDocument(f"{where}not valid YAML: {error.problem or error}") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise UnreadableDocument(f"not valid {'JSON' if json_only else 'YAML'}: {error}") from error


def faq_document(content: Any, text: str, *, title: str) -> Document:
    """The good entries of a FAQ file; each wrong one is a problem of the document, with its number and line.

    Raises UnreadableDocument when the file is no list of questions, or when no entry of it is good.
    """
    raw = _entries(content)
    if not raw:
        raise UnreadableDocument("the file holds no questions")
    try:
        head = _head(content)
    except _WrongEntry as error:
        raise UnreadableDocument(str(error)) from error
    lines = _entry_lines(text, len(raw))
    for number, (entry, line) in enumerate(zip(raw, lines, strict=True), start=1):
        if isinstance(entry, Mapping) and any(map(is_name, entry)) and not {"question", "answer"} & entry.keys():
            do = "write it beside the list of questions, 'audience: staff' above 'questions:'"
            raise refused(_where(number, line), "names an 'audience' and has no question", do)
    entries: list[FaqEntry] = []
    problems: list[str] = []
    for number, (entry, line) in enumerate(zip(raw, lines, strict=True), start=1):
        where = _where(number, line)
        try:
            entries.append(_entry(entry))
        except _WrongEntry as error:
            problems.append(f"{where}: {error}")
    if not entries:
        more = f"; and {len(problems) - _NAMED_AT_ONCE} more" if len(problems) > _NAMED_AT_ONCE else ""
        raise UnreadableDocument("; ".join(problems[:_NAMED_AT_ONCE]) + more)
    return replace(
        head, title=head.title or title, entries=tuple(entries), problems=_bounded(problems)
    ).of_its_audience()


def _where(number: int, line: int | None) -> str:
    return f"entry {number}" + (f" (line {line})" if line else "")


def _bounded(problems: list[str]) -> tuple[str, ...]:
    """A list that is wrong from end to end need not be read out from end to end."""
    if len(problems) <= _MOST_NAMED:
        return tuple(problems)
    return (*problems[:_MOST_NAMED], f"and {len(problems) - _MOST_NAMED} more entries")


def _entries(content: Any) -> Sequence[Any]:
    if isinstance(content, Mapping):
        lists = [value for key, value in content.items() if _name(key) in _LISTS]
        content = lists[0] if lists else []
    return content if isinstance(content, list) else []


def _head(content: Any) -> Document:
    """What the file says of all its entries. Raises _WrongEntry for what nobody would hear, an audience most of all."""
    said = {_name(key): value for key, value in content.items()} if isinstance(content, Mapping) else {}
    lists = [str(key) for key in said if key in _LISTS]
    if len(lists) > 1 or (said and len(said) < len(content)):
        raise _WrongEntry(
            f"the questions must be in one list, and each field beside it there once: {', '.join(map(str, content))}"
        )
    unknown = sorted(said.keys() - _LISTS - _IN_HEAD)
    if unknown:
        raise _WrongEntry(f"unknown field {unknown[0]!r} beside the questions; known are {', '.join(sorted(_IN_HEAD))}")
    return Document(
        title=_text(said, "title"),
        url=_text(said, "url") or None,
        category=_text(said, "category") or None,
        audience=_audience(said.get("audience")),
        language=language_code(_text(said, "language")),
    )


def _name(key: Any) -> str:
    return str(key).strip().lower()


def _entry(raw: Any) -> FaqEntry:
    if not isinstance(raw, Mapping):
        raise _WrongEntry(f"must have a question and an answer, but is {_kind(raw)}")
    unknown = sorted(str(key) for key in raw if key not in _KNOWN)
    if unknown:
        raise _WrongEntry(f"unknown field {unknown[0]!r}; known are {', '.join(sorted(_KNOWN))}")
    if says_staff(str(raw.get("answer") or "")):
        raise _WrongEntry("its answer names an 'audience': make it a field of the entry")
    return FaqEntry(
        question=_text(raw, "question", required=True),
        answer=_text(raw, "answer", required=True),
        category=_text(raw, "category") or None,
        keywords=_keywords(raw.get("keywords")),
        url=_text(raw, "url") or None,
        section=_text(raw, "section") or None,
        audience=_audience(raw.get("audience")),
        alternatives=_alternatives(raw.get("alternatives")),
    )


def _text(raw: Mapping[Any, Any], name: str, *, required: bool = False) -> str:
    value = raw.get(name)
    if value is None:
        value = ""
    if not isinstance(value, str):
        raise _WrongEntry(f"{name!r} must be text, but is {_kind(value)}; put it in quotation marks")
    if required and not value.strip():
        raise _WrongEntry(f"{name!r} is missing or empty")
    if len(value) > (most := _LONGEST.get(name, _LONGEST_OTHER)):
        raise _WrongEntry(
            f"{name!r} has more than {most:,} characters; what is so long belongs in a document of its own"
        )
    return value.strip()


def _keywords(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list) or not all(isinstance(word, str | int | float) for word in value):
        raise _WrongEntry("'keywords' must be a list of words")
    return _few("keywords", [word for word in (str(word).strip() for word in value) if word])


def _alternatives(value: Any) -> tuple[str, ...]:
    """Other ways to ask the same. Questions may hold commas, so that a text is one of them and not a list."""
    if value is None:
        return ()
    questions = [value] if isinstance(value, str) else value
    if not isinstance(questions, list) or not all(isinstance(one, str) for one in questions):
        raise _WrongEntry("'alternatives' must be a list of questions")
    return _few("alternatives", list(dict.fromkeys(one.strip() for one in questions if one.strip())))


def _few(name: str, values: list[str]) -> tuple[str, ...]:
    if len(values) > _MOST_WORDINGS or max(map(len, values), default=0) > _LONGEST_OTHER:
        raise _WrongEntry(f"{name!r} must be at most {_MOST_WORDINGS}, of at most {_LONGEST_OTHER:,} characters each")
    return tuple(values)


def _audience(value: Any) -> KnowledgeAudience:
    if value is None:
        return KnowledgeAudience.PUBLIC
    if value not in list(KnowledgeAudience):
        raise _WrongEntry(f"'audience' must be 'public' or 'staff', not {value!r}")
    return KnowledgeAudience(value)


def _kind(value: Any) -> str:
    names = {bool: "yes or no", int: "a number", float: "a number", list: "a list", dict: "a group of fields"}
    return names.get(type(value), "empty" if value is None else f"of type {type(value).__name__}")


def _entry_lines(text: str, count: int) -> list[int | None]:
    """The line on which each entry begins. JSON is read as YAML for this, which knows lines; None when it cannot."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        return [None] * count
    if isinstance(node, yaml.MappingNode):
        node = next((value for _, value in node.value if isinstance(value, yaml.SequenceNode)), None)
    if not isinstance(node, yaml.SequenceNode) or len(node.value) != count:
        return [None] * count
    return [item.start_mark.line + 1 for item in node.value]
