"""The hub itself: what a message is, who owns a conversation, and how nothing gets lost on the way."""
