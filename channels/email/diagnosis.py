"""What ``switchboard doctor`` finds out about the mailbox: both logins, both certificates, the folders and our own address."""

from __future__ import annotations

from collections.abc import Sequence

from aiosmtplib import SMTPException, SMTPResponseException

from channels.email.imap import connected
from channels.email.settings import EmailSettings, MailServer, Security
from channels.email.smtp import SmtpServer
from core.domain.errors import AuthFailed, ChannelError, ConfigError
from core.ports.channel import Diagnosis


async def examine(settings: EmailSettings) -> Sequence[Diagnosis]:
    """Changes nothing: folders are only looked at, and no mail is handed over."""
    return [*_authorities(settings), *await _reading(settings), *await _sending(settings), _trust(settings)]


def _authorities(settings: EmailSettings) -> list[Diagnosis]:
    found: list[Diagnosis] = []
    try:
        settings.tls()
    except ConfigError as error:
        fix = "Let EMAIL_CA_FILE name a PEM file that this process can read, or leave it out."
        found.append(Diagnosis("authorities", False, error.detail, fix))
    for server, setting in ((settings.imap, "EMAIL_IMAP_URL"), (settings.smtp, "EMAIL_SMTP_URL")):
        if server.security is Security.NONE and server.host not in ("localhost", "127.0.0.1", "::1"):
            protocol = "imap" if setting == "EMAIL_IMAP_URL" else "smtp"
            said = f"The connection to {server.host} is not encrypted: the password can be read on its way."
            fix = f"Begin {setting} with {protocol}s:// or {protocol}+starttls://."
            found.append(Diagnosis("encryption", False, said, fix))
    return found


async def _reading(settings: EmailSettings) -> list[Diagnosis]:
    try:
        async with connected(settings) as connection:
            found = [Diagnosis("imap", True, f"{settings.imap.host} accepts the login.")]
            names = await connection.folders()
            wanted = [*settings.folders, *([settings.sent_folder] if settings.sent_folder else [])]
            found.extend(_folder(name, names) for name in wanted)
            said = "New mail is told at once (IDLE)."
            if not connection.can_idle:
                said = f"The server has no IDLE: it is asked every {settings.poll_seconds:.0f} s."
            return [*found, Diagnosis("idle", True, said)]
    except ChannelError as error:
        return [Diagnosis("imap", False, error.detail, _fix(error, settings.imap, "EMAIL_IMAP_URL"))]


def _folder(name: str, names: Sequence[str]) -> Diagnosis:
    if any(one == name or (one.upper() == name.upper() == "INBOX") for one in names):
        return Diagnosis("folder", True, f"The folder {name} is there.")
    fix = f"Create the folder, or name one of these in the settings: {', '.join(names[:20])}."
    return Diagnosis("folder", False, f"There is no folder {name}.", fix)


async def _sending(settings: EmailSettings) -> list[Diagnosis]:
    found: list[Diagnosis] = []
    try:
        async with SmtpServer(settings).session() as smtp:
            found.append(Diagnosis("smtp", True, f"{settings.smtp.host} accepts the login."))
            try:
                await smtp.mail(settings.address, encoding="utf-8")
                await smtp.rset()
                found.append(Diagnosis("sender", True, f"It lets us write as {settings.address}."))
            except SMTPResponseException as error:
                said = f"It does not let us write as {settings.address}: {error.code} {error.message}"
                fix = "Let EMAIL_ADDRESS be an address of the account in EMAIL_SMTP_URL, or allow it there as a sender."
                found.append(Diagnosis("sender", False, said, fix))
    except ChannelError as error:
        return [*found, Diagnosis("smtp", False, error.detail, _fix(error, settings.smtp, "EMAIL_SMTP_URL"))]
    except SMTPException as error:
        fix = f"See the log of {settings.smtp.host}."
        return [*found, Diagnosis("smtp", False, f"The conversation broke off: {error}", fix)]
    return found


def _fix(error: ChannelError, server: MailServer, setting: str) -> str:
    if isinstance(error, AuthFailed):
        return f"Put the account's user and password into {setting}; many providers want an app password there."
    if "certificate" in error.detail:
        return "Let EMAIL_CA_FILE name the authority that signed the server's certificate, and the URL the name in it."
    if "starttls" in error.detail.lower():
        return f"The server offers no STARTTLS on port {server.port}: use the TLS scheme and its port in {setting}."
    return f"Let this machine reach {server.host} on port {server.port}: see {setting} and the firewall."


def _trust(settings: EmailSettings) -> Diagnosis:
    if settings.authserv_id:
        said = f"Authors are believed when {settings.authserv_id} has proven them (Authentication-Results)."
        return Diagnosis("trust", True, said)
    said = "No author is taken for proven, since the receiving server's name is not known (EMAIL_AUTHSERV_ID)."
    return Diagnosis("trust", True, said)
