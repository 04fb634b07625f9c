"""HTTP for operators and programs: health, metrics, search, the description of it all, and how errors look."""
