"""The project's own rules, as tests: sizes, names, imports, documentation, locks."""
