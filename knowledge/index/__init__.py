"""The index at rest: the manifest, its vectors in Chroma, and the run that brings both in line with the sources."""
