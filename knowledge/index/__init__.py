"""The vectors at rest: Chroma, and the run that brings it in line with the sources."""
