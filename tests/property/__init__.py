"""Properties that hold whatever happens, and in whatever order."""
