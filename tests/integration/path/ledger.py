"""Writes down every transaction of a database with its statements, named by the function of the store that began it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, Executable, event

from core.storage.database import Database

_NOT_COUNTED = ("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE", "ROLLBACK", "COMMIT")


@dataclass
class Transaction:
    """``hops``: the functions of the store whose work it holds; on SQLite several may share one. ``built``: for it alone."""

    hops: list[str] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    built: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What it does."""
        return " + ".join(f"{hop} x{count}" if count > 1 else hop for hop, count in Counter(self.hops).items())

    def __str__(self) -> str:
        return "\n".join([f"{self.name} ({len(self.statements)})", *(f"    {_short(one)}" for one in self.statements)])


@dataclass
class Ledger:
    """``transactions``: since it was cleared, in the order in which they began. ``waiting``: works that are not done yet."""

    transactions: list[Transaction] = field(default_factory=list)
    waiting: int = 0
    _known: dict[int, Executable] = field(default_factory=dict)
    _open: dict[int, Transaction] = field(default_factory=dict)

    def transactions_of(self, passed_over: Set[str] = frozenset()) -> list[Transaction]:
        """Those that did something, without those that do only what is ``passed_over``."""
        return [one for one in self.transactions if one.statements and not set(one.hops) <= passed_over]

    def clear(self) -> None:
        """Begin a new page."""
        self.transactions.clear()

    def begin(self, connection: Connection) -> None:
        """A transaction begins on that connection."""
        self._open[id(connection)] = Transaction()
        self.transactions.append(self._open[id(connection)])

    def work(self, connection: Connection, hop: str) -> None:
        """What follows on that connection is done by ``hop``; the transaction begins now, unless it has begun for others."""
        if not connection.in_transaction():
            connection.begin()
        self._open[id(connection)].hops.append(hop)

    def meet(self, connection: Connection, statement: Executable, *_more: object) -> None:
        """One is executed, before it is compiled. All are kept, so that none has the id of another."""
        found = self._open.get(id(connection))
        if found is not None and id(statement) not in self._known:
            self._known[id(statement)] = statement
            found.built.append(f"{type(statement).__name__} in {found.hops[-1:]}")

    def statement(self, connection: Connection, _cursor: object, text: str, *_more: object) -> None:
        """One is executed; a batch of rows is one."""
        if not text.startswith(_NOT_COUNTED) and id(connection) in self._open:
            self._open[id(connection)].statements.append(text)


@contextmanager
def written_down() -> Iterator[Ledger]:
    """Of every database that is used meanwhile."""
    ledger = Ledger()
    run: Callable[..., Any] = vars(Database)["_run"]

    async def noted(self: Database, work: Callable[[Connection], Any], *, write: bool) -> Any:
        hop = f"{work.__module__.rpartition('.')[2]}.{_function(work)}"

        def named(connection: Connection) -> Any:
            ledger.work(connection, hop)
            return work(connection)

        ledger.waiting += 1
        try:
            return await run(self, named, write=write)
        finally:
            ledger.waiting -= 1

    event.listen(Engine, "begin", ledger.begin)
    event.listen(Engine, "before_execute", ledger.meet)
    event.listen(Engine, "before_cursor_execute", ledger.statement)
    type.__setattr__(Database, "_run", noted)
    try:
        yield ledger
    finally:
        type.__setattr__(Database, "_run", run)
        event.remove(Engine, "begin", ledger.begin)
        event.remove(Engine, "before_execute", ledger.meet)
        event.remove(Engine, "before_cursor_execute", ledger.statement)


def _function(work: Callable[..., Any]) -> str:
    """The store's function that the work was made in."""
    return work.__qualname__.partition(".<locals>")[0].rpartition(".")[2]


def _short(statement: str) -> str:
    """The verb and the tables, in one line."""
    text = " ".join(statement.split())
    verb, _, rest = text.partition(" ")
    if verb in ("SELECT", "WITH"):
        rest = rest[rest.find("FROM ") :] if "FROM " in rest else rest
    return f"{verb} {rest}"[:150]
