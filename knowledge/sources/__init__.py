"""Where documents come from: one module per kind of source, and mirrors of what is not on this machine."""

from __future__ import annotations

from knowledge.sources.files import NOT_A_FILE, READABLE, identity_of
from knowledge.sources.options import SourceOptions, resolve
from knowledge.sources.scan import Catalog, Scan, scan

__all__ = ["NOT_A_FILE", "READABLE", "Catalog", "Scan", "SourceOptions", "identity_of", "resolve", "scan"]
