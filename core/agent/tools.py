"""A tool is a typed Python function that the model may ask for. This is what third parties import to write one."""

from __future__ import annotations

import asyncio
import inspect
import json
import typing
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import entry_points
from typing import Annotated, Any, overload

from docstring_parser import parse
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from core.agent.sources import Source
from core.agent.tool_rules import Needs, RunsWhen, ToolOverride, parsed_rate
from core.domain.conversation import Escalation
from core.domain.customer import Customer, KnownIdentity
from core.domain.errors import ConfigError, ToolError, ToolErrorKind
from core.domain.messages import Message
from core.ports.chat_model import ToolSpec
from core.ports.tickets import Holder

GROUP = "switchboard.tools"


@dataclass(frozen=True, slots=True)
class ToolContext:
    """Whom the call serves, as the server knows it: the model cannot name another customer or conversation.

    ``customer`` is who wrote what is answered. ``private``: nobody else reads the answer. Where others do, as in a group, the
    customer comes without contact details, and what they left elsewhere is not to be told.
    ``said``: the newest message that is answered.
    ``idempotency_key`` is the same when the call is made again after a crash: pass it on to services that take one.
    ``identities`` looks up by which ids the customer is known, each with its evidence; None where no customer writes.
    """

    conversation_id: str
    customer: Customer
    turn_id: str
    call_id: str
    locale: str | None = None
    private: bool = True
    said: Message | None = None
    identities: Callable[[], Awaitable[Sequence[KnownIdentity]]] | None = field(default=None, repr=False, compare=False)

    @property
    def holder(self) -> Holder:
        """Whose tickets the call is about."""
        return Holder.of(self.customer, self.conversation_id, private=self.private)

    @property
    def idempotency_key(self) -> str:
        return f"{self.turn_id}:{self.call_id}"


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What every tool's call ends with, wherever the tool comes from.

    ``content``: what the model reads; ``data``: the same as values. ``error``: why the call gave nothing. ``for_customer``: words
    that the customer may read as they stand. ``sources`` may be cited. A wish for a person (``escalation``), or to link an
    address of the customer (``link``), ends the turn.
    """

    content: str = ""
    sources: tuple[Source, ...] = ()
    escalation: Escalation | None = None
    link: str | None = None
    error: ToolErrorKind | None = None
    for_customer: str = ""

    @property
    def ok(self) -> bool:
        return self.error is None

    @property
    def data(self) -> Any:
        """The content's JSON; the content itself where it is none."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            return self.content


@dataclass(frozen=True, slots=True)
class Tool:
    """``effect``: it changes something outside, so it runs at most once and never again when its outcome is unknown.

    ``timeout`` in seconds for one try; ``retries`` more tries after a failure, for read-only tools only.
    ``rate`` and ``rate_in_all``: the most calls of one customer and of all, such as 5/minute; empty is without limit.
    ``cache``: for how many seconds the same call of the same customer gets the same result, for read-only tools only.
    ``checked_by``: the read-only tool that says what became of a call of this one whose answer did not come.
    """

    spec: ToolSpec
    function: Callable[..., Any]
    arguments: type[BaseModel]
    context_name: str | None
    effect: bool
    timeout: float
    retries: int
    runs_when: RunsWhen
    needs: Needs = Needs.ANYONE
    rate: str = ""
    rate_in_all: str = ""
    cache: int = 0
    checked_by: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError for what does not go together."""
        if self.effect and self.retries:
            raise ValueError(f"{self.name} has an effect: it is never tried twice, so retries must be 0.")
        if self.changes_something and self.cache:
            raise ValueError(f"{self.name} changes something: each call must run, so cache must be 0.")
        if self.runs_when is RunsWhen.STAFF_APPROVES and not self.effect:
            raise ValueError(f"{self.name} only reads: the agent needs its result at once, so staff cannot approve it.")
        if self.checked_by and not self.effect:
            raise ValueError(f"{self.name} only reads: it can be called again, so checked_by must be empty.")
        for rate in filter(None, (self.rate, self.rate_in_all)):
            parsed_rate(rate)

    @property
    def changes_something(self) -> bool:
        """Outside, or in the hub as the tools for tickets do."""
        return self.effect or self.runs_when is RunsWhen.CUSTOMER_NEEDS

    @property
    def name(self) -> str:
        return self.spec.name

    def parse(self, arguments: str) -> BaseModel:
        """The model's JSON as checked arguments. Raises ToolError that says what to mend."""
        try:
            values = json.loads(arguments or "{}")
        except ValueError as error:
            raise ToolError(
                f"The arguments are not valid JSON ({error}). Send one JSON object.", ToolErrorKind.INVALID
            ) from None
        try:
            return self.arguments.model_validate(values)
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(str(part) for part in problem['loc']) or 'arguments'}: {problem['msg']}"
                for problem in error.errors(include_url=False, include_context=False, include_input=False)
            )
            text = f"The arguments do not fit the schema of {self.name}: {problems}"
            raise ToolError(text, ToolErrorKind.INVALID) from None

    async def run(self, arguments: BaseModel, context: ToolContext) -> ToolResult:
        """One try, without time-out. Blocking functions run in a thread."""
        values = {name: getattr(arguments, name) for name in type(arguments).model_fields} | (
            arguments.model_extra or {}
        )
        if self.context_name:
            values[self.context_name] = context
        if inspect.iscoroutinefunction(self.function):
            return as_result(await self.function(**values))
        return as_result(await asyncio.to_thread(self.function, **values))


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
    **rules: Any,
) -> Tool:
    """A tool from a function: name, description and schema come from its signature and docstring.

    ``rules``: the other fields of Tool. Raises ValueError for a function that no model could call (no docstring, an untyped or
    variadic parameter), and for rules that do not go together.
    """
    description, arguments, context_name = _read(function)
    spec = ToolSpec(name or function.__name__, description, _without_titles(arguments.model_json_schema()))
    usual_tries, usually_runs = _usual(effect)
    tries = usual_tries if retries is None else retries
    return Tool(
        spec, function, arguments, context_name, effect, timeout, tries, RunsWhen(runs_when or usually_runs), **rules
    )


def _usual(effect: bool) -> tuple[int, RunsWhen]:
    """Retries, and what a call needs before it runs, where nothing else is said."""
    return (0, RunsWhen.CUSTOMER_ASKS) if effect else (1, RunsWhen.MODEL_CALLS)


def overridden(tools: Iterable[Tool], overrides: Mapping[str, ToolOverride]) -> list[Tool]:
    """The tools as settings want them, without those that are switched off. Raises ConfigError."""
    found = []
    for item in tools:
        override = overrides.get(item.name, ToolOverride())
        changes = override.model_dump(exclude_none=True, exclude={"enabled"})
        if override.effect not in (None, item.effect):
            retries, runs_when = _usual(not item.effect)
            changes = {"retries": retries, "runs_when": runs_when, "cache": 0} | changes
        try:
            found += [replace(item, **changes)] if override.enabled else []
        except ValueError as error:
            raise ConfigError(f"TOOL_OVERRIDES: {error}") from error
    return found


def cannot_check(tools: Mapping[str, Tool], others: Container[str]) -> Mapping[str, str]:
    """Why ``checked_by`` names a tool that can say nothing, by the name of the tool whose calls it is to check.

    ``others``: names of further tools, of which nothing else is known.
    """
    found = {}
    for item in tools.values():
        checker = tools.get(item.checked_by)
        if checker is None and item.checked_by and item.checked_by not in others:
            found[item.name] = f"checked_by {item.checked_by}: there is no such tool"
        elif checker is not None and checker.effect:
            found[item.name] = f"checked_by {item.checked_by}, which does not only read"
        elif checker is not None and "idempotency_key" not in checker.spec.parameters.get("properties", {}):
            found[item.name] = f"checked_by {item.checked_by}, which takes no idempotency_key"
    return found


@overload
def tool(function: Callable[..., Any], /) -> Tool: ...


@overload
def tool(
    *,
    effect: bool = ...,
    timeout: float = ...,
    retries: int | None = ...,
    name: str | None = ...,
    runs_when: RunsWhen | None = ...,
    needs: Needs = ...,
    rate: str = ...,
    rate_in_all: str = ...,
    cache: int = ...,
    checked_by: str = ...,
) -> Callable[[Callable[..., Any]], Tool]: ...


def tool(function: Callable[..., Any] | None = None, /, **options: Any) -> Tool | Callable[[Callable[..., Any]], Tool]:
    """Decorator over ``make_tool``. A tool has an effect unless it says otherwise: that is the safe mistake."""
    made = {"effect": True, **options}
    if function is None:
        return lambda target: make_tool(target, **made)
    return make_tool(function, **made)


def _without_titles(schema: Any) -> Any:
    """Pydantic's generated titles repeat the names and cost tokens. A property called "title" stays."""
    if isinstance(schema, list):
        return [_without_titles(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _without_titles(value) for key, value in schema.items() if key != "title" or isinstance(value, dict)}


def _read(function: Callable[..., Any]) -> tuple[str, type[BaseModel], str | None]:
    """A function's description, its arguments, and the parameter that gets the ToolContext, which is not among them.

    Raises ValueError with what to mend in the function.
    """
    label = getattr(function, "__name__", repr(function))
    doc = parse(inspect.getdoc(function) or "")
    description = "\n".join(part for part in (doc.short_description, doc.long_description) if part)
    if not description:
        raise ValueError(f"Tool {label} needs a docstring: it is all that the model knows of it.")
    told = {param.arg_name: param.description for param in doc.params if param.description}
    hints = typing.get_type_hints(function, include_extras=True)
    context_name: str | None = None
    fields: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise ValueError(f"Tool {label}: parameter {name} must be a plain named parameter.")
        if name not in hints:
            raise ValueError(f"Tool {label}: parameter {name} needs a type.")
        if hints[name] is ToolContext:
            context_name = name
            continue
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[name] = (Annotated[hints[name], Field(description=told.get(name))], default)
    arguments = create_model(f"{label}_arguments", __config__=ConfigDict(extra="forbid"), **fields)
    return description, arguments, context_name


def by_name(tools: Iterable[Tool]) -> Mapping[str, Tool]:
    """In the order in which the model reads of them. Raises ConfigError for a name that is taken."""
    found: dict[str, Tool] = {}
    for item in tools:
        if item.name in found:
            raise ConfigError(f"Two tools are called {item.name}: rename one of them.")
        found[item.name] = item
    return found


def installed_tools() -> list[Tool]:
    """The tools of all installed packages. Raises ConfigError that names the entry point that cannot be loaded."""
    found: list[Tool] = []
    for entry in sorted(entry_points(group=GROUP), key=lambda item: item.name):
        try:
            loaded = entry.load()
        except Exception as error:
            raise ConfigError(f"Entry point {entry.name} of {GROUP} cannot be loaded: {error}") from error
        given = loaded if isinstance(loaded, (list, tuple)) else [loaded]
        if not given or not all(isinstance(item, Tool) for item in given):
            raise ConfigError(f"Entry point {entry.name} of {GROUP} must be a Tool or a list of Tools.")
        found.extend(given)
    return found
