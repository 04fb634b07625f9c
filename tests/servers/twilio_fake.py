"""The product's own ``config.simulation.twilio_fake``, under the name that tests know."""

import sys

from config.simulation import twilio_fake

sys.modules[__name__] = twilio_fake
