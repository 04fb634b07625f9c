"""Why a client's message is refused, each with the code that the protocol names (docs/reference/web-protocol.md)."""

from __future__ import annotations

from core.domain.errors import InvalidInput, TooLarge

BLOCKED = "Our team has blocked you here: what you send is neither read nor answered."


class BadFrame(InvalidInput):
    """Not a frame of the protocol: no JSON, an unknown type, a field of the wrong type or with forbidden characters."""

    code = "bad_frame"


class TooLong(TooLarge):
    """A message or a frame over its limit."""

    code = "too_long"


class Empty(InvalidInput):
    """Neither text nor a file."""

    code = "empty"


class TooManyAttachments(InvalidInput):
    """More files than one message may carry."""

    code = "too_many_attachments"


class UnknownAttachment(InvalidInput):
    """No file of that id was uploaded in this session."""

    code = "unknown_attachment"


class FileType(InvalidInput):
    """A file of a kind that is not taken, or whose content is not what its name says."""

    code = "file_type"
