"""What the server is, where it keeps things and how it is reached."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, SecretStr

from config.groups import SettingsGroup
from config.listed import Listed


class ServerGroup(SettingsGroup):
    """What the server is, where it keeps things and how it is reached."""

    title: ClassVar[str] = "Server"

    host: str = Field(description="Address to listen on.")
    port: int = Field(ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    public_url: str | None = Field(
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
    chroma_url: str | None = Field(
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
    trusted_proxies: Listed = Field((), description="Networks whose X-Forwarded-For is believed, such as 10.0.0.0/8.")
