"""What the agent may do beyond answering: the company's own tools."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import NoDecode

from config.groups import SettingsGroup
from config.listed import read_table
from core.agent.tool_rules import Subject, ToolOverride


def _address(value: str) -> str:
    parts = urlsplit(value)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.query
        or parts.fragment
        or "@" in parts.netloc
    ):
        raise ValueError(
            "must be an address such as https://api.example.com/v1, without a login, a query or a fragment"
        )
    return value


def _document(value: str) -> str:
    return _address(value) if "://" in value else str(Path(value).absolute())


Address = Annotated[str, AfterValidator(_address)]
_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,19}$")]


def _as_list(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class ToolServer(BaseModel):
    """What both kinds have. ``bind``: arguments that the hub sets from what is proven of the customer: the first kind that is.

    ``anyone``: operations or tools that concern no customer. ``private_hosts``: names that may lie at private addresses.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    headers: Mapping[str, SecretStr] = {}
    bind: Mapping[str, Annotated[tuple[Subject, ...], BeforeValidator(_as_list), Field(min_length=1)]] = {}
    anyone: tuple[str, ...] = ()
    private_hosts: tuple[str, ...] = ()

    @property
    def plain_headers(self) -> Mapping[str, str]:
        """As they are sent."""
        return {name: value.get_secret_value() for name, value in self.headers.items()}


class OpenApiServer(ToolServer):
    """Chosen operations of a document, which is a file or an address. What it says of servers is not used."""

    document: Annotated[str, AfterValidator(_document)]
    operations: Annotated[tuple[str, ...], Field(min_length=1, max_length=100)]
    base_url: Address


class McpServer(ToolServer):
    """A server that is started here (``command``, with ``env``) or asked at ``url``."""

    command: tuple[str, ...] = ()
    env: Mapping[str, SecretStr] = {}
    url: Address | None = None

    @model_validator(mode="after")
    def _one_way(self) -> McpServer:
        if bool(self.command) == bool(self.url):
            raise ValueError("name either command or url")
        return self


class ToolsGroup(SettingsGroup):
    """What the agent may do beyond answering: the company's own tools."""

    title: ClassVar[str] = "Tools"

    tools_path: Path | None = Field(
        None,
        description="A Python file, or a folder of them, with functions marked @tool. It is read at the start and runs with the "
        "hub's rights.",
    )
    openapi_tools: Annotated[Mapping[_Name, OpenApiServer], NoDecode, BeforeValidator(read_table)] = Field(
        {},
        description="Operations of OpenAPI documents as tools, by a name for the server: tables in switchboard.toml, or JSON. "
        "Each has document (a path or an address), operations and base_url, and may have headers, bind, anyone and "
        "private_hosts; docs/howto/tools.md says more. Headers are secret.",
    )
    mcp_servers: Annotated[Mapping[_Name, McpServer], NoDecode, BeforeValidator(read_table)] = Field(
        {},
        description="Servers of the Model Context Protocol whose tools the agent has, by a name that goes before each: tables in "
        "switchboard.toml, or JSON. Each has command or url, and may have env, headers, bind, anyone and private_hosts; "
        "docs/howto/tools.md says more. Headers and env are secret.",
    )
    tool_overrides: Annotated[Mapping[str, ToolOverride], NoDecode, BeforeValidator(read_table)] = Field(
        {},
        description="What differs from a tool's code, by name, also of the hub's own tools: tables in switchboard.toml, or JSON "
        'such as {"refund": {"needs": "verified", "rate": "5/hour"}}. Each may set enabled, effect, needs, runs_when, timeout, '
        "retries, rate, rate_in_all and cache; docs/reference/tools.md says more.",
    )
