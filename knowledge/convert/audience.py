"""For whom a document is, wherever its author says it: it is heard, or the document is refused. Never is it passed over.

A document of which nobody hears that it is for staff would be shown to customers. So the places in which the word is read are
few, and everywhere else it makes the document one that cannot be read, with the line and what to do about it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from core.domain.knowledge import KnowledgeAudience
from knowledge.documents import Block, BlockKind, UnreadableDocument

NAME = "audience"
_KEY = r"(?:(?:target|intended)[ _-])?(?:x-)?audience"
SPEAKS = re.compile(
    r"^(?:[^\S\n]|[\"':{\[?,-])*audience[\"']?\s*[:=\uff1a](?![\"'\s]*public[\"'\s]*(?:[,}\]#]|$))",
    re.IGNORECASE | re.MULTILINE,
)
"""A line in the manner of settings that names an audience, unless it is the public. Chinese keyboards write their own colon."""
_OPENS = re.compile(rf"^[^\w\n#]*{_KEY}[\"'*_`]*\s*[:=\uff1a][\s\"'*_`\[]*staff\b", re.IGNORECASE | re.MULTILINE)
_SIGNS = r"(?:[^\w\n`]|_)*"
_STAFF = r"staff(?:[ -]only)?"
_SAYS_STAFF = re.compile(
    rf"^{_SIGNS}{_KEY}(?:[^\w\n:=|\uff1a]|_)*"
    rf"(?:[:=\uff1a]{_SIGNS}\n?{_SIGNS}{_STAFF}[ \t]*(?=$|[^\w\s]|_)|(?:\||\n{{1,2}}){_SIGNS}{_STAFF}{_SIGNS}$)"
    rf"|[{{,]\s*[\"']?{_KEY}[\"']?\s*[:=]\s*\[?[\"']?staff\b[\"']?\s*[\],}}]",
    re.IGNORECASE | re.MULTILINE,
)
"""A whole line, a row of two cells, a heading with its only word, a field in braces. "Audience: staff of small shops" is a
sentence, and may stand in any text."""
_CODE_SPAN = re.compile(r"`[^`\n]*`")
"""Code within a line speaks of settings, and makes none (CommonMark, 6.1)."""
_IN_MARKUP = re.compile(
    r"<(?:\w+:)?audience\b[^>]{0,200}>\s*staff\b|\baudience\s*=\s*[\"'][^\"'<>]{0,200}\bstaff\b"
    r"|\baudience[\"']?(?:\s+content\s*=\s*[\"']|[^<>]{0,200}>)\s*staff\b",
    re.IGNORECASE,
)
_STAFF_ALONE = re.compile(r"\W*staff(?:[ -]only)?\W*", re.IGNORECASE)
_ALIKE = 0.85
_HEAD_LINES = 100
"""Of a head that has no end so many lines are looked at."""
_NEWLINES = re.compile("\r\n?|\x85|\u2028|\u2029")
_WHAT_TO_DO = "say it in the settings at the head of a Markdown or FAQ file, or put the file into a source for staff"


def lines_of(text: str) -> str:
    """The text without marks of its byte order, each line ended alike: YAML knows more ends of lines than we would look for."""
    return _NEWLINES.sub("\n", text.lstrip("\ufeff"))


def is_name(key: Any) -> bool:
    """Whether this key names an audience, in capitals or not."""
    return str(key).strip().lower() == NAME


def refused(
    where: str, what: str = "names an 'audience' where none is read", do: str = _WHAT_TO_DO
) -> UnreadableDocument:
    """What is raised. ``where``: the line, as people count them, or what they know it by."""
    return UnreadableDocument(f"{where} {what}: {do}")


def line(text: str, position: int, above: int = 0) -> str:
    """The line of a position, below so many others."""
    return f"line {text.count(chr(10), 0, position) + 1 + above}"


def refuse_first_lines(text: str, *, any_audience: bool) -> None:
    """For a text without a head that is read: raises UnreadableDocument where its first lines are in the manner of one."""
    body = text.lstrip()
    head = "\n".join(body.split("\n\n", 1)[0].split("\n")[:_HEAD_LINES])
    found = (SPEAKS if any_audience else _OPENS).search(head)
    if found is not None:
        raise refused(line(head, _word(found), text[: len(text) - len(body)].count("\n")))


def refuse_head(head: str, above: int) -> None:
    """For a head that cannot be read. ``above``: so many lines stand above it."""
    found = SPEAKS.search("\n".join(head.split("\n")[:_HEAD_LINES]))
    if found is not None:
        do = "settings stand between two lines of '---', each with a colon and a space"
        raise refused(line(head, _word(found), above), "names an 'audience', and the head cannot be read", do)


def refuse_unheard(values: Mapping[Any, Any], head: str, above: int) -> None:
    """For a head that was read and is not for staff: what it says of an audience below a field, or in a line that is none."""
    do = "write it as a line of its own at the head, 'audience: staff'"
    nested = said_below(values, lambda value: value != KnowledgeAudience.PUBLIC)
    found = next((one for one in SPEAKS.finditer(head) if not one.group()[0].isspace()), None) or _OPENS.search(head)
    if nested is None and found is None:
        return
    word = re.search(rf"{NAME}[\"']?\s*:(?!\s*[\"']?public)", head, re.IGNORECASE)
    at = _word(found) if found is not None else word.start() if word is not None else 0
    what = f"names an 'audience' below {nested}" if nested else "names an 'audience' that is no field of the head"
    raise refused(line(head, at, above), what, do)


def refuse_misspelt(values: Mapping[Any, Any]) -> None:
    """For a head that is not for staff: a name with a slip of the pen, of which its author thinks that it was heard."""
    for key, value in values.items():
        like = SequenceMatcher(None, NAME, str(key).strip().lower()).ratio()
        if like >= _ALIKE and not is_name(key) and for_staff(value):
            raise UnreadableDocument(f"{str(key)!r} at the head is no field: did you mean 'audience'?")


def said_below(content: Any, unheard: Callable[[Any], bool], names: Iterable[str] = (NAME,)) -> str | None:
    """The path to a mapping, but not the outermost, with an audience that is a word and ``unheard``. None: there is no such.

    Each part is looked at once: YAML may refer to one part any number of times, and to what it stands in.
    """
    wanted = frozenset(names)
    seen: set[int] = set()
    ahead: list[tuple[str, Any]] = [("", content)]
    while ahead:
        path, here = ahead.pop()
        if not isinstance(here, Mapping | list) or id(here) in seen:
            continue
        seen.add(id(here))
        for key, value in here.items() if isinstance(here, Mapping) else enumerate(here):
            if path and isinstance(here, Mapping) and str(key).strip().lower() in wanted and _is_word(value):
                if unheard(value):
                    return path
            elif isinstance(value, Mapping | list):
                ahead.append((f"{path}/{key}", value))
    return None


def _is_word(value: Any) -> bool:
    """What is a field of data for programs by that name has a type and a description."""
    return not isinstance(value, Mapping)


def for_staff(value: Any) -> bool:
    """Whether a value of another program's vocabulary says staff."""
    return "staff" in re.findall(r"\w+", str(value).lower())


def refuse_further(text: str, above: int = 0, code: Sequence[range] = ()) -> None:
    """For running text: raises UnreadableDocument where a whole line says that something is for staff. ``code``: examples."""
    if NAME not in text.lower():
        return
    for found in _SAYS_STAFF.finditer(_CODE_SPAN.sub("", text)):
        number = found.string.count("\n", 0, _word(found))
        if not any(number in lines for lines in code):
            raise refused(f"line {number + 1 + above}")


def refuse_in_data(content: Any, text: str) -> None:
    """For parsed data that is no FAQ: of its outermost fields any audience is one of the file, of others one for staff."""
    if isinstance(content, Mapping) and any(map(is_name, content)):
        at = re.search(rf"^\W*{NAME}", text, re.IGNORECASE | re.MULTILINE)
        raise refused(line(text, _word(at)) if at else "the file")
    path = said_below({"": content}, lambda value: _STAFF_ALONE.fullmatch(str(value)) is not None)
    if path is not None:
        at = re.search(rf"{NAME}\W+staff", text, re.IGNORECASE)
        raise refused(f"{line(text, _word(at)) if at else 'the file'} (below {path.lstrip('/') or 'its list'})")


def of_properties(said: Mapping[str, str]) -> KnowledgeAudience:
    """What a file's properties say, by their names in small letters. Raises UnreadableDocument for an audience that is none."""
    named = said.get(NAME, "").strip().lower()
    if named and named not in list(KnowledgeAudience) and not for_staff(named):
        raise refused(
            "its property 'audience'", f"must be 'public' or 'staff', not {named[:60]!r}", "change it in the file"
        )
    if for_staff(named) or any(says_staff(lines_of(text)) for name, text in said.items() if name != NAME):
        return KnowledgeAudience.STAFF
    return KnowledgeAudience.PUBLIC


def refuse_in_markup(text: str) -> None:
    """For data in XML, such as DocBook, DITA and feeds, where it is an element or an attribute."""
    found = _IN_MARKUP.search(text) if NAME in text.lower() else None
    if found is not None:
        raise refused(line(text, _word(found)))


def says_staff(text: str) -> bool:
    """Whether a line of it does, or an element."""
    return _SAYS_STAFF.search(text) is not None or _IN_MARKUP.search(text) is not None


def refuse_in_blocks(blocks: Iterable[Block]) -> None:
    """For what was converted, where lines are not those of the file. Examples in code are left alone."""
    heading = before = ""
    for block in blocks:
        if block.kind is BlockKind.HEADING:
            heading = block.text
        if block.kind is BlockKind.CODE:
            before = ""
            continue
        text, before = f"{before}\n{block.text}", block.text
        if NAME in text.lower() and (_SAYS_STAFF.search(_CODE_SPAN.sub("", text)) or _in_column(block)):
            raise refused(_place(block, heading))


def refuse_in_tables(blocks: Iterable[Block]) -> None:
    """For text whose lines were looked at: a table says it with the column in which a row has it."""
    heading = ""
    for block in blocks:
        if block.kind is BlockKind.HEADING:
            heading = block.text
        if _in_column(block):
            raise refused(_place(block, heading))


def _place(block: Block, heading: str) -> str:
    if block.page:
        return f"page {block.page}"
    return f"the text below {heading!r}" if heading else "its text"


def _in_column(block: Block) -> bool:
    """Whether it is a table that has a column by that name, and a row for staff."""
    if block.kind is not BlockKind.TABLE or NAME not in block.text.lower():
        return False
    header, *rows = block.text.split("\n")
    names = [_plain(cell) for cell in _cells(header)]
    if NAME not in names:
        return False
    place = names.index(NAME)
    return any(place < len(cells) and _plain(cells[place]) == "staff" for cells in map(_cells, rows))


def _cells(row: str) -> list[str]:
    return re.split(r"(?<!\\)\|", row.strip().removeprefix("|").removesuffix("|"))


def _plain(cell: str) -> str:
    return cell.strip(" \t*_`\"'").lower()


def _word(found: re.Match[str]) -> int:
    """Where the name stands: a pattern may begin lines above it."""
    return found.start() + found.group().lower().index(NAME)


def refuse_in_notebook(content: Any) -> None:
    """For a parsed notebook (nbformat 4), beside the text of its Markdown cells. Quarto and nbdev keep the head in a raw cell."""
    if not isinstance(content, Mapping):
        return
    cells = content.get("cells")
    for number, cell in enumerate(cells if isinstance(cells, list) else (), start=1):
        if isinstance(cell, Mapping) and cell.get("cell_type") == "raw":
            source = cell.get("source")
            text = lines_of("".join(map(str, source)) if isinstance(source, list) else str(source or ""))
            if SPEAKS.search(text) is not None or says_staff(text):
                raise refused(f"cell {number}")
    path = said_below({"metadata": content.get("metadata")}, lambda value: value != KnowledgeAudience.PUBLIC)
    path = path or said_below({"cells": cells}, for_staff)
    if path is not None:
        raise refused(f"the notebook's {path.lstrip('/')}")
