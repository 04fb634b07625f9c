"""``switchboard evaluate --conversations``: transcripts put through the agent, and what became of each sentence."""
