"""What the sample company knows, and the refunds that it has made."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_CUSTOMER = re.compile(
    r"C([0-9]{4})|\+1202555([0-9]{4})|customer([0-9]{1,4})@mail\.example|51000([0-9]{4})|U[A-Z0-9]{1,8}([0-9]{4})"
)
"""By id, phone number, e-mail address and the ids of Telegram and Slack, as the people of the simulation have them: C0007,
+12025550007, customer7@mail.example, 510000007 and UANNA0007 are the same customer."""
_STOCK: Mapping[str, Json] = {
    "card reader": {"in_stock": 14},
    "receipt printer": {"in_stock": 0, "expected": "3 December"},
    "reminder pack": {"in_stock": 250},
}
_ORDERS: Mapping[int, Json] = {
    1001: {"product": "card reader", "total": "79.00 EUR", "status": "delivered on 2 November"},
    1002: {"product": "receipt printer", "total": "149.00 EUR", "status": "being packed"},
    1003: {"product": "reminder pack", "total": "19.00 EUR", "status": "delivered on 4 March"},
}
"""Each customer has an order under each of these numbers, so that a conversation need not know who plays it."""
_TOO_OLD = frozenset({1003})
_SUBSCRIPTION: Json = {"plan": "Team", "price": "29.00 EUR a month", "renews": "1 December"}
_LONGEST_KEY = 200
_TABLE = """
CREATE TABLE IF NOT EXISTS refund (
    customer TEXT NOT NULL, key TEXT NOT NULL, "order" INTEGER NOT NULL, cents INTEGER NOT NULL, PRIMARY KEY (customer, key)
)
"""


class Refusal(Exception):
    """Why nothing was done, with the HTTP status that says so."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Books:
    """Every method raises Refusal. ``path``: a SQLite file that keeps the refunds; without one they are kept in memory."""

    def __init__(self, path: Path | None = None) -> None:
        self._database = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=30)
        self._database.execute(_TABLE)

    def list_orders(self, customer: str) -> list[Json]:
        """List the customer's orders."""
        return [self.get_order(customer, order) for order in _ORDERS]

    def get_order(self, customer: str, order: int) -> Json:
        """Say what was ordered, what it cost and where it is."""
        known = _id_of(customer)
        if order not in _ORDERS:
            raise Refusal(404, "This customer has no such order.")
        found: Json = {"customer": known, "order": order, **_ORDERS[order]}
        if refunded := self._refunded(known, order):
            found["refunded"] = _euros(refunded)
        return found

    def get_subscription(self, customer: str) -> Json:
        """Say which plan the customer has, what it costs and when it renews."""
        return {"customer": _id_of(customer), **_SUBSCRIPTION}

    def check_stock(self, product: str) -> Json:
        """Say how many of a product are in stock."""
        name = product.strip().lower()
        name = name if name in _STOCK else name.removesuffix("s")
        if name not in _STOCK:
            raise Refusal(404, f"There is no such product. Products: {', '.join(_STOCK)}.")
        return {"product": name, **_STOCK[name]}

    def refund_order(self, customer: str, order: int, amount: float, idempotency_key: str) -> Json:
        """Pay back a part or all of an order, once for each key."""
        if not 0 < len(idempotency_key) <= _LONGEST_KEY:
            raise Refusal(400, f"A refund needs an idempotency key of at most {_LONGEST_KEY} characters.")
        total, known, cents = (
            _cents(self.get_order(customer, order)["total"].split()[0]),
            _id_of(customer),
            _cents(amount),
        )
        self._database.execute("BEGIN IMMEDIATE")
        try:
            if (made := self._refund(known, idempotency_key)) is not None:
                if made != (order, cents):
                    raise Refusal(422, "Another refund was made with this key.")
            elif order in _TOO_OLD:
                raise Refusal(409, "Refunds end 30 days after the delivery.")
            elif self._refunded(known, order) + cents > total:
                raise Refusal(409, "This is more than is left of what the order cost.")
            else:
                self._database.execute("INSERT INTO refund VALUES (?, ?, ?, ?)", (known, idempotency_key, order, cents))
        finally:
            self._database.execute("COMMIT")
        return _refund(known, order, cents)

    def get_refund(self, customer: str, idempotency_key: str) -> Json:
        """Say which refund was made with a key."""
        known = _id_of(customer)
        if (made := self._refund(known, idempotency_key)) is None:
            raise Refusal(404, "No refund was made with this key.")
        return _refund(known, *made)

    def list_refunds(self) -> list[Json]:
        """List all refunds, for who tests the agent."""
        rows = self._database.execute('SELECT customer, "order", cents FROM refund ORDER BY rowid')
        return [_refund(*row) for row in rows]

    def _refund(self, customer: str, key: str) -> tuple[int, int] | None:
        statement = 'SELECT "order", cents FROM refund WHERE customer = ? AND key = ?'
        found: tuple[int, int] | None = self._database.execute(statement, (customer, key)).fetchone()
        return found

    def _refunded(self, customer: str, order: int) -> int:
        statement = 'SELECT coalesce(sum(cents), 0) FROM refund WHERE customer = ? AND "order" = ?'
        return int(self._database.execute(statement, (customer, order)).fetchone()[0])


def _id_of(customer: str) -> str:
    found = _CUSTOMER.fullmatch(customer)
    if found is None:
        raise Refusal(404, "There is no such customer.")
    return f"C{found[found.lastindex or 0]:0>4}"


def _cents(amount: float | str) -> int:
    try:
        cents = Decimal(str(amount)) * 100
        if 0 < cents < 10**9 and cents == int(cents):
            return int(cents)
    except (InvalidOperation, ValueError, OverflowError):
        pass
    raise Refusal(422, "The amount is in EUR, more than nothing, and has two decimals at most.")


def _euros(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02} EUR"


def _refund(customer: str, order: int, cents: int) -> Json:
    return {"customer": customer, "order": order, "refunded": _euros(cents), "status": "paid back"}
