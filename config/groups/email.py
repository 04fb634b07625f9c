"""Customers who write mail."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, SecretStr, field_validator

from config.groups import SettingsGroup
from config.listed import Listed

_ADDRESS = re.compile(r"[^\s@<>,;:\"()]+@[^\s@<>,;:\"()]+")


class EmailGroup(SettingsGroup):
    """Customers who write mail."""

    title: ClassVar[str] = "E-mail"

    email_address: str | None = Field(None, description="Switches e-mail on: the address that customers write to.")
    email_imap_url: SecretStr | None = Field(None, description="Where mail is read: imaps://user:password@host:993.")
    email_smtp_url: SecretStr | None = Field(
        None,
        description="Where mail is sent: smtps://user:password@host:465 or smtp+starttls://user:password@host:587.",
    )
    staff_email: str | None = Field(
        None,
        description="Where staff who do not use Slack get customers' requests by mail, and answer them by replying. Needs "
        "EMAIL_ADDRESS; not used where SLACK_STAFF_CHANNEL is set.",
    )
    email_authserv_id: str | None = Field(
        None,
        description="The name by which your mail server signs its Authentication-Results; without it nobody is trusted.",
    )
    email_ca_file: Path | None = Field(None, description="A CA certificate for a mail server of your own.")
    email_folders: Listed = Field(("INBOX",), description="The folders that are read.")
    email_sent_folder: str | None = Field(
        None, description="Where copies of what was sent are kept; without one, nowhere."
    )
    email_own_lists: Listed = Field(
        (), description="List-Ids of lists that are your own address, whose mail is answered."
    )
    email_answer_days: float = Field(
        14.0, ge=0, description="How old a mail may be that is answered; older mail is kept. 0: of any age."
    )
    email_dmarc_fail: Literal["people", "answer"] = Field(
        "people",
        description="Who answers mail that your own server marks as dmarc=fail: only people, or the agent too.",
    )
    email_answers_per_thread: int = Field(20, ge=1, description="Automatic answers in one thread within a day.")
    email_answers_per_address: int = Field(40, ge=1, description="Automatic answers to one address within a day.")
    email_answers_per_domain: int = Field(
        500,
        ge=1,
        description="Automatic answers to one domain within a day; great providers such as gmail.com do not count.",
    )
    email_answers_per_mailbox: int = Field(2000, ge=1, description="Automatic answers in all within a day.")
    email_max_bytes: int = Field(
        50_331_648,
        ge=1_000_000,
        description="The largest mail that is loaded as a whole; of larger ones the text is read.",
    )

    @field_validator("staff_email")
    @classmethod
    def _one_address(cls, value: str | None) -> str | None:
        if value is not None and not _ADDRESS.fullmatch(value.strip()):
            raise ValueError(f"{value!r} is not one plain address, such as team@example.com.")
        return value.strip().lower() if value else None
