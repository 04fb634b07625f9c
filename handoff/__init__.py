"""Where a conversation goes when a person is needed."""
