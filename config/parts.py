"""From settings to the parts of the hub. Every constructor of the project is called here, and settings go no further."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from api.logging import LogSettings
from api.operator_access import OperatorAccess
from channels import registry
from channels.web.links import Links
from channels.web.settings import WebSettings
from channels.web.transcripts import SendMail
from config.budgets import make_rates, web_limits
from config.desk.staffed import is_staffed
from config.extraction import make_confined as make_confined
from config.extraction import make_extraction as make_extraction
from config.processes.data_dir import own_secret_key
from config.processes.erasing import Erasing
from config.settings import Settings, secrets_of
from config.store import make_store as make_store
from core.attachments.disk_room import DiskRoom
from core.attachments.extraction_service import ExtractionService
from core.attachments.file_store import FileStore
from core.attachments.media_type import AttachmentPolicy
from core.domain.attachments import Attachment
from core.domain.errors import ConfigError
from core.ports.budgets import Budgets
from core.ports.channel import Channel
from core.ports.clock import Clock
from core.ports.confined import ConfinedCalls
from core.ports.extractor import AttachmentStore
from core.ports.metrics import Metrics
from core.ports.surroundings import Surroundings
from core.ports.wake import Wake
from core.storage.store import SqlStore
from core.storage.wake_local import LocalWake

if TYPE_CHECKING:
    from core.attachments.object_store import ObjectStore

_LINK_LIFE = timedelta(days=7)
"""How long a link works that is sent to somebody who may read it tomorrow; the widget makes new ones each time."""


def log_settings(settings: Settings, *, terminal: bool) -> LogSettings:
    """Console format for a person at a terminal, JSON otherwise."""
    chosen = settings.log_format
    return LogSettings(
        level=settings.log_level.upper(),
        format=("console" if terminal else "json") if chosen == "auto" else chosen,
    )


def secret_keys(settings: Settings, *, alone: bool) -> tuple[str, ...]:
    """The configured keys, or the one that a lone process made itself. Raises ConfigError where processes must share it."""
    configured = secrets_of(settings.secret_key)
    if configured:
        return configured
    if not alone:
        raise ConfigError("SECRET_KEY must be set, and be the same for every process; try: openssl rand -hex 32")
    return (own_secret_key(settings.data_dir),)


def make_wake(settings: Settings) -> Wake:
    """The one port that differs by database."""
    if settings.uses_sqlite:
        return LocalWake()
    from core.storage.wake_postgres import PostgresWake

    return PostgresWake(settings.effective_database_url)


def make_disk(settings: Settings) -> DiskRoom:
    """What there is room for in DATA_DIR."""
    return DiskRoom(settings.data_dir, quota=settings.disk_quota_bytes, reserve=settings.disk_reserve_bytes)


def make_files(settings: Settings, disk: DiskRoom | None = None) -> FileStore | ObjectStore:
    """Where customers' files go: a folder of DATA_DIR, or the bucket of ATTACHMENTS_URL. Raises ConfigError."""
    policy = AttachmentPolicy(max_bytes=settings.max_attachment_bytes)
    if not settings.attachments_url:
        return FileStore(settings.data_dir / "attachments", policy, disk)
    from core.attachments.object_store import ObjectStore, bucket_at

    return ObjectStore(bucket_at(settings.attachments_url), settings.data_dir / "attachments-spool", policy, disk)


def make_web(
    settings: Settings,
    keys: tuple[str, ...],
    *,
    takes_files: bool,
    store: SqlStore,
    files: FileStore | ObjectStore,
    extraction: ExtractionService,
    wake: Wake,
    clock: Clock,
    budgets: Budgets,
    metrics: Metrics,
    operators: OperatorAccess,
    send_mail: SendMail | None,
) -> Channel:
    """The web channel."""
    web = WebSettings(
        secret_keys=keys,
        identity_secrets=secrets_of(settings.widget_identity_secret),
        origins=settings.widget_origins,
        public_url=settings.public_url,
        company=settings.company_name,
        sender=settings.sender_name,
        accept=AttachmentPolicy().suffixes(),
        attachments=takes_files,
        feedback=settings.feature_feedback,
        demo_page=settings.feature_demo_page,
        trusted_proxies=settings.trusted_proxies,
        staffed=is_staffed(settings),
        transcripts=send_mail is not None,
        limits=web_limits(settings),
    )
    rates, shared_rates = make_rates(settings, clock, budgets)
    channel: Channel = registry.load("web")(
        web,
        log=store,
        records=store,
        files=files,
        wake=wake,
        clock=clock,
        rates=rates,
        shared_rates=shared_rates,
        budgets=budgets,
        metrics=metrics,
        uploaded=extraction.begin,
        is_operator=operators.allows,
        note_shown=store.note_shown,
        send_mail=send_mail,
    )
    return channel


def make_surroundings(
    settings: Settings,
    *,
    store: SqlStore,
    files: FileStore | ObjectStore,
    clock: Clock,
    metrics: Metrics,
    process: str,
    confined: ConfinedCalls,
    keys: tuple[str, ...],
    disk: DiskRoom | None = None,
) -> Surroundings:
    """What every channel is given. ``keys`` sign links to files."""
    public = settings.public_url
    links = Links(keys, _LINK_LIFE, clock) if public else None

    def link(attachment: Attachment) -> str | None:
        return f"{public}{links.to(attachment.id)}" if links is not None else None

    return Surroundings(
        memory=store,
        leases=store,
        paces=store,
        deliveries=store,
        showing=store,
        files=files,
        clock=clock,
        metrics=metrics,
        link=link,
        process=process,
        company=settings.sender_name,
        confined=confined,
        public_url=settings.public_url,
        max_attachment_bytes=settings.max_attachment_bytes,
        conversations=store,
        has_room=partial(_has_room, disk or make_disk(settings), settings.max_attachment_bytes),
    )


async def _has_room(disk: DiskRoom, size: int) -> bool:
    return await disk.trouble(size) is None


def make_erasing(settings: Settings, store: SqlStore, files: AttachmentStore) -> Erasing:
    """What erases customers who have confirmed that they want it."""
    return Erasing(store, files, settings.desk_language)
