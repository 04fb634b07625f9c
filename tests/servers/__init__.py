"""Real servers that tests start, talk to and stop: databases, a browser, test peers, and the hub itself."""
