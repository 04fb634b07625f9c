"""What staff do in one case's thread, and what becomes of it."""
