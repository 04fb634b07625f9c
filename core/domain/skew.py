"""How far clocks are trusted."""

SKEW = 60.0
"""Seconds by which the clocks of two machines may differ. A time of the past that is stored as further ahead than this was
written while a clock was wrong: it says nothing, and nobody waits for it to come."""
