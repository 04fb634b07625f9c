"""The product's own ``config.simulation.slack_rules``, under the name that tests know."""

import sys

from config.simulation import slack_rules

sys.modules[__name__] = slack_rules
