"""The desk that the settings ask for: Slack's where a staff channel is set, else by mail, else one that takes everything down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from channels.slack.views import TakesForms
from config.desk.app import ACCOUNT, desk_tokens, has_own_app
from config.desk.approvals import CompanyCalls
from config.desk.contact_routes import known_by_sender, make_contact_routes
from config.desk.issues import TrackedIssues, issue_tool, tracks_issues
from config.desk.staffed import desk_account, is_answered_by_mail
from config.processes.election import Election
from config.settings import Settings
from config.shared_tools import SharedTools
from core.agent.history_search import SEARCHED_MESSAGES, search_history
from core.agent.language import written_language
from core.agent.questions import said_besides
from core.agent.small_talk import only_thanks
from core.domain.capabilities import Capabilities
from core.domain.errors import Unreachable
from core.ports.channel import Channel
from core.ports.clock import Clock
from core.ports.desk import Desk
from core.ports.gaps import Likeness
from core.ports.learning import Drafter, Regression
from core.ports.memories import Said
from core.ports.responder import Responder
from core.ports.staff_mail import StaffMailer
from core.ports.surroundings import Surroundings
from core.ports.tickets import Holder
from core.ports.translator import Translator
from core.ports.wake import Wake
from core.storage.store import SqlStore
from core.timers import TimerLoop, TimerSettings
from handoff.briefing import Briefing
from handoff.customer_language import LastWords
from handoff.desk_parts import DeskParts, Files
from handoff.learning.gaps_post import GapsPosts
from handoff.learning.learning import LearningTimers
from handoff.learning.learning_desk import LearningDesk
from handoff.mail.channel import MailDeskChannel
from handoff.mail_desk import DeskWithoutMail, MailDesk
from handoff.people import Membership
from handoff.settings import HandoffSettings
from handoff.slack_desk import SlackDesk
from handoff.thread.approvals import ApprovalDesk, ApprovalPosts, ApprovalTimers
from handoff.thread.case_issues import IssueDesk
from handoff.thread.delivery_marks import DeliveryMarks
from handoff.thread.desk_views import DeskViews
from handoff.thread.home_queue import HomeQueue
from handoff.thread.staff_only import StaffOnlyDesk, StaffOnlyViews
from handoff.translating.translated_desk import TranslatedDesk
from handoff.waits.follow_up import FollowUpTimers
from handoff.waits.timers import DeskTimers
from handoff.waits.unstaffed_desk import UnstaffedDesk
from knowledge.gaps.book import StoredGapBook

if TYPE_CHECKING:
    from channels.slack.roster import SlackRoster
    from handoff.slack.channel import SlackDeskChannel

    DeskChannel = SlackDeskChannel | MailDeskChannel


def make_desk_channel(
    settings: Settings,
    handoff: HandoffSettings,
    surroundings: Surroundings,
    store: SqlStore,
    email: Channel | None = None,
) -> DeskChannel | None:
    """Where staff read: the staff channel, or STAFF_EMAIL, if there is any. Raises ConfigError."""
    account = desk_account(settings)
    if account is not None and is_answered_by_mail(settings) and isinstance(email, StaffMailer):
        return MailDeskChannel(account, email, store, settings.desk_language, settings.desk_note_sign)
    if settings.slack_staff_channel is None:
        return None
    from handoff.slack.channel import SlackDeskChannel, SlackDeskSettings  # loads slack_sdk

    given = SlackDeskSettings(
        channel=settings.slack_staff_channel,
        tokens=desk_tokens(settings),
        heard_by=ACCOUNT if has_own_app(settings) else "default",
        teams={team.name: team.channel for team in handoff.teams if team.channel},
        locale=settings.desk_language,
        tracks=tracks_issues(settings),
        api_base_url=settings.slack_api_base_url,
    )
    return SlackDeskChannel(given, surroundings, store)


def make_desk(
    settings: Settings,
    handoff: HandoffSettings,
    desk_channel: DeskChannel | None,
    store: SqlStore,
    clock: Clock,
    agent: Responder | None = None,
    translator: Translator | None = None,
    channels: Mapping[str, Capabilities] = MappingProxyType({}),
    briefing: Briefing | None = None,
    files: Files | None = None,
    regression: Regression | None = None,
    likeness: Likeness | None = None,
    tools: SharedTools | None = None,
) -> Desk:
    """``agent`` answers colleagues; ``channels``: what customers' can do; ``files``: brings those that staff sent.

    ``likeness``: compares what messages mean, for staff who search a customer's history. ``tools``: of which staff approve calls.
    """
    if desk_channel is None:
        return DeskWithoutMail(UnstaffedDesk(handoff, clock), None, settings.desk_language)
    if isinstance(desk_channel, MailDeskChannel):
        parts = replace(
            _parts(desk_channel, store, clock), channels=channels, briefing=briefing or Briefing(), files=files
        )
        return MailDesk(SlackDesk(parts, by_mail(handoff)), desk_channel.account, settings.desk_language, files)

    async def found(holder: Holder, query: str) -> Sequence[Said]:
        return await search_history(await store.history_of(holder, SEARCHED_MESSAGES), query, likeness)

    parts = _parts(desk_channel, store, clock, agent)
    work = replace(parts, channels=channels, briefing=briefing or Briefing(), files=files, history=found)
    tracked = TrackedIssues(store, desk_channel.account, issue_tool(settings))
    desk: Desk = IssueDesk(SlackDesk(work, handoff), work, tracked, settings.desk_language)
    if tools is not None:
        approvals = _approvals(settings, work, store)
        desk = ApprovalDesk(desk, approvals, CompanyCalls(store, tools, clock), handoff)
    if settings.desk_learn:
        desk = LearningDesk(desk, store, store, desk_channel, desk_channel.people, settings.desk_language, regression)
    if translator is not None:
        desk = TranslatedDesk(desk, translator, store, settings.desk_language, work.words)
    if not settings.desk_guests_may_claim:
        desk = StaffOnlyDesk(desk, desk_channel, desk_channel.people, clock, settings.desk_language)
    return DeskWithoutMail(desk, desk_channel.account, settings.desk_language)


def give_forms(
    handoff: HandoffSettings,
    channels: Iterable[Channel],
    desk_channel: DeskChannel | None,
    store: SqlStore,
    clock: Clock,
    *,
    guests_may_claim: bool = False,
) -> None:
    """To whatever staff's presses come in through: it knows what Slack asks, and the desk what to show."""
    if desk_channel is None or isinstance(desk_channel, MailDeskChannel):
        return
    from handoff.slack.panel import SlackPanel  # loads slack_sdk

    panel = SlackPanel(lambda: desk_channel.client, clock)
    for channel in channels:
        if isinstance(channel, TakesForms):
            parts, people = _parts(desk_channel, store, clock), desk_channel.people
            views = DeskViews(parts, store, panel, handoff, channel.account)
            queue = HomeQueue(parts, store, people, panel, handoff, desk_channel.channel)
            home = queue if channel.account == people.account else None
            if guests_may_claim:
                channel.give_forms(views, home=home)
            else:
                staff_only = StaffOnlyViews(views, people, panel, handoff.staff_locale)
                channel.give_forms(staff_only, staff_only.refusal, home)


def make_timers(
    settings: Settings,
    handoff: HandoffSettings,
    desk_channel: DeskChannel | None,
    store: SqlStore,
    clock: Clock,
    wake: Wake,
    drafter: Drafter | None = None,
    channels: Mapping[str, Channel] = MappingProxyType({}),
) -> TimerLoop | None:
    """What reminds people, follows up what they wrote, and learns from them; None where there are none."""
    if desk_channel is None:
        return None
    able = {name: channel.capabilities for name, channel in channels.items()}
    work = replace(_parts(desk_channel, store, clock), channels=able)
    handoff = by_mail(handoff) if isinstance(desk_channel, MailDeskChannel) else handoff
    timers = DeskTimers(work, handoff)
    routes, numbers = make_contact_routes(channels), known_by_sender(channels)
    follow_ups = FollowUpTimers(timers.decide, work, store, routes, handoff, settings.sender_name, numbers)
    lease = max(10.0, settings.lease_seconds)
    if isinstance(desk_channel, MailDeskChannel):
        return TimerLoop(store, follow_ups.decide, wake, TimerSettings(lease=lease))
    approvals = ApprovalTimers(follow_ups.decide, _approvals(settings, work, store))
    learning = LearningTimers(
        approvals.decide, store, store, store, desk_channel.account, drafter, language=handoff.staff_locale
    )
    book, weekly = StoredGapBook(store, clock), handoff.gaps_post
    gaps = GapsPosts(learning.decide, book, store, clock, desk_channel.account, weekly, handoff.staff_locale)
    return TimerLoop(store, gaps.decide, wake, TimerSettings(lease=lease), prepare=gaps.prepare)


def make_marks(
    settings: Settings, desk_channel: DeskChannel | None, store: SqlStore, wake: Wake, election: Election
) -> DeliveryMarks | None:
    """What shows staff how their messages fared; None where there are none."""
    if desk_channel is None:
        return None
    return DeliveryMarks(store, wake, desk_channel.account, settings.desk_language, election.won)


def _approvals(settings: Settings, work: DeskParts, store: SqlStore) -> ApprovalPosts:
    return ApprovalPosts(work, store, settings.desk_language)


def by_mail(handoff: HandoffSettings) -> HandoffSettings:
    """As they hold for staff who answer by mail: a mail cannot be taken back, and reminds of itself in the inbox."""
    quiet = replace(handoff, undo_seconds=0.0, remind_seconds=0.0, owner_seconds=0.0, targets=(), gaps_post=None)
    return replace(quiet, assign=())


def _parts(desk_channel: DeskChannel, store: SqlStore, clock: Clock, agent: Responder | None = None) -> DeskParts:
    """What the desk works with."""
    return DeskParts(
        store,
        store,
        desk_channel.people,
        desk_channel,
        clock,
        store,
        agent,
        written=written_language,
        words=LastWords(store),
        only_thanks=only_thanks,
        said_besides=said_besides,
        link=None if isinstance(desk_channel, MailDeskChannel) else desk_channel.people.link_to,
        roster=None if isinstance(desk_channel, MailDeskChannel) else roster_of(desk_channel),
    )


def roster_of(desk: SlackDeskChannel) -> SlackRoster:
    """Those who are in its channels and work here."""
    from channels.slack.roster import SlackRoster  # loads slack_sdk

    people = desk.people

    async def works_here(staff_id: str) -> bool:
        membership = await people.membership(staff_id)
        if membership is Membership.UNKNOWN:
            raise Unreachable(f"Slack does not say whether {staff_id} works here.")
        return membership is Membership.STAFF and not await people.gone(staff_id)

    return SlackRoster(lambda: desk.client, desk.channel, desk.shown_in, works_here)
