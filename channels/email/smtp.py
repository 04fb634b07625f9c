"""Handing a mail to the SMTP server, with errors that say whether it was taken."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Final, cast

import aiosmtplib
from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from channels.email.refusals import Stage, refused
from channels.email.settings import EmailSettings, Security
from core.domain.errors import AuthFailed, ChannelError, OutcomeUnknown, RateLimited, Rejected, Unreachable

_TIMEOUT: Final = 50.0
_NOT_ASCII: Final = "The mail server cannot write to addresses with letters outside ASCII."


class SmtpServer:
    """One connection per mail: servers close idle ones, and a mail that is lost with one would be in doubt."""

    def __init__(self, settings: EmailSettings) -> None:
        self._settings = settings

    async def submit(self, to: Sequence[str], data: bytes, *, begin: Callable[[], Awaitable[None]]) -> str | None:
        """Hand one mail over for all recipients, and return who was refused and why where the server took others.

        ``begin`` is awaited when the server has taken the addresses, before it gets the mail.

        Raises ChannelErrors; OutcomeUnknown only if the server may have the mail.
        """
        async with self.session() as smtp:
            refused = await self._addressed(smtp, to, data)
            await begin()
            try:
                await smtp.data(data)
            except SMTPResponseException as error:
                raise _refusal(Stage.CONTENT, error) from None
            except (SMTPException, OSError, TimeoutError) as error:
                said = f"The connection broke while the mail was handed over ({type(error).__name__})."
                raise OutcomeUnknown(said) from error
        return refused

    async def _addressed(self, smtp: SMTP, to: Sequence[str], data: bytes) -> str | None:
        """Raise what the first recipient was refused with where none was taken, or where it may be taken later."""
        options = [f"SIZE={len(data)}"] if smtp.supports_extension("size") else []
        utf8 = not "".join((*to, self._settings.address)).isascii() and smtp.supports_extension("smtputf8")
        if utf8:
            options.append("SMTPUTF8")
        encoding = "utf-8" if utf8 else "ascii"
        if not utf8 and not self._settings.address.isascii():
            raise Rejected(_NOT_ASCII)
        with _certain(Stage.SENDER):
            await smtp.mail(self._settings.address, options=options, encoding=encoding)
        refused: dict[str, ChannelError] = {}
        for address in to:
            try:
                await _recipient(smtp, address, encoding)
            except (Rejected, Unreachable, RateLimited) as error:
                refused[address] = error
                if not smtp.is_connected or (address == to[0] and not isinstance(error, Rejected)):
                    raise
        if len(refused) == len(to):
            raise refused[to[0]]
        return "; ".join(f"{address}: {error.detail}" for address, error in refused.items()) or None

    @asynccontextmanager
    async def session(self) -> AsyncIterator[SMTP]:
        """Connected, secured and logged in. Raises Unreachable, AuthFailed."""
        server = self._settings.smtp
        smtp = SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.security is Security.TLS,
            start_tls=server.security is Security.STARTTLS,
            tls_context=self._settings.tls_to(server),
            timeout=_TIMEOUT,
            local_hostname=self._settings.domain,
        )
        try:
            with _certain(Stage.SESSION):
                await smtp.connect()
                if server.user:
                    await _logged_in(smtp, server.user, server.password)
            yield smtp
            with contextlib.suppress(SMTPException, OSError):
                await smtp.quit(timeout=2.0)
        finally:
            if smtp.transport is not None:  # no QUIT was sent, and a farewell of TLS could outlive the event loop
                cast("asyncio.Transport", smtp.transport).abort()
            smtp.close()


async def _recipient(smtp: SMTP, address: str, encoding: str) -> None:
    if encoding == "ascii" and not address.isascii():
        raise Rejected(_NOT_ASCII)
    with _certain(Stage.RECIPIENT):
        await smtp.rcpt(address, encoding=encoding)


async def _logged_in(smtp: SMTP, user: str, password: str) -> None:
    try:
        await smtp.login(user, password)
    except SMTPResponseException as error:
        if 400 <= error.code < 500:
            raise _refusal(Stage.SESSION, error) from None
        raise AuthFailed(f"The mail server does not accept the login ({error.code} {_response_text(error)}).") from None
    except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError, aiosmtplib.SMTPConnectError):
        raise
    except SMTPException as error:  # no AUTH at all, or none that both sides know
        raise AuthFailed(f"The mail server offers no login that we know: {error}") from None


@contextlib.contextmanager
def _certain(stage: Stage) -> Iterator[None]:
    """Whatever breaks in here, the mail was not handed over. ``stage``: what a refusal is about."""
    try:
        yield
    except ChannelError:
        raise
    except ssl.SSLCertVerificationError as error:
        raise Unreachable(f"The mail server's certificate is not trusted: {error.verify_message}.") from error
    except SMTPResponseException as error:
        raise _refusal(stage, error) from None
    except (SMTPException, OSError, TimeoutError) as error:
        cause = error.__cause__ or error.__context__
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise Unreachable(f"The mail server's certificate is not trusted: {cause.verify_message}.") from error
        raise Unreachable(f"The mail server was not reached: {_error_text(error)}") from error


def _refusal(stage: Stage, error: SMTPResponseException) -> ChannelError:
    return refused(stage, error.code, str(error.message))


def _response_text(error: SMTPResponseException) -> str:
    return " ".join(str(error.message).split())[:300]


def _error_text(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
