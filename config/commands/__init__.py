"""The commands of ``switchboard``, one per file."""
