"""Customers' files: stored outside the database, typed by content, read by a child process that can do no harm."""
