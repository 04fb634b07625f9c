"""From settings to budgets and rate limits, and to what only works within them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from channels.web.rates import LedgerRates, MemoryRates, Rates, RedisRates
from channels.web.settings import Rate, WebLimits
from config.desk.contact_routes import answered_by, make_contact_routes
from config.settings import Settings
from core.domain.budget import Budget, daily_bytes
from core.domain.model_use import ModelPrice, ModelPrices
from core.linking import Linking, link_codes
from core.llm.spending import COST_UNITS, ModelSpending
from core.ports.budgets import Budgets
from core.ports.channel import Channel
from core.ports.clock import Clock
from core.ports.metrics import Metrics
from core.turn_budgets import TurnBudgets, TurnLimits

_MINUTE = 60
_HOUR = 3_600
_DAY = 86_400


def make_rates(settings: Settings, clock: Clock, budgets: Budgets) -> tuple[Rates, Rates]:
    """The counters for sessions, and those for addresses and in all.

    Both in Redis where there is one. Otherwise in memory, and the second by the ledger where there may be several processes.
    """
    if settings.redis_url:
        rates = RedisRates(settings.redis_url, clock.monotonic)
        return rates, rates
    rates_here = MemoryRates(clock.monotonic)
    return rates_here, rates_here if settings.uses_sqlite else LedgerRates(clock.monotonic, budgets)


def web_limits(settings: Settings) -> WebLimits:
    """The limits of the web channel."""
    named = [f"{what}_{whose}" for what in ("sessions", "messages", "uploads") for whose in ("per_address", "in_all")]
    rates: dict[str, Any] = {name: Rate(getattr(settings, name), _MINUTE) for name in named}
    return WebLimits(
        attachment_bytes=settings.max_attachment_bytes,
        unsent_bytes_per_address=settings.unsent_bytes_per_address,
        unsent_bytes_in_all=settings.unsent_bytes_in_all,
        file_bytes_per_address=settings.file_bytes_per_address,
        file_bytes_in_all=settings.file_bytes_in_all,
        **rates,
    )


def model_spending(settings: Settings, budgets: Budgets, metrics: Metrics) -> ModelSpending:
    """The budgets of model tokens and of their cost in a day, and the prices."""
    tokens = Budget(
        "model-tokens", settings.model_tokens_per_customer, settings.model_tokens_in_all, _DAY, announced=True
    )
    share, total = (ceil(one * COST_UNITS) for one in (settings.model_cost_per_customer, settings.model_cost_in_all))
    cost = Budget("model-cost", share, total, _DAY, announced=True)
    prices = {name: ModelPrice(**one.model_dump()) for name, one in settings.model_prices.items()}
    return ModelSpending(budgets, tokens, cost, ModelPrices(prices), metrics)


def file_bytes(settings: Settings) -> Budget:
    """The budget of files in a day, for platforms. The web channel makes the same one from its limits."""
    return daily_bytes(settings.file_bytes_per_address, settings.file_bytes_in_all)


def make_turn_budgets(
    settings: Settings, budgets: Budgets, channels: Mapping[str, Channel], clock: Clock
) -> TurnBudgets:
    """The budgets of turns. Those of a minute are kept in the database only where several processes share it."""
    limits = TurnLimits(
        messages=Budget("messages-of-sender", settings.messages_per_address, 0, _MINUTE, kept=not settings.uses_sqlite),
        escalations=Budget("escalations", settings.escalations_per_customer, settings.escalations_in_all, _HOUR),
    )
    return TurnBudgets(budgets, limits, channels, clock, settings.company_name)


def make_linking(
    settings: Settings,
    budgets: Budgets,
    turns: TurnBudgets,
    channels: Mapping[str, Channel],
    clock: Clock,
    keys: Sequence[str],
) -> Linking:
    """What links a customer's addresses. Without any codes to send, links can only be undone."""
    kinds = answered_by(channels)
    return Linking(
        routes=make_contact_routes(channels) if kinds and settings.link_codes_in_all else None,
        channels=kinds,
        budgets=budgets,
        codes=link_codes(settings.link_codes_in_all),
        spender=turns.spender,
        keys=keys,
        clock=clock,
        company=settings.company_name,
    )
