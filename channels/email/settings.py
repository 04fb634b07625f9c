"""What an operator says about the mailbox."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import unquote, urlsplit

from channels.staff_rule import StaffRule
from core.domain.errors import ConfigError, Unreachable

CHANNEL: Final = "email"


@dataclass(frozen=True, slots=True)
class MailRules:
    """The settings that reading a mail needs; none is secret. See `EmailSettings`."""

    account: str
    authserv_id: str | None = None
    own_lists: tuple[str, ...] = ()


class Security(StrEnum):
    """How a connection is protected. ``NONE`` is for a server on the same machine."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


_PORTS: Final = {
    ("imap", Security.TLS): 993,
    ("imap", Security.STARTTLS): 143,
    ("imap", Security.NONE): 143,
    ("smtp", Security.TLS): 465,
    ("smtp", Security.STARTTLS): 587,
    ("smtp", Security.NONE): 25,
}


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where a server is and who logs in there."""

    host: str
    port: int
    security: Security
    user: str
    password: str = field(repr=False)

    @classmethod
    def from_url(cls, url: str, protocol: str, setting: str) -> MailServer:
        """``imaps://user:pass@host:993``, ``smtp+starttls://...``. Raises ConfigError, which shows no password."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ConfigError(f"{setting} is not a URL: write {protocol}s://user:password@host.") from None
        schemes = {
            f"{protocol}s": Security.TLS,
            f"{protocol}+starttls": Security.STARTTLS,
            protocol: Security.NONE,
        }
        security = schemes.get(parts.scheme)
        if security is None or not parts.hostname:
            raise ConfigError(f"{setting} begins with one of {', '.join(f'{name}://' for name in schemes)} and a host.")
        return cls(
            host=parts.hostname,
            port=port or _PORTS[protocol, security],
            security=security,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )


@dataclass(frozen=True, slots=True)
class EmailSettings:
    """One mailbox. ``secret_keys``: the first signs reply tokens, all are believed (rotation).

    ``authserv_id``: the name under which the receiving server writes ``Authentication-Results``; without it nobody is
    trusted. ``sent_folder``: where copies of what was sent are put and looked for. ``own_lists``: List-Ids of lists that are
    the company's own address (a shared group, say), whose mail is answered. ``staff``: where staff get cases and answer them by
    replying; ``staff_rule``: who else is staff. ``note_sign``: what a note of theirs begins with. ``thread_budget``,
    ``sender_budget`` and ``domain_budget``: how many automatic answers one thread, one address and one domain get within
    ``budget_hours``, and ``mailbox_budget`` how many there are in all. ``per_minute``: how many mails the server takes
    (Exchange Online: 30). ``answer_days``: how old a mail may be that is answered, 0 for any age. ``answer_refuted``: whether
    mail that our own server marks as dmarc=fail is answered by the agent; else only people answer it. Sizes are bytes: of the
    largest mail that is read, and of all files in one that is sent.
    """

    address: str
    imap_url: str = field(repr=False)
    smtp_url: str = field(repr=False)
    secret_keys: tuple[str, ...] = field(repr=False)
    authserv_id: str | None = None
    ca_file: str | None = None
    folders: tuple[str, ...] = ("INBOX",)
    sent_folder: str | None = None
    own_lists: tuple[str, ...] = ()
    staff: str | None = None
    staff_rule: StaffRule = field(default_factory=StaffRule)
    note_sign: str = "//"
    thread_budget: int = 20
    sender_budget: int = 40
    domain_budget: int = 500
    mailbox_budget: int = 2000
    budget_hours: float = 24.0
    answer_days: float = 14.0
    answer_refuted: bool = False
    poll_seconds: float = 30.0
    per_minute: int = 30
    largest_mail: int = 48 * 1024 * 1024
    largest_sent: int = 18 * 1024 * 1024

    def __post_init__(self) -> None:
        """Raises ConfigError, which names the setting and never shows a secret."""
        name, at, domain = self.address.rpartition("@")
        if not (name and at and domain) or any(mark.isspace() or mark in "<>,;" for mark in self.address):
            raise ConfigError("EMAIL_ADDRESS is one plain address, such as support@example.com.")
        if not self.secret_keys or not all(self.secret_keys):
            raise ConfigError("SECRET_KEY is needed: it signs the reply tokens of e-mails.")
        if not self.folders:
            raise ConfigError("At least one folder has to be read, such as INBOX.")
        for server, setting in ((self.imap, "EMAIL_IMAP_URL"), (self.smtp, "EMAIL_SMTP_URL")):
            if server.password and not server.user:
                raise ConfigError(f"{setting} holds a password but no user.")
        if not self.imap.user:
            raise ConfigError("EMAIL_IMAP_URL needs a user and a password: imaps://user:password@host.")

    @property
    def account(self) -> str:
        """The address, which the hub's keys are made of."""
        return self.address.lower()

    @property
    def rules(self) -> MailRules:
        """The settings that are passed to the confined child."""
        return MailRules(self.account, self.authserv_id, self.own_lists)

    @property
    def domain(self) -> str:
        """The part behind the last @."""
        return self.account.rpartition("@")[2]

    @property
    def imap(self) -> MailServer:
        """Where mail is read."""
        return MailServer.from_url(self.imap_url, "imap", "EMAIL_IMAP_URL")

    @property
    def smtp(self) -> MailServer:
        """Where mail is handed in."""
        return MailServer.from_url(self.smtp_url, "smtp", "EMAIL_SMTP_URL")

    def tls_to(self, server: MailServer) -> ssl.SSLContext | None:
        """None where the connection is not encrypted. Raises Unreachable when ``ca_file`` cannot be used."""
        try:
            return self.tls() if server.security is not Security.NONE else None
        except ConfigError as error:
            raise Unreachable(error.detail) from None

    def tls(self) -> ssl.SSLContext:
        """The machine's authorities and those of ``ca_file``. Raises ConfigError when that file cannot be used."""
        context = ssl.create_default_context()
        if self.ca_file:
            try:
                context.load_verify_locations(cafile=self.ca_file)
            except OSError as error:  # ssl.SSLError is one
                said = error.strerror or type(error).__name__
                raise ConfigError(
                    f"EMAIL_CA_FILE={self.ca_file} cannot be used ({said}): a PEM file is needed."
                ) from None
        return context
