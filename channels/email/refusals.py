"""What an SMTP server's refusal is about: this mail, its recipient, or us.

What is about us (the greeting, the login, our own address, relaying, our own quota) holds for every mail, so no mail may be
dropped for it. Codes alone do not tell: Postfix by default refuses a client or a sender only after RCPT (smtpd_delay_reject),
Gmail says 550 5.4.5 for a daily limit of ours, Exchange Online 5.7.60 or SendAsDenied after DATA. Pure.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from core.domain.errors import AuthFailed, ChannelError, RateLimited, Rejected, Unreachable

_PAUSE: Final = 60.0
_QUOTA_PAUSE: Final = 900.0
_LOGIN: Final = (530, 534, 535, 538)
_SYNTAX: Final = (500, 501, 502, 503, 504, 555)
_BUSY: Final = re.compile(r"\b4\.7\.\d|\brate\b|too many|too much|throttl|quota|slow down|limit", re.IGNORECASE)
_LARGE: Final = re.compile(r"\b5\.3\.4\b|\b5\.2\.3\b|too (?:large|big)|size|exceed", re.IGNORECASE)
_FULL: Final = re.compile(r"\b5\.2\.[12]\b|mailbox.*full|over ?quota|quota exceeded", re.IGNORECASE)
_OUR_QUOTA: Final = re.compile(
    r"\b5\.4\.5\b|\b5\.7\.705\b|(?:sending|outgoing|outbound|daily|hourly).{0,40}(?:limit|quota)|"
    r"(?:messages|e?mails|recipients) (?:per|an?|each) (?:hour|day|minute)",
    re.IGNORECASE,
)
_US: Final = re.compile(
    r"\b5\.1\.8\b|\b5\.7\.(?:8|9|14|54|57|60|139|50[1-5]|708)\b|"
    r"relay(?:ing)? (?:access )?(?:is )?(?:denied|not|prohibited)|"
    r"(?:unable|cannot|allowed|permitted|authori[sz]ed|refus\w+) to relay|"
    r"authentication.{0,30}required|(?:not|must|unless).{0,20}\bauthenticated?\b|"
    r"client host (?:rejected|blocked)|helo command rejected|"
    r"sender (?:address )?(?:rejected|refused|denied|verif\w+ failed|not (?:allowed|permitted|authori[sz]ed|owned))|"
    r"not owned by|send ?as ?denied|permissions? to send as|not (?:allowed|permitted|authori[sz]ed) to send|"
    r"\byour account\b.{0,30}(?:disabled|suspended|blocked|locked)",
    re.IGNORECASE,
)
_THEM: Final = re.compile(
    r"\b5\.1\.[1236]\b|\b5\.2\.1\b|unknown user|user unknown|no such (?:user|mailbox|recipient)|RESOLVER\.",
    re.IGNORECASE,
)
"""The recipient: a mailbox that is not there, or a group that takes no mail from outside (Exchange's RESOLVER.RST)."""

_THEIRS_NOW: Final = re.compile(r"\b4\.[12]\.\d")
"""Their address or their mailbox (RFC 3463, section 3.2 and 3.3), such as one that is full: nobody else has to wait for it."""


class TooBig(Rejected):
    """The server takes no mail of this size."""


class Stage(StrEnum):
    """What the server had been told when it refused. ``SESSION``: before it heard of any mail."""

    SESSION = "session"
    SENDER = "sender"
    RECIPIENT = "recipient"
    CONTENT = "content"


def refused(stage: Stage, code: int, message: str) -> ChannelError:
    """The error that says what to do."""
    words = " ".join(message.split())[:300]
    said = f"{code} {words}"
    if code in _LOGIN:
        return AuthFailed(f"The mail server wants a login: {said}")
    if 400 <= code < 500:
        theirs = stage in (Stage.RECIPIENT, Stage.CONTENT) and _THEIRS_NOW.search(words)
        if code == 421 or (_BUSY.search(words) and not theirs):
            return RateLimited(f"The mail server asks for a pause: {said}", retry_after=_PAUSE)
        return Unreachable(f"The mail server does not take it now: {said}")
    match stage:
        case Stage.SESSION:
            return AuthFailed(f"The mail server does not talk to us: {said}")
        case Stage.SENDER:
            return _about_the_sender(code, words, said)
        case Stage.RECIPIENT | Stage.CONTENT:
            return _about_us(words, said) or _about_the_mail(stage, code, words, said)


def _about_the_sender(code: int, words: str, said: str) -> ChannelError:
    if _OUR_QUOTA.search(words) or (code == 552 and _FULL.search(words)):
        return _quota(said)
    if code == 552 or (code == 554 and _LARGE.search(words)):
        return TooBig(f"The mail server takes no mail of this size: {said}")
    if code in _SYNTAX:
        return Unreachable(f"The mail server does not understand us: {said}")
    return AuthFailed(f"The mail server does not let us write as our own address: {said}")


def _about_us(words: str, said: str) -> ChannelError | None:
    if _THEM.search(words):
        return None
    if _OUR_QUOTA.search(words):
        return _quota(said)
    return AuthFailed(f"The mail server does not let us send: {said}") if _US.search(words) else None


def _about_the_mail(stage: Stage, code: int, words: str, said: str) -> ChannelError:
    full = _FULL.search(words) is not None
    if not full and (code == 552 or (code in (523, 554) and stage is Stage.CONTENT and _LARGE.search(words))):
        return TooBig(f"The mail server takes no mail of this size: {said}")
    return Rejected(f"The mail server refuses it: {said}")


def _quota(said: str) -> RateLimited:
    return RateLimited(f"We have sent as much as the mail server allows for now: {said}", retry_after=_QUOTA_PAUSE)
