"""The path of a message through a running hub, and what it costs."""
