"""A typed function becomes a tool; what the model sends is checked before anything runs."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint, EntryPoints
from typing import Literal

import pytest
from pydantic import BaseModel

from core.agent import tools
from core.agent.builtin_tools import escalation_tool
from core.agent.tools import Tool, ToolContext, ToolResult, as_result, by_name, installed_tools, make_tool, tool
from core.domain.customer import Customer
from core.domain.errors import ConfigError, ToolError

CONTEXT = ToolContext("c1", Customer("cu1", "ext"), "t1", "step00call00")


@tool(effect=False, timeout=3)
def order_status(context: ToolContext, order: int, detail: Literal["short", "long"] = "short") -> dict[str, object]:
    """Say where an order is.

    Only for orders of this customer.

    Args:
        order: The order's number.
        detail: How much to say.
    """
    return {"customer": context.customer.id, "order": order, "detail": detail}


def test_name_description_and_schema_come_from_the_function() -> None:
    spec = order_status.spec
    assert spec.name == "order_status"
    assert spec.description == "Say where an order is.\nOnly for orders of this customer."
    assert spec.parameters["required"] == ["order"]
    assert spec.parameters["properties"]["order"] == {"type": "integer", "description": "The order's number."}
    assert spec.parameters["properties"]["detail"]["enum"] == ["short", "long"]
    assert spec.parameters["additionalProperties"] is False
    assert "context" not in spec.parameters["properties"]
    json.dumps(spec.parameters)


async def test_the_server_says_whom_a_call_serves_not_the_model() -> None:
    result = await order_status.run(order_status.parse('{"order": 7}'), CONTEXT)
    assert json.loads(result.content) == {"customer": "cu1", "order": 7, "detail": "short"}
    with pytest.raises(ToolError, match="context"):
        order_status.parse('{"order": 7, "context": {"customer": "somebody else"}}')


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("{", "not valid JSON"),
        ("[]", "arguments"),
        ("{}", "order: Field required"),
        ('{"order": "seven"}', "order: Input should be a valid integer"),
        ('{"order": 1, "detail": "epic"}', "detail: Input should be 'short' or 'long'"),
        ('{"order": 1, "colour": "red"}', "colour: Extra inputs"),
    ],
)
def test_wrong_arguments_are_explained_to_the_model(arguments: str, says: str) -> None:
    with pytest.raises(ToolError) as caught:
        order_status.parse(arguments)
    assert says in caught.value.detail


def _undocumented(order: int) -> str:
    return str(order)


def _untyped(order):  # type: ignore[no-untyped-def]
    """Untyped."""
    return order


def _variadic(*orders: int) -> str:
    """Variadic."""
    return str(orders)


@pytest.mark.parametrize("function", [_undocumented, _untyped, _variadic])
def test_a_function_that_no_model_could_call_is_refused_at_registration(function: object) -> None:
    with pytest.raises(ValueError, match="Tool _"):
        make_tool(function, effect=False)  # type: ignore[arg-type]


def test_what_has_an_effect_is_never_tried_twice() -> None:
    with pytest.raises(ValueError, match="never tried twice"):
        make_tool(order_status.function, effect=True, retries=1)

    @tool
    def refund(amount: int) -> str:
        """Pay back."""
        return str(amount)

    assert refund.effect
    assert refund.retries == 0


class _Answer(BaseModel):
    paid: bool


@pytest.mark.parametrize(
    ("value", "content"),
    [("text", "text"), (None, "Done."), ({"ä": 1}, '{"ä": 1}'), (_Answer(paid=True), '{"paid":true}'), (3, "3")],
)
def test_results_become_text(value: object, content: str) -> None:
    assert as_result(value).content == content


async def test_the_model_can_ask_for_a_person() -> None:
    escalate = escalation_tool()
    result = await escalate.run(escalate.parse('{"reason": "angry", "urgency": "high"}'), CONTEXT)
    assert isinstance(result, ToolResult)
    assert result.escalation is not None
    assert (result.escalation.reason, result.escalation.urgency) == ("angry", "high")
    with pytest.raises(ToolError):
        escalate.parse('{"reason": ""}')


def test_two_tools_cannot_share_a_name() -> None:
    with pytest.raises(ConfigError, match="order_status"):
        by_name([order_status, order_status])


not_a_tool = "text"


@pytest.mark.parametrize(
    ("target", "names"),
    [("order_status", ["order_status"]), ("not_a_tool", None), ("missing", None)],
)
def test_other_packages_bring_tools_by_entry_point(
    target: str, names: list[str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = EntryPoint("acme", f"{__name__}:{target}", tools.GROUP)
    monkeypatch.setattr(tools, "entry_points", lambda group: EntryPoints([entry]).select(group=group))
    if names is None:
        with pytest.raises(ConfigError, match="acme"):
            installed_tools()
    else:
        found: list[Tool] = installed_tools()
        assert [item.name for item in found] == names
