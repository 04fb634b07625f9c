"""What the web channel has to be told. Read once by the composition root and handed in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Rate:
    """At most ``amount`` per ``seconds``, the whole of it at once if need be. An amount of 0 switches the limit off."""

    amount: int
    seconds: float


@dataclass(frozen=True, slots=True)
class WebLimits:
    """What one client may ask for. Sizes in bytes, times in seconds."""

    message_chars: int = 8_000
    attachments: int = 5
    attachment_bytes: int = 10 * 1024 * 1024
    frame_bytes: int = 64 * 1024
    """A longer frame is refused; the connection survives."""
    frame_bytes_hard: int = 1024 * 1024
    """A longer frame ends the connection: it would have to be held in memory to be refused politely."""
    auth_seconds: float = 5.0
    wait_seconds: float = 30.0
    heartbeat_seconds: float = 25.0
    send_buffer_bytes: int = 256 * 1024
    """A client that is this far behind is disconnected; it resumes by cursor when it is back."""
    sockets_per_address: int = 2_000
    sessions_per_address: Rate = field(default_factory=lambda: Rate(30, 60))
    messages_per_address: Rate = field(default_factory=lambda: Rate(120, 60))
    uploads_per_address: Rate = field(default_factory=lambda: Rate(30, 60))
    sessions_in_all: Rate = field(default_factory=lambda: Rate(3_000, 60))
    messages_in_all: Rate = field(default_factory=lambda: Rate(12_000, 60))
    uploads_in_all: Rate = field(default_factory=lambda: Rate(600, 60))
    unsent_bytes_per_address: int = 50 * 1024 * 1024
    """Of files that were uploaded and not yet sent; 0 switches the limit off."""
    unsent_bytes_in_all: int = 200 * 1024 * 1024
    file_bytes_per_address: int = 500 * 1024 * 1024
    """Of files in a day (UTC), sent or not; 0 switches the limit off."""
    file_bytes_in_all: int = 5 * 1024 * 1024 * 1024
    messages_per_session: Rate = field(default_factory=lambda: Rate(120, 60))
    uploads_per_session: Rate = field(default_factory=lambda: Rate(30, 60))
    reads_per_session: Rate = field(default_factory=lambda: Rate(600, 60))
    transcripts_per_session: int = 3
    """Conversations sent by e-mail in a day (UTC); 0 switches the limit off."""
    transcripts_per_recipient: int = 3
    transcripts_per_client: int = 5
    transcripts_altogether: int = 200
    frames_per_socket: Rate = field(default_factory=lambda: Rate(200, 10))
    refused_frames: int = 100
    """So many frames over the rate within a minute, and the connection is closed."""


@dataclass(frozen=True, slots=True)
class WebSettings:
    """``secret_keys`` and ``identity_secrets``: the first signs, all verify, so that a key can be rotated.

    ``origins``: sites that may embed the widget (``https://shop.example``, ``https://*.shop.example``, or ``*``); pages of
    this server always may. ``trusted_proxies``: networks whose ``X-Forwarded-For`` is believed.
    """

    secret_keys: tuple[str, ...]
    identity_secrets: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    public_url: str | None = None
    company: str = "Switchboard"
    sender: str = "Support"
    """Who a mailed conversation is from; a name must stand there also where ``company`` is empty."""
    locale: str = "en"
    accept: tuple[str, ...] = (
        ".pdf", ".docx", ".xlsx", ".pptx", ".txt", ".md", ".csv", ".json", ".png", ".jpg", ".jpeg", ".gif", ".webp",
    )  # fmt: skip
    attachments: bool = True
    feedback: bool = True
    staffed: bool = False
    """Whether a staff desk is connected: only then may the widget promise that a person answers here."""
    transcripts: bool = False
    """Whether customers may have a conversation sent by e-mail."""
    demo_page: bool = True
    trusted_proxies: tuple[str, ...] = ()
    session_life: timedelta = timedelta(days=30)
    identified_life: timedelta = timedelta(days=7)
    link_life: timedelta = timedelta(hours=24)
    limits: WebLimits = field(default_factory=WebLimits)
