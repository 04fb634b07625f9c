"""Every setting, read once: environment, then ``.env``, then ``switchboard.toml``, then ``default.toml``.

Names in the environment are those of the fields in capitals. The page docs/reference/settings.md is made from here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from config.described_sources import DescribedSource
from config.listed import Listed, Sentences
from core.domain.errors import ConfigError

_HERE = Path(__file__).parent


class Settings(BaseSettings):
    """Frozen after it was read. Lists are written with commas; a secret may be a list while it is being rotated."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        toml_file=[_HERE / "default.toml", "switchboard.toml"],
        extra="ignore",
        frozen=True,
    )

    host: str = Field(description="Address to listen on.")
    port: int = Field(ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    public_url: str | None = Field(
        None, description="The address under which the world reaches this server, such as https://chat.example.com."
    )
    secret_key: SecretStr | None = Field(
        None,
        description="Signs sessions and links; at least 32 characters. When it is not set, one process alone makes its "
        "own and keeps it in DATA_DIR. A comma-separated list while rotating: the first signs, all are accepted.",
    )
    database_url: str | None = Field(
        None, description="sqlite:///path or postgresql://user:password@host/name. Default: a SQLite file in DATA_DIR."
    )
    redis_url: str | None = Field(None, description="Shares the limits per client between processes. Optional.")
    chroma_url: str | None = Field(
        None, description="A Chroma server, http://host:port. Default: an embedded index in DATA_DIR."
    )
    attachments_url: str | None = Field(
        None,
        description="S3-compatible storage for files: s3://bucket/prefix?endpoint=... Default: a folder in DATA_DIR.",
    )
    data_dir: Path = Field(description="Where everything embedded is kept.")
    data_dir_shared: bool = Field(
        False, description="Every process of a scaled-out deployment sees the same DATA_DIR, so files may stay there."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(description="What is logged at least.")
    log_format: Literal["auto", "json", "console"] = Field(
        description="auto writes for people on a terminal and JSON elsewhere."
    )
    trusted_proxies: Listed = Field((), description="Networks whose X-Forwarded-For is believed, such as 10.0.0.0/8.")

    openai_api_key: SecretStr | None = Field(None, description="Switches the language model on.")
    openai_base_url: str | None = Field(None, description="Any OpenAI-compatible endpoint; ends in /v1.")
    openai_model: str = Field(description="The model's name at that endpoint.")
    azure_openai_endpoint: str | None = Field(
        None, description="https://name.openai.azure.com: switches Azure OpenAI on."
    )
    azure_openai_api_key: SecretStr | None = Field(None, description="The key of the Azure resource.")
    azure_openai_deployment: str | None = Field(None, description="The deployment's name.")
    azure_openai_api_version: str = Field(description="The API version to ask for.")
    company_name: str = Field(description="How the agent calls the company it speaks for.")
    escalation_keywords: Listed = Field((), description="Words that bring a person in at once.")

    knowledge_sources: Listed = Field(
        description="Files, folders, patterns, web sites and repositories to answer from."
    )
    knowledge_source: tuple[DescribedSource, ...] = Field((), description="Sources as tables in switchboard.toml.")
    embedding_model: str | None = Field(
        None, description="A sentence-transformers model: a folder or a name. Default: the bundled all-MiniLM-L6-v2."
    )
    embedding_precision: Literal["fp32", "int8"] = Field(
        "fp32", description="int8 is smaller, faster and a little off; it is used if the model's vectors stand it."
    )
    embedding_cache: Path | None = Field(
        None, description="Keeps models made ready for ONNX. Default: DATA_DIR/models."
    )
    embedding_base_url: str | None = Field(None, description="A server as OpenAI's that embeds instead; ends in /v1.")
    embedding_api_key: SecretStr | None = Field(None, description="The key of EMBEDDING_BASE_URL, where it wants one.")
    embedding_dimensions: int | None = Field(None, ge=1, description="Length of its vectors. Default: the model's own.")
    embedding_limit: int | None = Field(None, ge=32, description="Tokens that its model reads. Default: 8191 or 512.")
    embedding_query_prompt: str | None = Field(
        None, description="Put before each question for EMBEDDING_MODEL. Default: what the model's configuration says."
    )
    embedding_document_prompt: str | None = Field(
        None, description="Put before each passage for EMBEDDING_MODEL. Default: what the model's configuration says."
    )
    knowledge_threshold: float | None = Field(
        None,
        ge=-1,
        le=1,
        description="The likeness (cosine) from which a passage is good enough to answer from. Default: measured for the "
        "knowledge base and the model when it is indexed.",
    )
    knowledge_labelled: Path | None = Field(
        None,
        description="A folder with questions of your own (queries.jsonl, oos.jsonl) by which that likeness is set instead.",
    )
    corpus_dir: Path | None = Field(
        None, description="A folder of question sets that switchboard evaluate asks when none is named."
    )

    widget_origins: Listed = Field(
        (), description="Sites that may embed the widget: https://shop.example, https://*.shop.example, or *."
    )
    widget_identity_secret: SecretStr | None = Field(
        None, description="Verifies the signed tokens by which a site tells who its customer is. May be a list."
    )

    slack_bot_token: SecretStr | None = Field(
        None, description="Switches Slack on: the bot's token (xoxb-…). May be a list while it is being rotated."
    )
    slack_signing_secret: SecretStr | None = Field(None, description="Proves that requests come from Slack. A list.")
    slack_app_token: SecretStr | None = Field(
        None, description="Socket Mode instead of webhooks: the app-level token (xapp-…). A list."
    )
    slack_client_id: str | None = Field(None, description="For installing the app into other workspaces by OAuth.")
    slack_client_secret: SecretStr | None = Field(None, description="Belongs to SLACK_CLIENT_ID.")
    slack_api_base_url: str = Field(description="Slack's Web API; ends in /api/.")
    slack_agent_view: bool = Field(
        False, description="The app has Slack's pane for agents (agent_view in its manifest)."
    )
    slack_suggested_prompts: Sentences = Field(
        (),
        description="Up to four questions that Slack's pane offers, each in a line of its own or with semicolons between them.",
    )
    slack_staff_channel: str | None = Field(
        None,
        description="The id of the staff's channel (C…). Customers who need a person arrive there, each as a thread.",
    )
    slack_desk_bot_token: SecretStr | None = Field(
        None,
        description="The staff's own app, where they are in another workspace than the one that SLACK_BOT_TOKEN is of, or "
        "customers are not on Slack at all: its bot's token (xoxb-…). A list.",
    )
    slack_desk_signing_secret: SecretStr | None = Field(
        None, description="Proves that requests to /webhooks/slack/desk come from the staff's own app. A list."
    )
    slack_desk_app_token: SecretStr | None = Field(
        None, description="Socket Mode for the staff's own app (xapp-…). A list."
    )
    desk_note_sign: str = Field("//", description="What staff begin a message with that is not for the customer.")
    desk_undo_seconds: float = Field(
        5.0, ge=0, le=300, description="Seconds in which staff can still change or take back what they wrote."
    )
    desk_reopen_hours: float = Field(
        72.0,
        ge=0,
        description="Hours after a case was resolved in which a customer who writes again comes back to staff.",
    )
    desk_hours: str | None = Field(
        None,
        description="When staff are there: Mon-Fri 09:00-17:30; Sat 10:00-14:00; closed 12-25. Not set: always.",
    )
    desk_time_zone: str = Field("UTC", description="The staff's time zone, such as Europe/Berlin.")
    desk_remind_minutes: float = Field(
        10.0,
        ge=0,
        description="Minutes within the hours until the staff channel is reminded of a case that nobody took, and once "
        "more until DESK_ON_CALL is; then ever less often. 0: never.",
    )
    desk_on_call: Listed = Field(
        (), description="Who is mentioned when a case stays unclaimed: ids of Slack's user groups (S…) or people (U…)."
    )
    desk_owner_minutes: float = Field(
        15.0,
        ge=0,
        description="Minutes within the hours until an owner is reminded of a customer who waits, and once more until "
        "anybody may give the case back to the queue. 0: never.",
    )
    desk_honest_minutes: float = Field(
        5.0, ge=0, description="Minutes until a customer for whom nobody came is told that it takes longer. 0: never."
    )
    follow_up_minutes: float = Field(
        5.0,
        ge=0,
        description="Minutes until what staff wrote goes by e-mail or SMS to a customer who has left the page without having "
        "seen it, and until an address gets the next one. 0: never.",
    )
    follow_up_unanswered: int = Field(
        5, ge=1, description="How many of these messages an address gets that does not answer."
    )
    follow_up_answer_days: float = Field(
        3.0, ge=0, description="Days in which a text message from a number counts as the answer to what went there."
    )
    desk_rating_hours: float = Field(
        24.0,
        ge=0,
        description="Hours after a case was resolved in which the customer's answer is taken for a rating from 1 to 5. "
        "0: nobody is asked for one.",
    )
    desk_teams_file: Path | None = Field(
        None, description="A YAML file of the staff's teams: each with a channel, hours and the cases that are its own."
    )
    desk_macros_file: Path | None = Field(
        None,
        description="A YAML file of replies that staff have saved: each with a name, a title and its text by language.",
    )
    desk_vip: Listed = Field(
        (), description="Verified customers who get a person at once: ids, or patterns such as *@example.com."
    )
    desk_frustration: float = Field(
        0.8,
        ge=0,
        le=1,
        description="From 0 to 1: how frustrated a customer's message must be to bring in a person. Then a mood that gets "
        "worse does so as well. 0: moods bring in nobody. Without a staff channel only when it is set.",
    )
    desk_escalate_unknowns: int = Field(
        2,
        ge=0,
        description="Replies in a row without an answer that bring in a person. 0: never. Without a staff channel only "
        "when it is set.",
    )
    desk_learn: bool = Field(
        True,
        description="What staff told a customer that the agent did not know is proposed to them for the knowledge base, once the "
        "case is resolved.",
    )
    desk_translate: bool = Field(
        False,
        description="Customers and staff each read and write their own language, staff that of DESK_LANGUAGE. Needs a language "
        "model.",
    )
    desk_language: str = Field(
        "en", description="The language in which the desk speaks to staff: en, de, fr, es or ar."
    )

    telegram_bot_token: SecretStr | None = Field(None, description="Switches Telegram on: the token from @BotFather.")
    telegram_webhook_secret: SecretStr | None = Field(
        None, description="Proves that updates come from Telegram; 1 to 256 letters, digits, _ and -. A list."
    )
    telegram_api_base_url: str = Field(description="The Bot API's origin, without a path.")
    telegram_mode: Literal["polling", "webhook"] = Field(description="How updates arrive; webhook needs PUBLIC_URL.")

    twilio_account_sid: str | None = Field(
        None, description="Switches SMS on, with TWILIO_AUTH_TOKEN: the account (AC…)."
    )
    twilio_auth_token: SecretStr | None = Field(None, description="Proves requests, and makes calls. A list.")
    twilio_from: str | None = Field(None, description="The number that sends, or a Messaging Service (MG…).")
    twilio_whatsapp_from: str | None = Field(None, description="The WhatsApp sender, such as +15551234567.")
    twilio_whatsapp_template: str | None = Field(
        None,
        description="A content template (HX…) with one variable, the text: what goes out when the 24 hours are over.",
    )
    twilio_api_base_url: str = Field(description="Twilio's API origin, without a path.")

    twilio_messages_per_second: float = Field(
        1.0, gt=0, le=1000, description="What your number may send: 1 for a long code in the US, more for others."
    )
    twilio_shorten_links: bool = Field(
        False, description="Twilio shortens links in messages (needs a domain of yours there)."
    )
    twilio_keywords: bool = Field(True, description="Twilio answers STOP, START and HELP itself (its default).")

    email_address: str | None = Field(None, description="Switches e-mail on: the address that customers write to.")
    email_imap_url: SecretStr | None = Field(None, description="Where mail is read: imaps://user:password@host:993.")
    email_smtp_url: SecretStr | None = Field(
        None,
        description="Where mail is sent: smtps://user:password@host:465 or smtp+starttls://user:password@host:587.",
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

    feature_attachments: bool = Field(description="Customers may send files.")
    feature_feedback: bool = Field(description="Customers may rate answers.")
    feature_streaming: bool = Field(description="Answers are shown while they are written.")
    feature_demo_page: bool = Field(description="GET / serves the demo page.")

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
        description="How long raw events, journals of tool calls, pieces of answers and delivered outbox rows are kept, "
        "in days; 0 keeps them for ever. Messages stay, and so do dead letters.",
    )

    @field_validator("public_url", "openai_base_url", "azure_openai_endpoint", "chroma_url")
    @classmethod
    def _http(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/") if value else value

    @model_validator(mode="after")
    def _together(self) -> Settings:
        if self.azure_openai_endpoint and not (self.azure_openai_api_key and self.azure_openai_deployment):
            raise ValueError("AZURE_OPENAI_ENDPOINT also needs AZURE_OPENAI_API_KEY and AZURE_OPENAI_DEPLOYMENT")
        for key in secrets_of(self.secret_key):
            if len(key) < 32:
                raise ValueError("SECRET_KEY must have at least 32 characters; try: openssl rand -hex 32")
        for key in secrets_of(self.widget_identity_secret):
            if len(key) < 32:  # any customer can try to guess it against the token that their own browser was given
                raise ValueError("WIDGET_IDENTITY_SECRET must have at least 32 characters; try: openssl rand -hex 32")
            if key in secrets_of(self.secret_key):
                raise ValueError(
                    "WIDGET_IDENTITY_SECRET and SECRET_KEY must differ: the site that signs customers in "
                    "must not be able to sign sessions"
                )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over ``.env`` over the files."""
        return init_settings, env_settings, dotenv_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def effective_database_url(self) -> str:
        """The database, embedded when none is named."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'switchboard.db').absolute()}"

    @property
    def uses_sqlite(self) -> bool:
        """Whether the database is the embedded one."""
        return self.effective_database_url.startswith("sqlite")

    @property
    def has_model(self) -> bool:
        """Whether a language model answers; otherwise the extractive responder does."""
        return bool(self.openai_api_key or self.openai_base_url or self.azure_openai_endpoint)


def secrets_of(value: SecretStr | None) -> tuple[str, ...]:
    """The secrets of a setting that may be a list."""
    return tuple(part.strip() for part in value.get_secret_value().split(",") if part.strip()) if value else ()


def read_settings(**overrides: Any) -> Settings:
    """Read everything once. Raises ConfigError that names each wrong setting and what is wrong with it."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        lines = []
        for item in error.errors():
            name = ".".join(str(part) for part in item["loc"]).upper()
            reason = item["msg"].removeprefix("Value error, ")
            lines.append(f"{name}: {reason}" if name else reason)
        raise ConfigError("These settings are wrong:\n  " + "\n  ".join(lines)) from error
