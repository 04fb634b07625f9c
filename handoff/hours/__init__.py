"""When people are there: a team's weekly hours, holidays and exceptions, and its next opening in words. Pure."""

from handoff.hours.opening import human_opening
from handoff.hours.schedule import DayRule, Days, Hours, Span
from handoff.hours.setting import BadHours, parse_hours

__all__ = ["BadHours", "DayRule", "Days", "Hours", "Span", "human_opening", "parse_hours"]
