"""Where attachments are kept, as ``ATTACHMENTS_URL`` says it."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from core.domain.errors import ConfigError

_KNOWN = {"endpoint", "region"}
_SHAPE = "Write s3://bucket/prefix, with ?endpoint=https://… for storage other than Amazon's, or leave it empty."


@dataclass(frozen=True, slots=True)
class ObjectLocation:
    """A bucket. Without keys, the platform's own chain is used (environment, instance or pod role)."""

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    region: str = "us-east-1"
    access_key: str | None = None
    secret_key: str | None = field(default=None, repr=False)


def parse_location(url: str) -> ObjectLocation:
    """``s3://[key:secret@]bucket[/prefix][?endpoint=…&region=…]``. Raises ConfigError."""
    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.hostname:
        raise ConfigError(f"ATTACHMENTS_URL is not understood. {_SHAPE}")
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if unknown := sorted(query.keys() - _KNOWN):
        raise ConfigError(f"ATTACHMENTS_URL has an unknown option: {', '.join(unknown)}. {_SHAPE}")
    endpoint = query.get("endpoint")
    if endpoint and urlsplit(endpoint).scheme not in ("http", "https"):
        raise ConfigError(f"The endpoint in ATTACHMENTS_URL must start with https:// or http://. {_SHAPE}")
    if bool(parts.username) != bool(parts.password):
        raise ConfigError("ATTACHMENTS_URL names only one of access key and secret key; it needs both or neither.")
    return ObjectLocation(
        bucket=parts.hostname,
        prefix=parts.path.strip("/"),
        endpoint=endpoint,
        region=query.get("region", "us-east-1"),
        access_key=unquote(parts.username) if parts.username else None,
        secret_key=unquote(parts.password) if parts.password else None,
    )
