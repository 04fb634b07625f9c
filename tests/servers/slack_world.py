"""The product's own ``config.simulation.slack_world``, under the name that tests know."""

import sys

from config.simulation import slack_world

sys.modules[__name__] = slack_world
