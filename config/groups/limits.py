"""Sizes, times and numbers that keep one customer from costing another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_settings import NoDecode

from config.groups import SettingsGroup
from config.listed import read_table

_MB = 1024 * 1024
_STRANGERS = (
    "Strangers get three quarters of it together. The rest is left to those whom the hub knows: customers who are signed in, "
    "and proved identities in a conversation that they began a day ago or earlier."
)


class Price(BaseModel):
    """What a million tokens of a model cost."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    input: float = Field(ge=0)
    output: float = Field(0.0, ge=0)
    cached_input: float | None = Field(None, ge=0)


class LimitsGroup(SettingsGroup):
    """Sizes, times and numbers that keep one customer from costing another."""

    title: ClassVar[str] = "Limits"

    messages_per_address: int = Field(
        120,
        ge=0,
        description="Messages that one address (of customers who are signed in: one customer) may send in a minute. On the web "
        "more are refused with 429; on the other channels they are kept, and not answered; staff get them together, within "
        "the next minute. 0 switches the limit off, here and below.",
    )
    messages_in_all: int = Field(
        12_000, ge=0, description=f"Messages on the web in a minute, of all customers together. {_STRANGERS}"
    )
    sessions_per_address: int = Field(30, ge=0, description="Web sessions that one address may open in a minute.")
    sessions_in_all: int = Field(
        3_000, ge=0, description="Web sessions in a minute in all. As above, strangers get 3/4."
    )
    uploads_per_address: int = Field(30, ge=0, description="Files that one address may upload in a minute.")
    uploads_in_all: int = Field(600, ge=0, description="Files that are uploaded in a minute in all. Strangers get 3/4.")
    unsent_bytes_per_address: int = Field(
        50 * _MB,
        ge=0,
        description="Files of one address that were uploaded and not yet sent, in bytes together. Five of the largest fit.",
    )
    unsent_bytes_in_all: int = Field(
        200 * _MB, ge=0, description="The same in all. Strangers get 3/4, those of one IPv6 /48 at most half of that."
    )
    file_bytes_per_address: int = Field(
        500 * _MB,
        ge=0,
        description="Files of one address (elsewhere: of one customer) that are stored in a day (UTC), in bytes together. On the "
        "web more are refused with 429; of what comes over another channel the text is taken, and the file is named as missing.",
    )
    file_bytes_in_all: int = Field(
        5 * 1024 * _MB, ge=0, description="The same in all, in a day (UTC). Strangers get 3/4."
    )
    model_tokens_per_customer: int = Field(
        500_000,
        ge=0,
        description="Tokens of the language model that one customer (of strangers on the web: one address) may cost in a day "
        "(UTC). Beyond it answers are quoted from the documents, without the model.",
    )
    model_tokens_in_all: int = Field(
        50_000_000,
        ge=0,
        description="Tokens of the language model in a day (UTC), what it does for staff included. Strangers get 3/4.",
    )
    model_prices: Annotated[Mapping[str, Price], NoDecode, BeforeValidator(read_table)] = Field(
        {},
        description="What a million tokens cost, by the model's name (of Azure the deployment's); * stands for anything: "
        'tables in switchboard.toml, or JSON such as {"gpt-5-mini": {"input": 0.25, "cached_input": 0.025, "output": 2}}. All in '
        "one currency, which is that of the next two settings and of switchboard customers use.",
    )
    model_cost_per_customer: float = Field(
        0.0,
        ge=0,
        le=100_000,
        description="What the language model may cost for one customer (of strangers on the web: one address) in a day (UTC), in "
        "the currency of MODEL_PRICES. Beyond it answers are quoted from the documents, without the model. 0: no limit.",
    )
    model_cost_in_all: float = Field(
        0.0,
        ge=0,
        le=100_000,
        description="The same in all, what the model does for staff included. Strangers get 3/4. 0: no limit.",
    )
    escalations_per_customer: int = Field(
        10,
        ge=0,
        description="Requests for a person by one customer (of strangers on the web: one address) that reach the desk in an "
        "hour. Whoever asks more often is told when to ask again.",
    )
    escalations_in_all: int = Field(
        120,
        ge=0,
        description="Requests for a person that reach the desk in an hour in all. Strangers get 3/4. The strangers of one mail "
        "domain or IPv6 /48 together, and all whose mail proves no sender together, get ten shares, at most half of that 3/4. "
        "The same holds for tokens and files.",
    )
    link_codes_in_all: int = Field(
        60,
        ge=0,
        description="One-time codes that are sent in an hour in all, for customers who link their addresses. Strangers get 3/4. "
        "One customer may ask for three in an hour, and an address gets three in a day. 0: none, and links can only be undone.",
    )
    disk_quota_bytes: int = Field(
        0,
        ge=0,
        description="The most that DATA_DIR may hold, in bytes. Files are refused before it is reached, text is taken. "
        "0: as much as the disk holds. What is in a bucket (ATTACHMENTS_URL) does not count: set a quota there.",
    )
    disk_reserve_bytes: int = Field(
        256 * _MB,
        ge=0,
        description="What stays free on the disk of DATA_DIR, in bytes: files are refused below it, and text is still taken.",
    )
    max_attachment_bytes: int = Field(gt=0, description="The largest file that is taken, in bytes.")
    attachment_fetch_seconds: float = Field(
        300.0,
        ge=0,
        description="How long a file that a platform does not give us now is tried again, before agent and customer are "
        "told that it did not come. While the channel's credentials are refused it is tried for as long as that lasts.",
    )
    turn_concurrency: int = Field(gt=0, description="Conversations that one worker answers at the same time.")
    lease_seconds: float = Field(gt=0.5, description="A worker that dies is replaced after this long.")
    turn_timeout_seconds: float = Field(gt=0, description="The longest that a customer waits before an honest failure.")
    retention_days: int = Field(
        ge=0,
        description="How long raw events, journals of tool calls, pieces of answers, delivered outbox rows and counts of what "
        "models used are kept, in days; 0 keeps them for ever. Messages stay, and so do dead letters.",
    )
