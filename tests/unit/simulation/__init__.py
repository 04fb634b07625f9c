"""What plays conversations, without a hub."""
