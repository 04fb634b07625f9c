"""Whose fault a refusal is: one recipient's never stops the mailbox, and ours never costs a customer an answer."""

from __future__ import annotations

import pytest

from channels.email.refusals import Stage, TooBig, refused
from core.domain.errors import AuthFailed, RateLimited, Rejected, Unreachable


@pytest.mark.parametrize(
    ("stage", "code", "said", "error"),
    [
        (Stage.SESSION, 554, "5.7.1 Your address is on a list", AuthFailed),
        (Stage.SESSION, 454, "4.7.0 Temporary authentication failure", RateLimited),
        (Stage.SESSION, 451, "4.3.0 Local trouble", Unreachable),
        (Stage.RECIPIENT, 452, "4.2.2 The email account that you tried to reach is over quota", Unreachable),
        (Stage.RECIPIENT, 450, "4.2.1 The user is receiving mail at a rate that prevents more", Unreachable),
        (Stage.CONTENT, 452, "4.2.2 Mailbox is over its quota", Unreachable),
        (Stage.RECIPIENT, 452, "4.5.3 Too many recipients", RateLimited),
        (Stage.SENDER, 450, "4.7.1 You send too much mail", RateLimited),
        (Stage.RECIPIENT, 550, "5.1.1 Recipient address rejected: User unknown in relay recipient table", Rejected),
        (Stage.RECIPIENT, 550, "5.2.1 The email account that you tried to reach is disabled", Rejected),
        (Stage.RECIPIENT, 550, "5.7.1 RESOLVER.RST.AuthRequired; authentication required", Rejected),
        (Stage.RECIPIENT, 550, "5.7.1 Relaying denied", AuthFailed),
        (Stage.RECIPIENT, 550, "not permitted to relay through this server", AuthFailed),
        (Stage.RECIPIENT, 554, "5.7.1 Client host rejected: Access denied", AuthFailed),
        (Stage.RECIPIENT, 552, "5.3.4 Message too big for this recipient", TooBig),
        (Stage.CONTENT, 550, "5.7.1 Message contains a virus", Rejected),
        (Stage.CONTENT, 554, "5.7.1 Your account has been suspended", AuthFailed),
        (Stage.CONTENT, 552, "5.2.2 Mailbox full", Rejected),
        (Stage.CONTENT, 523, "Message length exceeds the limit", TooBig),
        (Stage.SENDER, 552, "5.3.4 Message size exceeds fixed maximum", TooBig),
    ],
)
def test_who_is_meant(stage: Stage, code: int, said: str, error: type[Exception]) -> None:
    assert type(refused(stage, code, said)) is error
