"""Files to documents: one module per kind of file, and the process that runs them."""
