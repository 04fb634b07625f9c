"""Every setting, read once: environment, then ``.env``, then ``switchboard.toml``, then ``default.toml``.

Names in the environment are those of the fields in capitals. The page docs/reference/settings.md is made from here.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from api.redact import Redactor
from config.env_file import read_env_file
from config.groups.agent import AgentGroup
from config.groups.answers import AnswersGroup
from config.groups.desk import DeskGroup
from config.groups.email import EmailGroup
from config.groups.experiments import ExperimentsGroup
from config.groups.features import FeaturesGroup
from config.groups.knowledge import KnowledgeGroup
from config.groups.limits import LimitsGroup
from config.groups.reranking import RerankingGroup
from config.groups.server import ServerGroup
from config.groups.slack import SlackGroup
from config.groups.sms import SmsGroup
from config.groups.telegram import TelegramGroup
from config.groups.tools import ToolsGroup
from config.groups.web import WebGroup
from core.domain.errors import ConfigError
from core.domain.model_use import ModelPrice, ModelPrices

_HERE = Path(__file__).parent
TOML_FILE = "switchboard.toml"
ENV_FILE = ".env"
"""In the folder in which the command is given; the real environment wins over it."""
SAMPLE_SOURCE, SAMPLE_COMPANY = "sample", "Tidepool"
"""What KNOWLEDGE_SOURCES calls the documents that come with the hub, and the fictional company that they are about."""
OPENAI_TRANSCRIBES = "gpt-transcribe"
"""OpenAI's model for recordings; its older ones end in February 2027 (developers.openai.com/api/docs/deprecations)."""
_REASONS = {
    "tuple_type": 'Input should be a list, such as ["one", "two"]',
    "path_type": "Input should be a path between quotes",
    "model_type": "Input should be a table with names and values",
}
"""For kinds of errors of which pydantic speaks in terms of Python."""

_DEFAULT = ()
"""Says to read ENV_FILE; with its name, python-dotenv would read it before we do."""


class _EnvFile(DotEnvSettingsSource):
    """Reads ``.env`` by our own grammar: python-dotenv would replace ``${NAME}`` even between single quotes."""

    def _read_env_file(self, file_path: Path) -> dict[str, str | None]:
        return {name.lower(): value for name, value in read_env_file(file_path).items() if value}

    def __call__(self) -> dict[str, Any]:
        """Where it sets nothing, no setting is looked for in it: that takes as long as all else."""
        return super().__call__() if self.env_vars else {}


class Settings(
    LimitsGroup,
    FeaturesGroup,
    EmailGroup,
    SmsGroup,
    TelegramGroup,
    DeskGroup,
    SlackGroup,
    WebGroup,
    ToolsGroup,
    ExperimentsGroup,
    AnswersGroup,
    AgentGroup,
    RerankingGroup,
    KnowledgeGroup,
    ServerGroup,
    BaseSettings,
):
    """Frozen after it was read. Lists are written with commas; a secret may be a list while it is being rotated."""

    model_config = SettingsConfigDict(
        env_file=_DEFAULT,
        env_ignore_empty=True,
        toml_file=[_HERE / "default.toml", TOML_FILE],
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
    )

    @field_validator("*", mode="before")
    @classmethod
    def _no_number(cls, value: Any, info: ValidationInfo) -> Any:
        """In switchboard.toml ``true`` is no number, though Python would take it for 1."""
        if isinstance(value, bool) and cls.model_fields[info.field_name or ""].annotation is not bool:
            raise ValueError("true and false are for settings that are on or off, and this is none")
        return value

    @field_validator("*")
    @classmethod
    def _absolute(cls, value: Any) -> Any:
        """Of a relative path, here is where the command was given; what it starts has a working folder of its own."""
        return value.absolute() if isinstance(value, Path) else value

    @field_validator("company_name")
    @classmethod
    def _sample_company(cls, value: str, info: ValidationInfo) -> str:
        """The name of the sample's company goes with the sample alone, and never stands over a company's own documents."""
        sample = info.data.get("knowledge_sources") == (SAMPLE_SOURCE,) and not info.data.get("knowledge_source")
        return value.strip() or (SAMPLE_COMPANY if sample else "")

    @model_validator(mode="after")
    def _together(self) -> Settings:
        if self.azure_openai_endpoint and not (self.azure_openai_api_key and self.azure_openai_deployment):
            raise ValueError("AZURE_OPENAI_ENDPOINT also needs AZURE_OPENAI_API_KEY and AZURE_OPENAI_DEPLOYMENT")
        if self.desk_translate and not self.has_model:
            raise ValueError(
                "DESK_TRANSLATE needs a language model: set OPENAI_API_KEY, or OPENAI_BASE_URL, or Azure OpenAI."
            )
        if self.staff_email and not (self.email_address and self.email_imap_url and self.email_smtp_url):
            raise ValueError(
                "STAFF_EMAIL needs EMAIL_ADDRESS, EMAIL_IMAP_URL and EMAIL_SMTP_URL: requests go out from that mailbox, and "
                "the answers of staff come in there."
            )
        if self.staff_email and self.staff_email == (self.email_address or "").lower():
            raise ValueError("STAFF_EMAIL and EMAIL_ADDRESS must differ: the hub does not answer its own mail.")
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

    @model_validator(mode="after")
    def _priced(self) -> Settings:
        if not (self.model_cost_per_customer or self.model_cost_in_all):
            return self
        prices = ModelPrices({name: ModelPrice(**one.model_dump()) for name, one in self.model_prices.items()})
        for model in self.models_asked:
            if prices.find(model) is None:
                raise ValueError(
                    f"MODEL_COST_PER_CUSTOMER and MODEL_COST_IN_ALL need the price of each model. That of {model} is missing: "
                    f'add it to MODEL_PRICES, such as {{"{model}": {{"input": 0.25, "output": 2}}}}, for a million tokens.'
                )
        return self

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Without the user's part of addresses. Secrets hide themselves."""
        for name, value in super().__repr_args__():
            yield name, Redactor().text(str(value)) if "@" in str(value) else value

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
        assert isinstance(dotenv_settings, DotEnvSettingsSource)
        chosen = dotenv_settings.env_file
        env_file = _EnvFile(settings_cls, ENV_FILE if chosen == _DEFAULT else chosen)
        return init_settings, env_settings, env_file, TomlConfigSettingsSource(settings_cls)

    @property
    def effective_database_url(self) -> str:
        """The database, embedded when none is named."""
        return self.database_url or f"sqlite:///{self.data_dir / 'switchboard.db'}"

    @property
    def database_setting(self) -> str:
        """The setting that says where the database is."""
        return "DATABASE_URL" if self.database_url else "DATA_DIR"

    @property
    def sender_name(self) -> str:
        """Under which messages go out where a name must stand: in mails, text messages and notices."""
        return self.company_name or "Support"

    @property
    def uses_sqlite(self) -> bool:
        """Whether the database is the embedded one."""
        return self.effective_database_url.startswith("sqlite")

    @property
    def has_tools(self) -> bool:
        """Whether settings add tools, or change some."""
        return bool(self.tools_path or self.tool_overrides or self.openapi_tools or self.mcp_servers)

    @property
    def has_model(self) -> bool:
        """Whether a language model answers; otherwise the extractive responder does."""
        return bool(self.openai_api_key or self.openai_base_url or self.azure_openai_endpoint)

    @property
    def models_asked(self) -> tuple[str, ...]:
        """The names of the models that are called and cost tokens, each once; none without a language model."""
        if not self.has_model:
            return ()
        main = self.azure_openai_deployment if self.azure_openai_endpoint else self.openai_model
        named = [main, self.agent_verify_model, self.agent_vision_model, self.transcription_model]
        named += [self.agent_summary_model, self.agent_memory_model, self.agent_translation_model]
        named += [arm.model for one in self.experiments.values() for arm in one.arms.values()]
        return tuple(dict.fromkeys(one for one in named if one and one != "off"))

    @property
    def transcription_model(self) -> str:
        """What writes recordings down; off where nothing does. Only OpenAI's own endpoint is known to have a model for it."""
        is_openai = self.has_model and not (self.azure_openai_endpoint or self.openai_base_url)
        return self.agent_transcription_model or (OPENAI_TRANSCRIBES if is_openai else "off")


def secrets_of(value: SecretStr | None) -> tuple[str, ...]:
    """The secrets of a setting that may be a list."""
    return tuple(part.strip() for part in value.get_secret_value().split(",") if part.strip()) if value else ()


def read_settings(**overrides: Any) -> Settings:
    """Read everything once. Raises ConfigError that names each wrong setting and what is wrong with it."""
    if misnamed := misnamed_in_file():
        raise ConfigError(f"{TOML_FILE} names what is no setting:\n  " + "\n  ".join(misnamed))
    try:
        return Settings(**overrides)
    except ValidationError as error:
        lines = [f"{name}: {reason}" if name else reason for name, reason in wrong_settings(error)]
        raise ConfigError("These settings are wrong:\n  " + "\n  ".join(lines)) from error


def wrong_settings(error: ValidationError) -> list[tuple[str, str]]:
    """Each by its name, with the place in it after a dot, and the reason; the name is empty where some do not go together."""
    return [
        (
            ".".join(str(part) for part in item["loc"]).upper(),
            _REASONS.get(item["type"]) or item["msg"].removeprefix("Value error, "),
        )
        for item in error.errors()
    ]


def misnamed_in_file() -> list[str]:
    """Names in switchboard.toml that are no settings, each with the one that was meant; in the environment, other programs' names
    are no fault. Raises ConfigError where the file cannot be read."""
    unknown = sorted(_in_toml().keys() - {name.lower() for name in Settings.model_fields})
    meant = ((name, difflib.get_close_matches(name.lower(), Settings.model_fields, 1)) for name in unknown)
    return [f"{name}{f' (did you mean {like[0]}?)' if like else ''}" for name, like in meant]


def set_in_toml() -> set[str]:
    """Names of settings, in capitals, that switchboard.toml gives a value. Raises ConfigError where it cannot be read."""
    return {name.upper() for name, value in _in_toml().items() if value}


def _in_toml() -> dict[str, Any]:
    try:
        return tomllib.loads(Path(TOML_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"{TOML_FILE} cannot be read: {error}") from error
