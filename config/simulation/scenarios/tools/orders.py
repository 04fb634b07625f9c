"""The register of orders of the scenarios' company."""

from __future__ import annotations

from core.agent.tools import tool
from core.domain.errors import ToolError

ORDERS = {"TP-1001": "shipped on 3 May", "TP-1002": "being packed", "TP-1003": "delivered on 28 April"}
CANCELLED: set[str] = set()


@tool(effect=False, timeout=5)
async def order_status(order: str) -> str:
    """Say where an order is.

    Args:
        order: The order's number, such as TP-1001.
    """
    if order not in ORDERS:
        raise ToolError("There is no such order.")
    return f"Order {order}: {ORDERS[order]}"


@tool(effect=True, timeout=5)
async def cancel_order(order: str) -> str:
    """Cancel an order that has not been shipped.

    Args:
        order: The order's number, such as TP-1001.
    """
    CANCELLED.add(order)
    return f"Order {order} is cancelled."
