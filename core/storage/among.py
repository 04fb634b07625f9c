"""Many values as one parameter: the text of a statement does not change with their number.

A database prepares a statement once per text, and SQLAlchemy compiles it once; with ``IN (?, ?, ?)`` every batch size is
another text. PostgreSQL takes an array, SQLite a JSON list.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Boolean, ColumnElement, Integer, Text, bindparam, cast, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType

_TEXTS = JSON().with_variant(ARRAY(Text()), "postgresql")


class _Among(FunctionElement[bool]):
    name = "among"
    inherit_cache = True
    type = Boolean()

    def self_group(self, against: OperatorType | None = None) -> _Among:
        """As it is: SQLAlchemy would write ``… = 1`` for SQLite, and then no index is used."""
        return self


def among(column: ColumnElement[str], name: str) -> ColumnElement[bool]:
    """Whether the column's value is in the list that the parameter ``name`` holds when the statement is executed."""
    return _Among(column, bindparam(name, type_=_TEXTS))


def past(key: ColumnElement[str], place: ColumnElement[int], name: str, *, sqlite: bool) -> ColumnElement[bool]:
    """Whether a row lies past the place that the parameter ``name``, a mapping from keys to places, has for its key."""
    given = bindparam(name, type_=JSON())
    rows = func.json_each(given) if sqlite else func.json_each_text(given)
    asked = rows.table_valued("key", "value", name="asked")
    return (key == asked.c.key) & (place > (asked.c.value if sqlite else cast(asked.c.value, Integer)))


@compiles(_Among, "postgresql")
def _any(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = element.clauses
    return f"{compiler.process(column, **options)} = ANY ({compiler.process(values, **options)})"


@compiles(_Among, "sqlite")
def _in_json(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = element.clauses
    listed = f"json_each({compiler.process(values, **options)})"
    return f"{compiler.process(column, **options)} IN (SELECT value FROM {listed})"  # noqa: S608 - compiled parts
