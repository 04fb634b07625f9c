"""The product's own ``config.simulation.slack_fake``, under the name that tests know."""

import sys

from config.simulation import slack_fake

sys.modules[__name__] = slack_fake
