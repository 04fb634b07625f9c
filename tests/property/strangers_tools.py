"""A company's own tool (``TOOLS_PATH``), whose results are kept for a while. It looks up by the customer whom the hub names."""

from __future__ import annotations

from core.agent.tools import ToolContext, tool
from tests.property.strangers_company import COMPANY
from tests.property.strangers_ledger import MARK


@tool(effect=False, cache=300)
def account_secret(context: ToolContext, topic: str = "", customer_id: str = "") -> str:
    """What the account of this customer says.

    Args:
        topic: What it is about.
        customer_id: Is not used.
    """
    if not context.private:
        return "This is told to the customer alone."
    said = MARK.findall(context.said.text) if context.said is not None else []
    return COMPANY.tell("account", context.customer.external_id, said[-1] if said else "", f"{topic} {customer_id}")
