"""Documents to chunks: cut along headings, sentences and table rows, within the embedding model's limit."""
