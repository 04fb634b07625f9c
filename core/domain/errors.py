"""The error tree. Its shape decides what delivery and the channels do next, so handlers match on class, not on text."""

from __future__ import annotations

from enum import StrEnum


class HubError(Exception):
    """Anything the hub raises on purpose. ``detail`` is written for the person who has to act on it."""

    code = "hub_error"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class InvalidInput(HubError):
    """What came in cannot be accepted; the sender can mend it. Nothing was stored."""

    code = "invalid_input"


class UnknownMessage(InvalidInput):
    """An edit, a deletion or a reaction to a message that the hub does not have (yet: it may still be on its way)."""

    code = "unknown_message"


class TooLarge(InvalidInput):
    """Longer or larger than the limit named in ``detail``."""

    code = "too_large"


class NotYet(HubError):
    """It can be done in ``seconds``, and nothing is wrong: something that was begun before has to end first."""

    code = "not_yet"

    def __init__(self, detail: str, *, seconds: float) -> None:
        super().__init__(detail)
        self.seconds = seconds


class FileRefused(InvalidInput):
    """A file that is not taken. ``code`` says why: empty_file, file_program, file_svg, file_mismatch or file_type."""

    code = "file_type"

    def __init__(self, detail: str, code: str = "file_type") -> None:
        super().__init__(detail)
        self.code = code


class Unauthenticated(HubError):
    """No token, a forged one or an expired one: the caller has to prove who it is (401)."""

    code = "unauthenticated"


class NotAllowed(HubError):
    """The caller is known but may not do this: wrong origin, somebody else's conversation (403)."""

    code = "not_allowed"


class Blocked(NotAllowed):
    """Staff have blocked this customer: what they write is neither answered nor read (403)."""

    code = "blocked"


class NotFound(HubError):
    """There is no such thing, or none that this caller may know of (404)."""

    code = "not_found"


class TooManyRequests(HubError):
    """A limit per client was passed. Try again after ``retry_after`` seconds (429)."""

    code = "too_many_requests"

    def __init__(self, detail: str, *, retry_after: float) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class SessionEnded(HubError):
    """The conversation was ended by its customer; a new one has to be started."""

    code = "session_ended"


class Outdated(HubError):
    """What a channel wanted to remember with an event rests on something that somebody else has changed. Nothing was stored."""

    code = "outdated"


class Overloaded(HubError):
    """The hub refuses work it could not acknowledge in time. Retry after ``retry_after`` seconds."""

    code = "overloaded"

    def __init__(self, detail: str, *, retry_after: float = 1.0) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class StoreUnavailable(HubError):
    """The database did not commit. Nothing was acknowledged; the sender must send again."""

    code = "store_unavailable"


class LostClaim(HubError):
    """Another worker owns this conversation now: everything this one computed must be thrown away."""

    code = "lost_claim"


class Superseded(LostClaim):
    """The customer wrote more before anything of the answer was shown: the turn begins again with all of it."""

    code = "superseded"


class ConfigError(HubError):
    """A setting is missing or contradicts another one. ``detail`` names the setting and what to write."""

    code = "config_error"


class ModelError(HubError):
    """The language model failed for good in this turn: refused, stalled, cut off or answered nothing."""

    code = "model_error"


class AnswerUnusable(ModelError):
    """The model answered this request with nothing that can be used: cut off, withheld, empty. Others may still ask it."""


class RequestRefused(AnswerUnusable):
    """The endpoint does not take what this request holds, and asked again it would refuse it again."""


class TokensUsedUp(ModelError):
    """The budget of model tokens is used up: nothing is wrong with the model, and others may still ask it."""

    code = "tokens_used_up"


class ToolErrorKind(StrEnum):
    """Why a tool's call gave nothing. ``NOT_FOUND``, ``REFUSED`` (by a rule of the company's) and ``INVALID`` (arguments) are
    answers. The others say that the tool did not work; ``UNKNOWN``: it may have taken effect.
    """

    NOT_FOUND = "not_found"
    REFUSED = "refused"
    INVALID = "invalid"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    UNKNOWN = "unknown"


class ToolError(HubError):
    """A tool could not do its work. ``detail`` is shown to the model, so it must not hold secrets.

    ``for_customer``: what the customer may read of it as it stands.
    """

    code = "tool_error"

    def __init__(self, detail: str, kind: ToolErrorKind = ToolErrorKind.REFUSED, *, for_customer: str = "") -> None:
        super().__init__(detail)
        self.kind = kind
        self.for_customer = for_customer


class KnowledgeUnavailable(HubError):
    """The index cannot be searched now (model loading, index broken). Different from finding nothing."""

    code = "knowledge_unavailable"


class ExtractionFailed(HubError):
    """No text could be taken from a file: protected, broken, over a limit, or of a kind that has none."""

    code = "extraction_failed"


class Resource(StrEnum):
    """What a confined call may have too much of."""

    MEMORY = "memory"
    OUTPUT = "output"


class ConfinedError(HubError):
    """A confined call gave no answer. Never raised bare: its subclasses say why, ``detail`` says it to the sender of the data."""

    code = "confined_call"


class CallFailed(ConfinedError):
    """The function raised: the data is broken or refused. ``kind`` is the name of the exception's class, ``reason`` its text."""

    code = "confined_call_failed"

    def __init__(self, detail: str, *, kind: str = "", reason: str = "") -> None:
        super().__init__(detail)
        self.kind = kind
        self.reason = reason


class CallTookTooLong(ConfinedError):
    """The call used up its seconds, by the clock or of the processor."""

    code = "confined_call_too_long"


class CallTookTooMuch(ConfinedError):
    """The call needed more memory, or gave a longer answer, than it may."""

    code = "confined_call_too_much"

    def __init__(self, detail: str, *, resource: Resource) -> None:
        super().__init__(detail)
        self.resource = resource


class CallDied(ConfinedError):
    """The child process ended without an answer: it crashed, or was ended from outside. The same call may succeed later."""

    code = "confined_call_died"


class ChannelError(HubError):
    """Something between the hub and a provider. Never raised bare: its subclasses say what to do."""

    code = "channel_error"


class BadSignature(ChannelError):
    """The request does not prove that it comes from the provider. Answer 401, count it, parse nothing."""

    code = "bad_signature"


class RateLimited(ChannelError):
    """The provider asks for a pause of ``retry_after`` seconds. The message was not taken."""

    code = "rate_limited"

    def __init__(self, detail: str, *, retry_after: float) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Unreachable(ChannelError):
    """The provider was not reached, or answered 5xx before taking the message: certain not to have happened."""

    code = "unreachable"


class TooEarly(Unreachable):
    """The provider cannot say yet what became of a message; it can in ``seconds``. Asking was no try."""

    code = "too_early"

    def __init__(self, detail: str, *, seconds: float) -> None:
        super().__init__(detail)
        self.seconds = seconds


class NoRoom(Unreachable):
    """The hub's own disk or its quota leaves no room for files. Text is still taken."""

    code = "no_room"


class Rejected(ChannelError):
    """The provider refused this message for good; sending it again cannot help."""

    code = "rejected"


class AuthFailed(ChannelError):
    """The credentials no longer work: pause the whole channel and tell the operator; drop nothing."""

    code = "auth_failed"


class Unsupported(ChannelError):
    """The channel cannot carry this content and it could not be degraded."""

    code = "unsupported"


class OutcomeUnknown(ChannelError):
    """The write may have happened (time-out after sending). Ask the provider before sending again."""

    code = "outcome_unknown"
