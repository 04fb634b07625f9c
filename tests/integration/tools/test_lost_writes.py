"""What becomes of a call with an effect at a real server, where the answer does not say for certain that nothing was done."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web

from config.company_tools import company_tools
from config.settings import read_settings
from core.agent.consent import Consent
from core.agent.sources import Sources
from core.agent.tool_runner import Outcome, ToolRunner
from core.agent.tools import Tool
from core.agent.turn_journal import TurnJournal
from core.domain.errors import ToolErrorKind
from core.ports.chat_model import ToolCall
from tests.contract.responders.world import MemoryJournal, Watcher, turn_of
from tests.integration.tools.test_mcp_tools import child_settings, connected
from tests.integration.tools.world import ALICE, Service, given, running

REFUND = ToolCall("step00call00", "refund", '{"order": "A-4711"}')
KEY = "t1:step00call00"
_KEYED = [{"name": "idempotency_key", "in": "query", "required": True, "schema": {"type": "string"}}]


def _operation(name: str, *parameters: Any) -> dict[str, Any]:
    return {"operationId": name, "summary": "About a refund.", "parameters": list(parameters)}


def _path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


class Till(Service):
    """Keeps refunds by their key. ``says``: what it answers to a refund; ``pays``: whether it keeps it."""

    def __init__(self) -> None:
        super().__init__()
        self.paid: list[str] = []
        self.says, self.pays = 500, False
        of_order = {"parameters": [_path("customer_id"), _path("order")]}
        place = "/customers/{customer_id}/orders/{order}"
        self.document = json.dumps(
            {
                "openapi": "3.1.0",
                "paths": {
                    f"{place}/refund": {
                        **of_order,
                        "post": _operation("refund"),
                        "get": _operation("getRefund", *_KEYED),
                    },
                    "/customers/{customer_id}/newest_refund": {
                        "get": _operation("newestRefund", _path("customer_id")),
                    },
                },
            }
        )

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.method, request.path_qs, request.headers, None))
        if request.method == "POST":
            if self.pays:
                self.paid.append(request.headers["Idempotency-Key"])
            return web.Response(status=self.says)
        if request.path.endswith("newest_refund"):
            return web.json_response({"state": "paid", "of": "another refund"})
        asked = parse_qs(urlsplit(request.path_qs).query)["idempotency_key"][0]
        return web.json_response({"state": "paid"}) if asked in self.paid else web.Response(status=404)

    @property
    def methods(self) -> list[str]:
        return [method for method, *_ in self.requests]


@pytest.fixture
async def till() -> AsyncIterator[Till]:
    async with running(Till()) as service:
        assert isinstance(service, Till)
        yield service


def _tools(till: Till, folder: Path, checked_by: str | None = None) -> Mapping[str, Tool]:
    operations = ["refund", "getRefund", "newestRefund"]
    overrides = {"refund": {"checked_by": checked_by}} if checked_by else {}
    settings = read_settings(
        openapi_tools=given(till, folder, operations=operations, anyone=[]), tool_overrides=overrides
    )
    return company_tools(settings)


async def _run(tools: Mapping[str, Tool], *calls: ToolCall, journal: MemoryJournal | None = None) -> list[Outcome]:
    turn = turn_of("Please refund A-4711, shop refuse.")
    record = await TurnJournal.open(journal or MemoryJournal(), turn.claim, "t1")
    return await ToolRunner(tools, record, Watcher(), ALICE, 8, Consent(turn, Sources())).run(0, calls)


async def test_a_refund_that_failed_is_not_taken_for_another_one(till: Till, tmp_path: Path) -> None:
    [outcome] = await _run(_tools(till, tmp_path, "newest_refund"), REFUND)
    assert (outcome.status, outcome.result.error) == ("unknown", ToolErrorKind.UNKNOWN)
    assert till.methods == ["POST"], "a check that does not take the key is not asked"


async def test_a_refund_whose_answer_is_lost_is_found_by_its_key(till: Till, tmp_path: Path) -> None:
    till.pays = True
    [outcome] = await _run(_tools(till, tmp_path, "get_refund"), REFUND)
    assert (outcome.status, outcome.result.data) == ("finished", {"state": "paid"})
    assert till.requests[-1][:2] == ("GET", "/v1/customers/42/orders/A-4711/refund?idempotency_key=t1%3Astep00call00")


async def test_a_refund_that_is_not_there_is_made_once_more_under_its_key(till: Till, tmp_path: Path) -> None:
    [outcome] = await _run(_tools(till, tmp_path, "get_refund"), REFUND)
    assert outcome.status == "unknown"
    assert (till.methods.count("POST"), till.methods[-1]) == (2, "GET")
    assert {headers["Idempotency-Key"] for method, _, headers, _ in till.requests if method == "POST"} == {KEY}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, "not_found"),
        (410, "not_found"),
        (400, "invalid"),
        (422, "invalid"),
        (409, "refused"),
        (429, "unavailable"),
    ],
)
async def test_a_status_says_why_nothing_was_done(till: Till, tmp_path: Path, status: int, kind: str) -> None:
    till.says = status
    [outcome] = await _run(_tools(till, tmp_path), REFUND)
    assert (outcome.status, outcome.result.error) == ("failed", kind)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 307])
async def test_a_status_that_leaves_it_open_forbids_the_same_call(till: Till, tmp_path: Path, status: int) -> None:
    till.says, journal, tools = status, MemoryJournal(), _tools(till, tmp_path)
    [outcome] = await _run(tools, REFUND, journal=journal)
    assert (outcome.status, outcome.result.error) == ("unknown", ToolErrorKind.UNKNOWN)
    assert "Nothing was done" not in outcome.shown
    [again] = await _run(tools, ToolCall("step01call00", REFUND.name, REFUND.arguments), journal=journal)
    assert again.result.error is ToolErrorKind.REFUSED
    assert till.methods == ["POST"]


async def test_an_error_of_an_mcp_tool_may_stand_for_one_that_broke_halfway(tmp_path: Path) -> None:
    refuse = ToolCall("step00call00", "shop_refuse", "{}")
    async with connected(child_settings(tmp_path / "log")) as tools:
        for _ in range(7):
            [outcome] = await _run(tools(), refuse)
            assert (outcome.status, outcome.result.error) == ("unknown", ToolErrorKind.UNKNOWN)
            assert "says that it failed: Error executing tool refuse: No." in outcome.shown, (
                "the server works: its breaker stays closed"
            )


async def test_an_error_of_an_mcp_tool_that_only_reads_is_an_answer(tmp_path: Path) -> None:
    async with connected(child_settings(tmp_path / "log"), {"shop_refuse": {"effect": False}}) as tools:
        [outcome] = await _run(tools(), ToolCall("step00call00", "shop_refuse", "{}"))
    assert (outcome.status, outcome.result.error) == ("failed", ToolErrorKind.REFUSED)
