"""What processes that share a folder or a database have to agree about."""
