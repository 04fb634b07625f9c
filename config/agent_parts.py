"""From settings to the agent: what answers customers, and what answers, translates and drafts for staff."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from config.budgets import model_spending
from config.company_rules import EVERYWHERE, read_rules
from config.desk.staffed import is_staffed
from config.groups.answers import AgentOverride
from config.groups.experiments import ArmSettings
from config.processes.election import Election
from config.processes.remembering import NothingLearner, Remembering
from config.settings import Settings, secrets_of
from config.shared_tools import SharedTools
from core.agent.chosen_responder import ResponderByArm, ResponderByChannel
from core.agent.settings import AgentSettings, Strictness
from core.agent.texts import texts_for
from core.domain.experiments import Experiment
from core.domain.knowledge import KnowledgeAudience
from core.domain.messages import MessageKind
from core.llm.masking import MaskedModel
from core.llm.measured import MeasuredModel
from core.llm.settings import OpenAIChatSettings
from core.ports.budgets import Budgets
from core.ports.channel import Channel
from core.ports.chat_model import ChatModel
from core.ports.clock import Clock
from core.ports.gaps import Likeness
from core.ports.learning import Drafter
from core.ports.memories import Learner
from core.ports.metrics import Metrics
from core.ports.responder import Reply, Responder
from core.ports.retriever import Retriever
from core.ports.store import TurnState
from core.ports.translator import Translator
from core.storage.store import SqlStore
from handoff.briefing import Briefing

ModelParts = tuple[Clock, Metrics, AsyncExitStack, Budgets]
"""What each model is made with beside the settings."""
_TRANSLATION_SECONDS = 4.0
"""A customer waits for it."""
_BILLED_TO = {"OPENAI_ORG_ID": "openai-organization", "OPENAI_PROJECT_ID": "openai-project"}
"""Whom OpenAI bills where a key is of several (platform.openai.com/docs/api-reference/authentication)."""


def agent_settings(settings: Settings, arm: ArmSettings | None = None) -> AgentSettings:
    """What bounds the agent; ``arm``: of an experiment."""
    base = AgentSettings(
        company_name=settings.company_name,
        escalation_keywords=settings.escalation_keywords,
        passages=settings.agent_passages,
        temperature=settings.agent_temperature,
        answer_tokens=settings.agent_answer_tokens,
        reasoning_effort=settings.agent_reasoning_effort,
        history_tokens=settings.agent_history_tokens,
        strictness=Strictness(settings.agent_strictness),
        tool_overrides=settings.tool_overrides,
        links_identities=bool(settings.link_codes_in_all and (settings.email_address or settings.twilio_from)),
    )
    bounds = replace(base, turn_seconds=min(base.turn_seconds, settings.turn_timeout_seconds * 0.8))
    return replace(bounds, company_rules=_rules(settings, arm).get(EVERYWHERE, ""), **_changes(arm))


def _rules(settings: Settings, arm: ArmSettings | None) -> Mapping[str, str]:
    return read_rules((arm and arm.rules_path) or settings.agent_rules_path)


def _changes(given: AgentOverride | None) -> dict[str, Any]:
    return {} if given is None else given.model_dump(exclude_none=True, include={*AgentOverride.model_fields})


def settings_by_channel(settings: Settings, arm: ArmSettings | None = None) -> Mapping[str, AgentSettings]:
    """The same for each channel and account with settings or rules of its own; an account also has what its channel has."""
    usual, rules = agent_settings(settings, arm), _rules(settings, arm)
    given = {place: _changes(one) for place, one in settings.agent_overrides.items()}
    return {
        place: replace(
            usual,
            **{**given.get(channel, {}), **given.get(place, {}), **_changes(arm)},
            company_rules=rules.get(place) or rules.get(channel) or usual.company_rules,
        )
        for place in dict.fromkeys((*given, *rules))
        if (channel := place.partition(":")[0])
    }


def by_channel(
    settings: Settings, make: Callable[[AgentSettings], Responder], arm: ArmSettings | None = None
) -> Responder:
    """One responder, or one for each channel that has settings of its own."""
    usual = make(agent_settings(settings, arm))
    special = {place: make(bounds) for place, bounds in settings_by_channel(settings, arm).items()}
    return ResponderByChannel(usual, special) if special else usual


def by_arm(settings: Settings, make: Callable[[ArmSettings | None], Responder]) -> Responder:
    """One responder, or one for each arm of each experiment besides."""
    usual = make(None)
    if not settings.experiments:
        return usual
    experiments = [Experiment(name, one.share, tuple(one.arms)) for name, one in settings.experiments.items()]
    arms = {(name, arm): make(given) for name, one in settings.experiments.items() for arm, given in one.arms.items()}
    return ResponderByArm(usual, experiments, arms)


def make_responder(
    settings: Settings,
    retriever: Retriever,
    store: SqlStore,
    *parts: *ModelParts,
    likeness: Likeness | None = None,
    tools: SharedTools | None = None,
) -> Responder:
    """The agent over a model where one is configured, otherwise the extractive responder.

    ``likeness``: compares what messages of a customer's history mean. ``tools``: of the company, where others use them too. The
    extractive responder also answers for the agent while a customer's tokens are used up. ``closing`` takes what has to be closed
    when the hub stops.
    """
    from core.llm.extractive import ExtractiveResponder

    clock, metrics, _, budgets = parts

    def quoting_in(arm: ArmSettings | None) -> Responder:
        return by_channel(settings, lambda bounds: ExtractiveResponder(retriever, bounds, clock, store, store), arm)

    quoting = by_arm(settings, quoting_in)
    if not settings.has_model:
        return quoting
    from core.agent.consent import ActionCheck
    from core.agent.foreign_texts import ForeignTexts
    from core.agent.loop import AgentLoop
    from core.agent.memory_tools import memory_tools
    from core.agent.translating import ModelTranslator
    from core.agent.verifier import ModelVerifier
    from core.llm.budgeted import BudgetedResponder

    model = make_model(settings, *parts, "answer")
    checking = make_model(settings, *parts, "verification", name=settings.agent_verify_model)
    asks_model = settings.agent_verify != "rule"
    verifier, check = (ModelVerifier(checking, clock), ActionCheck(checking, clock)) if asks_model else (None, None)
    shared = tools or SharedTools(settings, *parts)
    ours, use, remote = list(shared.local.values()), shared.use, shared.remote
    memories = store if settings.memory else None
    if memories is None:  # what is kept can still be shown and forgotten
        ours.extend(one for one in memory_tools(store) if one.name not in ("remember", "search_history"))

    def agent_in(arm: ArmSettings | None) -> Responder:
        answering = (
            model if arm is None or arm.model is None else make_model(settings, *parts, "answer", name=arm.model)
        )
        given = (clock, ours, store, verifier, check, use, memories, likeness, remote)
        return by_channel(settings, lambda bounds: AgentLoop(answering, retriever, store, bounds, *given), arm)

    agent = by_arm(settings, agent_in)
    translating = make_model(settings, *parts, "translation", name=settings.agent_translation_model)
    translator = ModelTranslator(translating, clock, settings.company_name, seconds=_TRANSLATION_SECONDS)
    foreign = ForeignTexts(agent, translator, settings.company_name)
    return BudgetedResponder(foreign, quoting, model_spending(settings, budgets, metrics))


def with_erasure(settings: Settings, responder: Responder, channels: Mapping[str, Channel]) -> Responder:
    """The same responder, which also answers customers who want everything about them erased."""
    from core.agent.erasure import ErasureResponder

    signed = frozenset(name for name, channel in channels.items() if channel.capabilities.event_log)
    return ErasureResponder(responder, settings.company_name, signed)


def make_colleague(settings: Settings, retriever: Retriever, store: SqlStore, *parts: *ModelParts) -> Responder:
    """What staff ask in a case's thread: as for customers, with what staff may read, and without tools that change anything."""

    clock = parts[0]

    def inside(bounds: AgentSettings) -> AgentSettings:
        return replace(bounds, audience=KnowledgeAudience.STAFF)

    if not settings.has_model:
        from core.llm.extractive import ExtractiveResponder

        return by_channel(settings, lambda bounds: ExtractiveResponder(retriever, inside(bounds), clock))
    from core.agent.loop import AgentLoop
    from core.agent.verifier import ModelVerifier

    model = make_model(settings, *parts, "staff")
    checking = make_model(settings, *parts, "verification", name=settings.agent_verify_model)
    verifier = None if settings.agent_verify == "rule" else ModelVerifier(checking, clock)
    return by_channel(
        settings, lambda bounds: AgentLoop(model, retriever, store, inside(bounds), clock, verifier=verifier)
    )


def make_briefing(settings: Settings, retriever: Retriever, *parts: *ModelParts, staffed: bool) -> Briefing:
    """Drafts are quoted from what customers may read, without a model: the customer waits for the case to be opened."""
    if not staffed:
        return Briefing()
    from config.desk.customer_context import customer_context
    from core.agent.questions import questions_besides
    from core.llm.extractive import ExtractiveResponder

    words = replace(agent_settings(settings), escalation_keywords=())  # the case is with people already
    drafter = ExtractiveResponder(retriever, words, parts[0])
    briefing = Briefing(drafter=drafter, besides=questions_besides, context=customer_context(settings))
    if not settings.has_model:
        return briefing
    from core.agent.summarizing import ModelSummarizer

    model = make_model(settings, *parts, "summary", name=settings.agent_summary_model)
    return replace(briefing, summarizer=ModelSummarizer(model, parts[0], settings.company_name))


def make_translator(settings: Settings, *parts: *ModelParts) -> Translator | None:
    """What puts customers and staff into each other's language, where that is wanted."""
    if not settings.desk_translate:
        return None
    from core.agent.translating import ModelTranslator

    model = make_model(settings, *parts, "translation", name=settings.agent_translation_model)
    return ModelTranslator(model, parts[0], settings.company_name)


def make_drafter(settings: Settings, *parts: *ModelParts) -> Drafter | None:
    """What puts the answers of staff into words for everybody, where there are staff to learn from and a model."""
    if not (settings.desk_learn and settings.has_model and is_staffed(settings)):
        return None
    from core.agent.drafting import ModelDrafter

    return ModelDrafter(make_model(settings, *parts, "learned answer"), parts[0], settings.company_name)


def make_remembering(settings: Settings, store: SqlStore, election: Election, *parts: *ModelParts) -> Remembering:
    """What reads conversations at rest: with the model where there is one, otherwise by rules; and nothing with MEMORY off."""
    from core.agent.learning import ModelLearner, RuleLearner

    learner: Learner = RuleLearner() if settings.memory else NothingLearner()
    if settings.memory and settings.has_model:
        model = make_model(settings, *parts, "memory", name=settings.agent_memory_model)
        learner = ModelLearner(model, parts[0], settings.company_name)
    return Remembering(store, learner, settings.memory_rest_minutes * 60.0, election)


def make_model(
    settings: Settings,
    clock: Clock,
    metrics: Metrics,
    closing: AsyncExitStack,
    budgets: Budgets,
    task: str,
    *,
    name: str | None = None,
) -> ChatModel:
    """The language model, or the one of this name at the same endpoint, counted as used for ``task``.

    It is closed with ``closing``.
    """
    from core.llm.openai_chat import OpenAIChat

    endpoint = chat_settings(settings, name)
    model = OpenAIChat(endpoint, clock)
    closing.push_async_callback(model.aclose)
    spending = model_spending(settings, budgets, metrics)
    measured = MeasuredModel(model, metrics, spending, task, priced_as=endpoint.model)
    return MaskedModel(measured) if settings.mask_personal_data else measured


def make_uncounted_model(settings: Settings, clock: Clock, closing: AsyncExitStack) -> ChatModel:
    """The language model for an operator's command: masked as for customers, and in nobody's budget. Closed with ``closing``."""
    from core.llm.openai_chat import OpenAIChat

    model = OpenAIChat(chat_settings(settings), clock)
    closing.push_async_callback(model.aclose)
    return MaskedModel(model) if settings.mask_personal_data else model


def chat_settings(settings: Settings, name: str | None = None, route: str = "chat/completions") -> OpenAIChatSettings:
    """Where the model is. ``name``: of another model or deployment there; ``route``: what it is asked for."""
    azure, base_url = settings.azure_openai_endpoint, settings.openai_base_url
    keys = secrets_of(settings.azure_openai_api_key if azure else settings.openai_api_key) or ("not-needed",)
    if azure:
        model = name or settings.azure_openai_deployment or ""
        path = f"openai/deployments/{model}/{route}?api-version={settings.azure_openai_api_version}"
        url = f"{azure.rstrip('/')}/{path}"
    else:
        model = name or settings.openai_model
        url = f"{(base_url or 'https://api.openai.com/v1').rstrip('/')}/{route}"
    headers = {"api-key": keys[0]} if azure else {"authorization": f"Bearer {keys[0]}"}
    if not azure and "@" in urlsplit(url).netloc:
        headers = {}  # the address has a login of its own
    if not azure and not base_url:
        headers |= {header: os.environ[one] for one, header in _BILLED_TO.items() if os.environ.get(one)}
    return OpenAIChatSettings(
        model,
        url,
        headers,
        name=f"azure:{model}" if azure else model,
        limit_field="max_tokens" if base_url and not azure else "max_completion_tokens",
        proxy=_proxy(url),
        answer_format=settings.agent_answer_format,
    )


def _proxy(url: str) -> str | None:
    """What HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY say of this address."""
    parts, proxies = urlsplit(url), getproxies()
    found = proxies.get(parts.scheme) or proxies.get("all")
    if not found or proxy_bypass(parts.netloc) or proxy_bypass(parts.hostname or ""):
        return None
    return found if "://" in found else f"http://{found}"


def make_failure(settings: Settings) -> Callable[[TurnState], Reply]:
    """The honest message for a turn that cannot be completed, in the customer's language."""

    def failure(turn: TurnState) -> Reply:
        texts = texts_for(turn, settings.company_name)
        return Reply(texts.say("failure"), MessageKind.FAILURE, offers_person=True)

    return failure
