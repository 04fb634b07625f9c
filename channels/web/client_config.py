"""What a client needs to know of the hub's settings."""

from __future__ import annotations

from typing import Any

from channels.web.settings import WebSettings


def client_config(settings: WebSettings, locale: str | None) -> dict[str, Any]:
    """For the answer to a new session, for the first frame of each connection, and for each poll: a client may stay
    for days while the hub is restarted with other settings."""
    return {
        "company": settings.company or None,
        "locale": locale or settings.locale,
        "max_attachment_bytes": settings.limits.attachment_bytes,
        "max_attachments": settings.limits.attachments,
        "max_message_chars": settings.limits.message_chars,
        "accept": list(settings.accept),
        "features": {
            "attachments": settings.attachments,
            "feedback": settings.feedback,
            "staff": settings.staffed,
            "transcript": settings.transcripts,
        },
    }
