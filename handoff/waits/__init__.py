"""Nobody is forgotten: timers, what customers are told while they wait, and where else they can be reached."""
