"""The platforms on loopback, for conversations through the real adapters without an account: ``replay`` and ``simulate``."""
