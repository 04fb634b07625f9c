"""The desk of staff who read and answer by mail."""
