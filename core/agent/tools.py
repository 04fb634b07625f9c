"""A tool is a typed Python function that the model may ask for. This is what third parties import to write one."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, overload

from pydantic import BaseModel, ValidationError

from core.agent.sources import Source
from core.agent.tool_signature import Signature, read_signature
from core.domain.conversation import Escalation
from core.domain.customer import Customer
from core.domain.errors import ToolError
from core.ports.chat_model import ToolSpec
from core.ports.tickets import Holder


@dataclass(frozen=True, slots=True)
class ToolContext:
    """Whom the call serves, as the server knows it: the model cannot name another customer or conversation.

    ``customer`` is who wrote what is answered. ``private``: nobody else reads the answer. Where others do, as in a group, the
    customer comes without contact details, and what they left elsewhere is not to be told.
    ``idempotency_key`` is the same when the call is made again after a crash: pass it on to services that take one.
    """

    conversation_id: str
    customer: Customer
    turn_id: str
    call_id: str
    locale: str | None = None
    private: bool = True

    @property
    def holder(self) -> Holder:
        """Whose tickets the call is about."""
        return Holder.of(self.customer, self.conversation_id, private=self.private)

    @property
    def idempotency_key(self) -> str:
        return f"{self.turn_id}:{self.call_id}"


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gives back: text for the model, sources that may be cited, and possibly a wish for a person."""

    content: str = ""
    sources: tuple[Source, ...] = ()
    escalation: Escalation | None = None


class RunsWhen(StrEnum):
    """What a call needs before it runs (see ``consent``).

    ``MODEL_CALLS``: nothing; it only reads. ``CUSTOMER_NEEDS``: what the customer wrote gives reason for it; it changes nothing
    outside the hub. ``CUSTOMER_ASKS``: the customer asked for it, or said yes to it.
    """

    MODEL_CALLS = "model_calls"
    CUSTOMER_NEEDS = "customer_needs"
    CUSTOMER_ASKS = "customer_asks"


@dataclass(frozen=True, slots=True)
class Tool:
    """``effect``: it changes something outside, so it runs at most once and never again when its outcome is unknown.

    ``timeout`` in seconds for one try; ``retries`` more tries after a failure, for read-only tools only.
    """

    spec: ToolSpec
    signature: Signature
    effect: bool
    timeout: float
    retries: int
    runs_when: RunsWhen

    @property
    def name(self) -> str:
        return self.spec.name

    def parse(self, arguments: str) -> BaseModel:
        """The model's JSON as checked arguments. Raises ToolError that says what to mend."""
        try:
            values = json.loads(arguments or "{}")
        except ValueError as error:
            raise ToolError(f"The arguments are not valid JSON ({error}). Send one JSON object.") from None
        try:
            return self.signature.arguments.model_validate(values)
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(str(part) for part in problem['loc']) or 'arguments'}: {problem['msg']}"
                for problem in error.errors(include_url=False, include_context=False, include_input=False)
            )
            raise ToolError(f"The arguments do not fit the schema of {self.name}: {problems}") from None

    async def run(self, arguments: BaseModel, context: ToolContext) -> ToolResult:
        """One try, without time-out. Blocking functions run in a thread."""
        values = {name: getattr(arguments, name) for name in type(arguments).model_fields}
        if self.signature.context_name:
            values[self.signature.context_name] = context
        function = self.signature.function
        if inspect.iscoroutinefunction(function):
            return as_result(await function(**values))
        return as_result(await asyncio.to_thread(function, **values))


def as_result(value: object) -> ToolResult:
    """Whatever a tool returned: its text as it is, everything else as JSON."""
    if isinstance(value, ToolResult):
        return value
    if isinstance(value, str):
        return ToolResult(value)
    if isinstance(value, BaseModel):
        return ToolResult(value.model_dump_json())
    if value is None:
        return ToolResult("Done.")
    return ToolResult(json.dumps(value, ensure_ascii=False, default=str))


def make_tool(
    function: Callable[..., Any],
    *,
    effect: bool,
    timeout: float = 10.0,
    retries: int | None = None,
    name: str | None = None,
    runs_when: RunsWhen | None = None,
) -> Tool:
    """A tool from a function: name, description and schema come from its signature and docstring.

    Raises ValueError for a function that no model could call (no docstring, an untyped or variadic parameter).
    """
    if effect and retries:
        raise ValueError(f"{function.__name__} has an effect: it is never tried twice, so retries must be 0.")
    signature = read_signature(function, ToolContext)
    spec = ToolSpec(name or function.__name__, signature.description, signature.schema)
    tries = retries if retries is not None else (0 if effect else 1)
    needed = runs_when or (RunsWhen.CUSTOMER_ASKS if effect else RunsWhen.MODEL_CALLS)
    return Tool(spec, signature, effect, timeout, tries, needed)


@overload
def tool(function: Callable[..., Any], /) -> Tool: ...


@overload
def tool(
    *, effect: bool = ..., timeout: float = ..., retries: int | None = ..., name: str | None = ...
) -> Callable[[Callable[..., Any]], Tool]: ...


def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    effect: bool = True,
    timeout: float = 10.0,
    retries: int | None = None,
    name: str | None = None,
) -> Tool | Callable[[Callable[..., Any]], Tool]:
    """Decorator over ``make_tool``. A tool has an effect unless it says otherwise: that is the safe mistake."""

    def decorate(target: Callable[..., Any]) -> Tool:
        return make_tool(target, effect=effect, timeout=timeout, retries=retries, name=name)

    return decorate(function) if function is not None else decorate
