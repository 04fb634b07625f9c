"""Attachments in S3-compatible storage, so that any number of processes share them, and where it is (``ATTACHMENTS_URL``)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from core.attachments.disk_room import DiskRoom
from core.attachments.file_store import checked
from core.attachments.media_type import AttachmentPolicy
from core.attachments.opened import opened
from core.attachments.spool import Spool, sweep
from core.domain.attachments import Attachment
from core.domain.errors import ConfigError, NotFound, Unreachable

_COPY_LIFETIME = 15 * 60.0
_CHUNK = 256 * 1024
_KNOWN = {"endpoint", "region"}
_SHAPE = "Write s3://bucket/prefix, with ?endpoint=https://… for storage other than Amazon's, or leave it empty."


def bucket_at(url: str) -> S3Store:
    """``s3://[key:secret@]bucket[/prefix][?endpoint=…&region=…]``. Raises ConfigError.

    Without keys, the platform's own chain is used (environment, instance or pod role).
    """
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
    options = {"region": query.get("region", "us-east-1")}
    if endpoint:
        options["endpoint"] = endpoint
    if parts.username and parts.password:
        options |= {"access_key_id": unquote(parts.username), "secret_access_key": unquote(parts.password)}
    return S3Store(
        parts.hostname,
        prefix=parts.path.strip("/") or None,
        virtual_hosted_style_request=endpoint is None,
        client_options={
            "allow_http": bool(endpoint and endpoint.startswith("http://")),
            "connect_timeout": timedelta(seconds=5),
            "timeout": timedelta(seconds=60),
        },
        retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=20)},
        **options,  # type: ignore[arg-type] # the stubs' TypedDict cannot be built step by step
    )


class ObjectStore:
    """Uploads are spooled and checked on this machine first; what is refused never reaches the bucket."""

    def __init__(
        self,
        bucket: S3Store,
        spool_folder: Path,
        policy: AttachmentPolicy | None = None,
        room: DiskRoom | None = None,
    ) -> None:
        self._client = bucket
        self._copies = spool_folder / "copies"
        self._incoming = spool_folder / "incoming"
        self._spool = Spool(self._incoming, policy or AttachmentPolicy(), room)

    async def start(self) -> None:
        """Make the local folders; the bucket is first needed by the first upload. Raises Unreachable."""
        try:
            await asyncio.to_thread(self._prepare)
        except OSError as error:
            raise Unreachable(f"{self._incoming} cannot be used: {error.strerror or error}.") from error

    async def put(self, chunks: AsyncIterator[bytes], *, name: str, declared_type: str | None) -> Attachment:
        path, attachment = await self._spool.receive(chunks, name=name, declared_type=declared_type)
        try:
            await obstore.put_async(
                self._client,
                attachment.storage_key,
                path,
                attributes={"Content-Type": "application/octet-stream", "Content-Disposition": "attachment"},
            )
        except (BaseError, OSError) as error:
            raise self._unreachable(error) from error
        finally:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        return attachment

    async def open(self, attachment: Attachment) -> AsyncIterator[bytes]:
        key = checked(attachment.storage_key)
        try:
            result = await obstore.get_async(self._client, key)
            async for chunk in result.stream(min_chunk_size=_CHUNK):
                yield bytes(chunk)
        except FileNotFoundError:
            raise NotFound("The file is no longer here.") from None
        except (BaseError, OSError) as error:
            raise self._unreachable(error) from error

    async def local_path(self, attachment: Attachment) -> Path:
        path = self._copies / checked(attachment.storage_key).replace("/", "-")
        await asyncio.to_thread(sweep, self._copies, older_than=_COPY_LIFETIME)
        if await asyncio.to_thread(_touch, path):
            return path
        unfinished = path.with_name(f"{path.name}.{os.urandom(8).hex()}.part")
        try:
            async with opened(lambda: unfinished.open("xb")) as file:
                async for chunk in self.open(attachment):
                    await asyncio.to_thread(file.write, chunk)
            await asyncio.to_thread(os.replace, unfinished, path)
        except BaseException:
            await asyncio.to_thread(unfinished.unlink, missing_ok=True)
            raise
        return path

    async def delete(self, storage_key: str) -> None:
        try:
            await obstore.delete_async(self._client, checked(storage_key))
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise self._unreachable(error) from error

    async def ping(self) -> None:
        """A real write, since credentials that may read but not write would otherwise look healthy."""
        try:
            await obstore.put_async(self._client, "health-probe", b"ok")
        except (BaseError, OSError) as error:
            raise self._unreachable(error) from error

    def _prepare(self) -> None:
        for folder in (self._incoming, self._copies):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        sweep(self._incoming)
        sweep(self._copies, older_than=_COPY_LIFETIME)

    def _unreachable(self, error: Exception) -> Unreachable:
        """The library's message can hold the signed request, so only its kind is told."""
        return Unreachable(
            f"The bucket “{self._client.config['bucket']}” does not answer as it should ({type(error).__name__})."
        )


def _touch(path: Path) -> bool:
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True
