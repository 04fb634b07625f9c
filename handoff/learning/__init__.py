"""What the agent learns from staff, and what they read of what it did not know."""
