"""The language model, and what the agent calls itself."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, SecretStr

from config.addresses import BaseAddress
from config.groups import SettingsGroup
from config.listed import Listed


class AgentGroup(SettingsGroup):
    """The language model, and what the agent calls itself."""

    title: ClassVar[str] = "Agent"

    openai_api_key: SecretStr | None = Field(None, description="Switches the language model on.")
    openai_base_url: BaseAddress | None = Field(None, description="Any OpenAI-compatible endpoint; ends in /v1.")
    openai_model: str = Field(description="The model's name at that endpoint.")
    azure_openai_endpoint: BaseAddress | None = Field(
        None, description="https://name.openai.azure.com: switches Azure OpenAI on."
    )
    azure_openai_api_key: SecretStr | None = Field(None, description="The key of the Azure resource.")
    azure_openai_deployment: str | None = Field(None, description="The deployment's name.")
    azure_openai_api_version: str = Field(description="The API version to ask for.")
    agent_verify: Literal["model", "rule"] = Field(
        "model",
        description="An older name: use AGENT_STRICTNESS. rule: no verifier is asked, and a sentence is shown when it is near "
        "its source's words.",
    )
    mask_personal_data: bool = Field(
        False,
        description="true: e-mail addresses, telephone, card and bank numbers, IP addresses and national ids with check digits "
        "are replaced by placeholders in all texts that go to models of other servers, and put back in what these answer. Names, "
        "postal addresses, pictures and recordings are not masked.",
    )
    company_name: str = Field(
        "",
        description="How the agent calls the company it speaks for. Not set: no name; over the sample documents alone, that of "
        "their fictional company.",
    )
    escalation_keywords: Listed = Field((), description="Words that bring a person in at once.")
