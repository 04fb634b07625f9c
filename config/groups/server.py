"""What the server is, where it keeps things and how it is reached."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, SecretStr, field_validator

from channels.addresses import parse_networks
from config.addresses import BaseAddress
from config.groups import SettingsGroup
from config.listed import Listed
from core.domain.errors import ConfigError


class ServerGroup(SettingsGroup):
    """What the server is, where it keeps things and how it is reached."""

    title: ClassVar[str] = "Server"

    host: str = Field(description="Address to listen on.")
    port: int = Field(ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    public_url: BaseAddress | None = Field(
        None, description="The address under which the world reaches this server, such as https://chat.example.com."
    )
    secret_key: SecretStr | None = Field(
        None,
        description="Signs sessions and links; at least 32 characters. When it is not set, one process alone makes its "
        "own and keeps it in DATA_DIR. A comma-separated list while rotating: the first signs, all are accepted.",
    )
    database_url: str | None = Field(
        None, description="sqlite:///path or postgresql://user:password@host/name. Default: a SQLite file in DATA_DIR."
    )
    redis_url: str | None = Field(None, description="Shares the limits per client between processes. Optional.")
    chroma_url: BaseAddress | None = Field(
        None, description="A Chroma server, http://host:port. Default: an embedded index in DATA_DIR."
    )
    attachments_url: str | None = Field(
        None,
        description="S3-compatible storage for files: s3://bucket/prefix?endpoint=... Default: a folder in DATA_DIR.",
    )
    data_dir: Path = Field(description="Where everything embedded is kept.")
    data_dir_shared: bool = Field(
        False, description="Every process of a scaled-out deployment sees the same DATA_DIR, so files may stay there."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(description="What is logged at least.")
    log_format: Literal["auto", "json", "console"] = Field(
        description="auto writes for people on a terminal and JSON elsewhere."
    )
    max_connections: int = Field(
        10_000, gt=0, description="Open connections in all. Lower where the system allows fewer open files."
    )
    max_connections_per_address: int = Field(
        2_000,
        ge=0,
        description="Open connections of one address (of IPv6: one /64), at most half of all; 0 means no limit. "
        "Addresses in TRUSTED_PROXIES are not limited.",
    )
    first_request_seconds: float = Field(
        10.0, gt=0, description="A new connection is closed when no whole request head has come after this long."
    )
    keepalive_seconds: float = Field(
        75.0,
        gt=0,
        description="An idle connection is closed after this long. Longer than a proxy in front keeps its own.",
    )
    request_body_seconds: float = Field(
        30.0,
        gt=0,
        description="How long the body of a request may take, with a second more for each 1,024 bytes that have come, though not "
        "for webhooks; and how long a client may leave an answer unread, with a second more for each 1,024 bytes of it.",
    )
    trusted_proxies: Listed = Field((), description="Networks whose X-Forwarded-For is believed, such as 10.0.0.0/8.")

    @field_validator("log_level", mode="before")
    @classmethod
    def _standard_level(cls, value: object) -> object:
        """Python's names, in any case: WARN and CRITICAL (FATAL) stand for the nearest of ours."""
        if not isinstance(value, str):
            return value
        level = value.strip().lower()
        return {"warn": "warning", "critical": "error", "fatal": "error", "notset": "debug", "trace": "debug"}.get(
            level, level
        )

    @field_validator("trusted_proxies")
    @classmethod
    def _proxy_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            parse_networks(value)
        except ConfigError as error:
            raise ValueError(f"{error.detail.removeprefix('TRUSTED_PROXIES ')}; write such as 10.0.0.0/8") from None
        return value
