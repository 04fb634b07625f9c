"""How staff work: hours, reminders, follow-ups, what brings a person in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, field_validator

from channels.email.providers import is_everybodys
from config.desk.assign import PERSON, calendar_at, parse_policies
from config.desk.fields import parse_fields
from config.desk.targets import parse_targets
from config.groups import SettingsGroup, long_enough
from config.listed import Listed
from handoff.hours import parse_hours
from handoff.learning.weekly import parse_weekly
from handoff.texts import languages

_ALWAYS = "24/7"
_UTC, _MONDAY = "UTC", "Mon 09:00"
_SLACK_ID = re.compile("[SUW][A-Z0-9]{2,}")
_DOMAIN = re.compile(r"[^\s@=]+\.[^\s@=.]+")
_OVERRIDE = re.compile(r"(?:[UW][A-Z0-9]{2,}|[0-9]{1,20}|[^\s@=]+@[^\s@=]+)=(?:staff|customer)")


class DeskGroup(SettingsGroup):
    """How staff work: hours, reminders, follow-ups, what brings a person in."""

    title: ClassVar[str] = "Desk"

    desk_note_sign: str = Field("//", description="What staff begin a message with that is not for the customer.")
    desk_undo_seconds: float = Field(
        5.0, ge=0, le=300, description="Seconds in which staff can still change or take back what they wrote."
    )
    desk_reopen_hours: float = Field(
        72.0,
        ge=0,
        description="Hours after a case was resolved in which it goes on where its customer needs a person again.",
    )
    desk_hours: str | None = Field(
        None,
        description="When staff are there: Mon-Fri 09:00-17:30; Sat 10:00-14:00; closed 12-25. Empty or not set: always.",
    )
    desk_time_zone: str = Field(_UTC, description="The staff's time zone, such as Europe/Berlin. Empty: UTC.")
    desk_remind_minutes: float = Field(
        10.0,
        ge=0,
        description="Minutes within the hours until the staff channel is reminded of a case that nobody took, and once "
        "more until DESK_ON_CALL is; then ever less often. 0: never.",
    )
    desk_on_call: Listed = Field(
        (), description="Who is mentioned when a case stays unclaimed: ids of Slack's user groups (S…) or people (U…)."
    )
    desk_assign: Listed = Field(
        (),
        description="Who is given a new case: round_robin (whose turn it is, of those in the case's channel who are not away), "
        "account_owner (whom DESK_CONTEXT_TOOL names as `owner`), on_call (DESK_ON_CALL_URL, or the people of "
        "DESK_ON_CALL). Of several, the first that finds somebody. Empty, or off: nobody, staff claim.",
    )
    desk_assign_to: Listed = Field(
        (),
        description="Whose turn it may be with round_robin: ids of people (U…). Empty: everybody in the case's channel.",
    )
    desk_assign_minutes: float = Field(
        10.0,
        ge=0,
        description="Minutes within the hours until a case that its assignee has not claimed goes to the next, or back to "
        "everybody. 0: never.",
    )
    desk_on_call_url: SecretStr | None = Field(
        None,
        description="The iCal address of the calendar of those on call. Whoever takes part in the present event is, or whose "
        "e-mail address or Slack id stands in its title; who planned it counts where nobody is invited.",
    )
    desk_holidays_url: str | None = Field(
        None,
        description="The iCal address of a calendar of holidays. On its whole days nobody is there; needs DESK_HOURS.",
    )
    staff_domains: Listed = Field(
        (),
        description="Domains of your staff's mail addresses, such as example.com. Whoever has one is a colleague where customers "
        "write: in channels on Slack (needs the scope users:read.email) and in customers' mail threads.",
    )
    staff_overrides: Listed = Field(
        (),
        description="Single people who are staff or customers whatever else says so, by their id on Slack or Telegram or by "
        "their address: U0123456789=staff, ann@example.com=customer.",
    )
    desk_guests_may_claim: bool = Field(
        False,
        description="Whether guests of the workspace, people of other companies in a shared channel, apps and workflows may work "
        "on cases like staff.",
    )
    desk_case_emoji: str = Field(
        "",
        pattern=r"^[a-z0-9_+'-]{0,100}$",
        description="Slack's name of an emoji, such as `ticket`: staff who put it on a customer's message in a channel where the "
        "app is open a case for it. Empty: none does.",
    )
    desk_emoji_act: bool = Field(
        False,
        description="Whether staff claim a case by 👀 (`eyes`) on its card, and its owner resolves it by "
        "✅ (`white_check_mark`).",
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
    desk_nudge_days: float = Field(
        0.0,
        ge=0,
        le=365,
        description="Days until the silent customer of a pending case is asked once whether they still need help. 0: never.",
    )
    desk_close_days: float = Field(
        0.0,
        ge=0,
        le=365,
        description="Days after that message until the case is resolved if they stay silent. 0: never.",
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
        description="Hours after a case was resolved in which what the customer writes is taken for the comment on their "
        "rating; the number itself, from 1 to 5, may come later. 0: nobody is asked for one.",
    )
    desk_teams_file: Path | None = Field(
        None, description="A YAML file of the staff's teams: each with a channel, hours and the cases that are its own."
    )
    desk_macros_file: Path | None = Field(
        None,
        description="A YAML file of replies that staff have saved: each with a name, a title and its text by language.",
    )
    desk_targets: str = Field(
        "",
        description="How soon within the hours staff should answer: vip first 5 min, next 30 min; email first 4 h; first 30 min, "
        "next 2 h. A case has the first part that it fits, by vip (DESK_VIP), a pattern of customers, a team or a channel. "
        "Empty: no targets.",
    )
    desk_fields: str = Field(
        "",
        description="Fields of your own on every ticket, up to ten, such as: Plan: free, pro; Order number. What stands behind "
        "a colon are choices.",
    )
    desk_mood_file: Path | None = Field(
        None,
        description="A YAML file of words that show how customers feel, by language and level, beside the built-in ones or "
        "instead of them.",
    )
    desk_context_tool: str | None = Field(
        None,
        description="A tool of yours that says what you know of a customer (company, plan, open requests): its answer stands "
        "on the card of each new case. It must read only, and need no arguments.",
    )
    desk_issue_tool: str | None = Field(
        None,
        description="A tool of yours that creates an issue in your tracker, with an effect and the arguments title and text: "
        "staff in Slack fill them in on a case's card. It answers with the issue's url and key.",
    )
    desk_issue_webhook_secret: SecretStr | None = Field(
        None,
        description="What POST /webhooks/issues has to prove, by which your tracker says that an issue is closed; a list while "
        "it is being rotated. Not set: no such webhook.",
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
    gaps_post: str = Field(
        _MONDAY,
        description="When the staff channel reads, once a week, what was asked and not answered: a day and a time in "
        "DESK_TIME_ZONE, or never. Empty: the default. Where nothing was, nothing is posted.",
    )
    desk_translate: bool = Field(
        False,
        description="Customers and staff each read and write their own language, staff that of DESK_LANGUAGE. Needs a language "
        "model.",
    )
    desk_language: str = Field(
        "en", description="The language in which the desk speaks to staff: en, de, fr, es or ar."
    )

    @field_validator("desk_note_sign")
    @classmethod
    def _desk_sign(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("is empty: every message of the staff would be a note. Try //.")
        return value

    _issue_secret_is_long = field_validator("desk_issue_webhook_secret")(long_enough)

    @field_validator("desk_hours")
    @classmethod
    def _desk_hours(cls, value: str | None) -> str | None:
        if value:
            parse_hours(value, _UTC)
        return value

    @field_validator("desk_fields")
    @classmethod
    def _desk_fields(cls, value: str) -> str:
        parse_fields(value)
        return value

    @field_validator("desk_targets")
    @classmethod
    def _desk_targets(cls, value: str) -> str:
        parse_targets(value)
        return value

    @field_validator("desk_time_zone")
    @classmethod
    def _desk_zone(cls, value: str) -> str:
        return parse_hours(_ALWAYS, value.strip() or _UTC).zone.key

    @field_validator("desk_on_call")
    @classmethod
    def _desk_on_call(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if not _SLACK_ID.fullmatch(one):
                raise ValueError(f"{one!r} is no id of a Slack user group (S…) or person (U…).")
        return value

    @field_validator("desk_assign")
    @classmethod
    def _desk_assign(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return parse_policies(value)

    @field_validator("desk_assign_to")
    @classmethod
    def _desk_assign_to(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if not PERSON.fullmatch(one):
                raise ValueError(f"{one!r} is no id of a person on Slack (U…).")
        return value

    @field_validator("desk_on_call_url", "desk_holidays_url")
    @classmethod
    def _desk_calendars(cls, value: SecretStr | str | None) -> SecretStr | str | None:
        address = value.get_secret_value() if isinstance(value, SecretStr) else value
        if address:
            calendar_at(address, ZoneInfo(_UTC))
        return value

    @field_validator("staff_domains")
    @classmethod
    def _staff_domains(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        found = tuple(one.lower().removeprefix("@") for one in value)
        for one in found:
            if not _DOMAIN.fullmatch(one):
                raise ValueError(f"{one!r} is no domain, such as example.com.")
            if is_everybodys(one):
                raise ValueError(f"{one} gives addresses to everybody: list your people in STAFF_OVERRIDES.")
        return found

    @field_validator("staff_overrides")
    @classmethod
    def _staff_overrides(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if not _OVERRIDE.fullmatch(one):
                raise ValueError(f"{one!r} is none such as U0123456789=staff or ann@example.com=customer.")
        return tuple(one.lower() if "@" in one else one for one in value)

    @field_validator("gaps_post")
    @classmethod
    def _gaps_weekly(cls, value: str) -> str:
        parse_weekly(value.strip() or _MONDAY, ZoneInfo(_UTC))
        return value.strip() or _MONDAY

    @field_validator("desk_language")
    @classmethod
    def _desk_language(cls, value: str) -> str:
        if value not in languages():
            raise ValueError(f"{value!r} is none that the desk speaks; try one of {', '.join(sorted(languages()))}.")
        return value
