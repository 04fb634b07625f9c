"""The error tree. Its shape decides what delivery and the channels do next, so handlers match on class, not on text."""

from __future__ import annotations

from enum import StrEnum


class HubError(Exception):
    """Anything the hub raises on purpose. ``detail`` is written for the person who has to act on it.

    ``code``: what clients are told; a subclass without one has its parent's.
    """

    code = "hub_error"

    def __init_subclass__(cls, code: str | None = None) -> None:
        super().__init_subclass__()
        cls.code = code or cls.code

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class InvalidInput(HubError, code="invalid_input"):
    """What came in cannot be accepted; the sender can mend it. Nothing was stored."""


class UnknownMessage(InvalidInput, code="unknown_message"):
    """An edit, a deletion or a reaction to a message that the hub does not have (yet: it may still be on its way)."""


class TooLarge(InvalidInput, code="too_large"):
    """Longer or larger than the limit named in ``detail``."""


class NotYet(HubError, code="not_yet"):
    """It can be done in ``seconds``, and nothing is wrong: something that was begun before has to end first."""

    def __init__(self, detail: str, *, seconds: float) -> None:
        super().__init__(detail)
        self.seconds = seconds


class FileRefused(InvalidInput, code="file_type"):
    """A file that is not taken. ``code`` says why: empty_file, file_program, file_svg, file_mismatch or file_type."""

    def __init__(self, detail: str, code: str = "file_type") -> None:
        super().__init__(detail)
        self.code = code


class Unauthenticated(HubError, code="unauthenticated"):
    """No token, a forged one or an expired one: the caller has to prove who it is (401)."""


class NotAllowed(HubError, code="not_allowed"):
    """The caller is known but may not do this: wrong origin, somebody else's conversation (403)."""


class Blocked(NotAllowed, code="blocked"):
    """Staff have blocked this customer: what they write is neither answered nor read (403)."""


class NotFound(HubError, code="not_found"):
    """There is no such thing, or none that this caller may know of (404)."""


class TooManyRequests(HubError, code="too_many_requests"):
    """A limit per client was passed. Try again after ``retry_after`` seconds (429)."""

    def __init__(self, detail: str, *, retry_after: float) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class SessionEnded(HubError, code="session_ended"):
    """The conversation was ended by its customer; a new one has to be started."""


class Outdated(HubError, code="outdated"):
    """What a channel wanted to remember with an event rests on something that somebody else has changed. Nothing was stored."""


class Overloaded(HubError, code="overloaded"):
    """The hub refuses work it could not acknowledge in time. Retry after ``retry_after`` seconds."""

    def __init__(self, detail: str, *, retry_after: float = 1.0) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class StoreUnavailable(HubError, code="store_unavailable"):
    """The database did not commit. Nothing was acknowledged; the sender must send again."""


class LostClaim(HubError, code="lost_claim"):
    """Another worker owns this conversation now: everything this one computed must be thrown away."""


class Superseded(LostClaim, code="superseded"):
    """The customer wrote, edited or deleted something before any of the answer was shown: the turn begins again."""


class ConfigError(HubError, code="config_error"):
    """A setting is missing or contradicts another one. ``detail`` names the setting and what to write."""


class ModelError(HubError, code="model_error"):
    """The language model failed for good in this turn: refused, stalled, cut off or answered nothing."""


class AnswerUnusable(ModelError):
    """The model answered this request with nothing that can be used: cut off, withheld, empty. Others may still ask it."""


class RequestRefused(AnswerUnusable):
    """The endpoint does not take what this request holds, and asked again it would refuse it again."""


class TokensUsedUp(ModelError, code="tokens_used_up"):
    """The budget of model tokens is used up: nothing is wrong with the model, and others may still ask it."""


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


class ToolError(HubError, code="tool_error"):
    """A tool could not do its work. ``detail`` is shown to the model, so it must not hold secrets.

    ``for_customer``: what the customer may read of it as it stands.
    """

    def __init__(self, detail: str, kind: ToolErrorKind = ToolErrorKind.REFUSED, *, for_customer: str = "") -> None:
        super().__init__(detail)
        self.kind = kind
        self.for_customer = for_customer


class KnowledgeUnavailable(HubError, code="knowledge_unavailable"):
    """The index cannot be searched now (model loading, index broken). Different from finding nothing."""


class ExtractionFailed(HubError, code="extraction_failed"):
    """No text could be taken from a file: protected, broken, over a limit, or of a kind that has none."""


class Resource(StrEnum):
    """What a confined call may have too much of."""

    MEMORY = "memory"
    OUTPUT = "output"


class ConfinedError(HubError, code="confined_call"):
    """A confined call gave no answer. Never raised bare: its subclasses say why, ``detail`` says it to the sender of the data."""


class CallFailed(ConfinedError, code="confined_call_failed"):
    """The function raised: the data is broken or refused. ``kind`` is the name of the exception's class, ``reason`` its text."""

    def __init__(self, detail: str, *, kind: str = "", reason: str = "") -> None:
        super().__init__(detail)
        self.kind = kind
        self.reason = reason


class CallTookTooLong(ConfinedError, code="confined_call_too_long"):
    """The call used up its seconds, by the clock or of the processor."""


class CallTookTooMuch(ConfinedError, code="confined_call_too_much"):
    """The call needed more memory, or gave a longer answer, than it may."""

    def __init__(self, detail: str, *, resource: Resource) -> None:
        super().__init__(detail)
        self.resource = resource


class CallDied(ConfinedError, code="confined_call_died"):
    """The child process ended without an answer: it crashed, or was ended from outside. The same call may succeed later."""


class ChannelError(HubError, code="channel_error"):
    """Something between the hub and a provider. Never raised bare: its subclasses say what to do."""


class BadSignature(ChannelError, code="bad_signature"):
    """The request does not prove that it comes from the provider. Answer 401, count it, parse nothing."""


class RateLimited(ChannelError, code="rate_limited"):
    """The provider asks for a pause of ``retry_after`` seconds. The message was not taken."""

    def __init__(self, detail: str, *, retry_after: float) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Unreachable(ChannelError, code="unreachable"):
    """The provider was not reached, or answered 5xx before taking the message: certain not to have happened."""


class TooEarly(Unreachable, code="too_early"):
    """The provider takes this message, or can say what became of it, in ``seconds``. Asking was no try."""

    def __init__(self, detail: str, *, seconds: float) -> None:
        super().__init__(detail)
        self.seconds = seconds


class NoRoom(Unreachable, code="no_room"):
    """The hub's own disk or its quota leaves no room for files. Text is still taken."""


class Rejected(ChannelError, code="rejected"):
    """The provider refused this message for good; sending it again cannot help."""


class AuthFailed(ChannelError, code="auth_failed"):
    """The credentials no longer work: pause the whole channel and tell the operator; drop nothing."""


class Unsupported(ChannelError, code="unsupported"):
    """The channel cannot carry this content and it could not be degraded."""


class OutcomeUnknown(ChannelError, code="outcome_unknown"):
    """The write may have happened (time-out after sending). Ask the provider before sending again."""
