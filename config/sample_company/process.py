"""Runs the sample company in a process of its own beside a hub, and gives the settings by which the agent uses it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from config.groups.tools import ToolsGroup
from config.knowledge.knowledge_parts import sample_stands_in
from config.settings import Settings
from core.domain.errors import ConfigError

SAMPLE = "sample"
"""As the value of OPENAPI_TOOLS or MCP_SERVERS in a file of scenarios: the sample company."""
_ROOT = Path(__file__).resolve().parents[2]
_DOCUMENT = Path(__file__).with_name("openapi.yaml")
_KNOWN_BY = ["phone", "email", "telegram_id", "slack_id"]
_OPERATIONS = ("checkStock", "listOrders", "getOrder", "getSubscription", "refundOrder", "getRefund")
_READING = ("check_stock", "list_orders", "get_order", "get_subscription", "get_refund")


@asynccontextmanager
async def sample_company(data: Path | None = None) -> AsyncIterator[str]:
    """Its address, once it takes connections. It ends with this process. Raises ConfigError where it does not start.

    ``data``: a SQLite file that keeps the refunds.
    """
    command = (sys.executable, "-m", "config.sample_company", "--port", "0", "--end-with-input")
    kept = ("--data", str(data)) if data is not None else ()
    process = await asyncio.create_subprocess_exec(
        *command,
        *kept,
        cwd=_ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl+C is for this process, which ends that one
    )
    try:
        url = (await process.stdout.readline()).decode().strip() if process.stdout is not None else ""
        if not url:
            raise ConfigError("The sample company does not start.")
        yield url
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@asynccontextmanager
async def demo_settings(settings: Settings) -> AsyncIterator[Settings]:
    """Run the sample company and add its tools, if this is the demo with a model and no tools are set; else change nothing."""
    sets_tools = not settings.model_fields_set.isdisjoint(ToolsGroup.model_fields)
    if sets_tools or not settings.has_model or sample_stands_in(settings) is None:
        yield settings
        return
    async with sample_company() as url:
        tools = ToolsGroup(**openapi_settings(url))
        given = {"openapi_tools": tools.openapi_tools, "tool_overrides": tools.tool_overrides}
        yield settings.model_copy(update=given)


def openapi_settings(url: str) -> Mapping[str, Any]:
    """The company's operations, each for the customer who writes, by an id that the company knows."""
    given = {
        "document": str(_DOCUMENT),
        "operations": _OPERATIONS,
        "base_url": url,
        "bind": {"customer": _KNOWN_BY},
        "anyone": ["checkStock"],
    }
    overrides = {"refund_order": {"runs_when": "customer_confirms", "checked_by": "get_refund"}}
    return {"openapi_tools": {"company": given}, "tool_overrides": overrides}


def mcp_settings(url: str) -> Mapping[str, Any]:
    """The same functions by the Model Context Protocol."""
    given = {"url": f"{url}/mcp", "bind": {"customer": _KNOWN_BY}, "anyone": ["check_stock"]}
    overrides: dict[str, Any] = {f"shop_{name}": {"effect": False} for name in _READING}
    overrides["shop_refund_order"] = {"runs_when": "customer_confirms", "checked_by": "shop_get_refund"}
    return {"mcp_servers": {"shop": given}, "tool_overrides": overrides}


def with_sample_company(changes: Mapping[str, Any], url: str) -> dict[str, Any]:
    """The same settings, with the sample company's in place of the word."""
    found = dict(changes)
    for name, given in (("openapi_tools", openapi_settings(url)), ("mcp_servers", mcp_settings(url))):
        if changes.get(name) == SAMPLE:
            overrides = {**given["tool_overrides"], **found.get("tool_overrides", {})}
            found |= {name: given[name], "tool_overrides": overrides}
    return found
